"""The container: read back by us, read by mediapipe's own schema, and attacked (tests/robustness does so by the thousand)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from builder.errors import WebFileError
from builder.formats import web_file_reader
from builder.formats.inspect_web_file import Sampling, inspect_web_file
from builder.formats.llm_parameters import LlmParameters, ModelType, TransformerParameters
from builder.formats.web_entries import TensorSpec
from builder.formats.web_file_layout import ALIGNMENT, SMALLEST_FILE, WebFileLayout
from builder.formats.web_file_reader import WebFile
from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthesize
from tests.mediapipe_schema import schema as mediapipe_schema


@pytest.fixture(scope="module")
def web_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("web") / "small.task"
    synthesize("layers=2", path, quantization=Quantization.of("4", embedding="8"))
    return path


def test_every_tensor_lies_where_an_independent_reader_finds_it(web_file: Path) -> None:
    ours = WebFile.open(web_file)
    model = mediapipe_schema.ModelT.InitFromObj(mediapipe_schema.Model.GetRootAs(web_file.read_bytes(), 0))
    [graph] = model.subgraphs
    assert not graph.operators
    theirs = {
        tensor.name.decode(): (
            tensor.type,
            int(tensor.shape[0]),
            model.buffers[tensor.buffer].offset,
            model.buffers[tensor.buffer].size,
        )
        for tensor in graph.tensors
    }
    assert theirs == {t.name: (t.type, t.size, t.offset, t.size) for t in ours.tensors.values()}
    entries = {entry.name.decode(): entry.buffer for entry in model.metadata}
    assert entries["odml.infra.LlmModelType"] == ModelType.GEMMA3_300M
    parameters = model.buffers[entries["odml.infra.proto.LlmParameters"]]
    raw = web_file.read_bytes()[parameters.offset : parameters.offset + parameters.size]
    assert LlmParameters.deserialize(raw).transformer_parameters.num_stacks == 2


def test_data_is_aligned_in_order_and_apart(web_file: Path) -> None:
    tensors = list(WebFile.open(web_file).tensors.values())
    end = 0
    for tensor in tensors:
        assert tensor.offset % ALIGNMENT == 0
        assert tensor.offset >= end
        end = tensor.offset + tensor.size


def test_a_small_model_is_padded_to_what_the_engine_accepts() -> None:
    layout = WebFileLayout.of(ModelType.GEMMA3_1B, LlmParameters(), b"t", [TensorSpec("a", 0, 4)], {})
    assert layout.size == SMALLEST_FILE


def test_any_model_type_is_a_valid_index_of_the_buffers() -> None:
    layout = WebFileLayout.of(ModelType.TF_LITE, LlmParameters(), b"t", [TensorSpec("a", 0, 4)], {})
    model = mediapipe_schema.Model.GetRootAs(layout.header, 0)
    assert model.BuffersLength() > ModelType.TF_LITE


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "0 bytes"),
        (b"abc", "3 bytes"),
        (b"\x00\x00\x00\x00PK\x03\x04", "a zip .task"),
        (b"LITERTLM\x01", "a .litertlm"),
        (b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a git-lfs pointer"),
        (b"GGUF\x03\x00\x00\x00", "a GGUF model"),
    ],
)
def test_other_files_are_told_apart(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(WebFileError, match=f"expected TFL3 at byte 4, found {found}"):
        WebFile.open(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path / "none.task", "is missing"),
        (tmp_path, "it is a folder"),
        (tmp_path / "pipe", "it is not a regular file"),
        (Path("/dev/zero"), "it is not a regular file"),
    ):
        with pytest.raises(WebFileError, match=f"{path} .*{message}"):
            WebFile.open(path)


@pytest.mark.parametrize("keep", [8, 100, 5000, 40_000, 300_000])
def test_a_cut_file_is_refused(web_file: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.task"
    path.write_bytes(web_file.read_bytes()[:keep])
    with pytest.raises(WebFileError, match=r"cut short|damaged header"):
        WebFile.open(path)


def parameters(**changes: float) -> LlmParameters:
    ones = dict.fromkeys(
        ("embedding_dim", "hidden_dimension", "head_dimension", "num_heads", "num_kv_heads", "num_stacks"), 1
    )
    return LlmParameters(vocab_size=4, transformer_parameters=TransformerParameters(**ones | changes))


def header_with(
    tmp_path: Path, tensors: list[TensorSpec], made: LlmParameters | None = None, notes: dict[str, Any] | None = None
) -> Path:
    layout = WebFileLayout.of(ModelType.GEMMA3_1B, made or parameters(), b"tok", tensors, notes or {})
    data = bytearray(layout.size)
    data[: len(layout.header)] = layout.header
    for offset, blob in layout.blobs:
        data[offset : offset + len(blob)] = blob
    path = tmp_path / "made.task"
    path.write_bytes(data)
    return path


def test_two_tensors_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WebFileError, match="two tensors named a"):
        WebFile.open(header_with(tmp_path, [TensorSpec("a", 0, 4), TensorSpec("a", 0, 4)]))


@pytest.mark.parametrize("name", ["", "a\x1b[31mb", "x" * 300])
def test_names_that_could_harm_a_terminal_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WebFileError, match="name"):
        WebFile.open(header_with(tmp_path, [TensorSpec(name, 0, 4)]))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (parameters(num_stacks=0), "num_stacks is 0"),
        (parameters(num_heads=-3), "num_heads is -3"),
        (parameters(embedding_dim=1 << 30), "embedding_dim is 1073741824"),
        (parameters(global_rope_wavelength=float("inf")), "global_rope_wavelength is inf"),
        (parameters(global_rope_wavelength=float("nan")), "global_rope_wavelength is nan"),
        (LlmParameters(parameters(), start_token_id=4), "start and stop ids"),
        (LlmParameters(parameters(), stop_token_ids=[-1]), "start and stop ids"),
        (LlmParameters(parameters(), stop_token_ids=[1] * 1000), "start and stop ids"),
    ],
)
def test_parameters_that_no_model_has_are_refused(tmp_path: Path, made: LlmParameters, message: str) -> None:
    with pytest.raises(WebFileError, match=message):
        WebFile.open(header_with(tmp_path, [TensorSpec("a", 0, 4)], made))


@pytest.mark.parametrize(
    "notes",
    [
        {"written_by": "\ud800"},
        {"written_by": "x\x1b[31m\nrow"},
        {"conversion": {"checkpoint": "x\x1b[2J", "merged": 5, "scale": "m" * 999, "other": "said"}},
        {"conversion": ["checkpoint"]},
        {"written_by": 5, "context_length": "x", "temperature": [], "top_k": -1},
        {"context_length": 1e300, "temperature": float("nan"), "top_k": True},
    ],
)
def test_notes_that_are_nonsense_are_passed_over(tmp_path: Path, notes: dict[str, Any]) -> None:
    facts = inspect_web_file(header_with(tmp_path, [TensorSpec("a", 0, 4)], notes=notes))
    assert (facts.written_by, facts.context_length, facts.conversion) == (None, None, {})
    assert facts.sampling == Sampling(None, None)


@pytest.mark.parametrize(
    ("tensors", "taken"),
    [
        (["a"], ("text",)),
        (["image_encoder"], ("text",)),
        (["image_encoder", "image_adapter"], ("text", "image")),
        (["params.audio.transformer.feature.input_proj.w"], ("text", "audio")),
        (["image_adapter", "params.audio.x", "image_encoder"], ("text", "image", "audio")),
    ],
)
def test_the_tensors_tell_what_goes_into_the_model(tmp_path: Path, tensors: list[str], taken: tuple[str, ...]) -> None:
    path = header_with(tmp_path, [TensorSpec(name, 0, 4) for name in tensors])
    assert inspect_web_file(path).modalities == taken


def test_parts_that_overlap_are_refused(tmp_path: Path) -> None:
    path = header_with(tmp_path, [TensorSpec("a", 0, 4)])
    tokenizer = WebFile.open(path).tokenizer_offset
    data = bytearray(path.read_bytes())
    at = data.find(tokenizer.to_bytes(8, "little"))
    data[at : at + 8] = (tokenizer - 256).to_bytes(8, "little")  # where the parameters are
    path.write_bytes(data)
    with pytest.raises(WebFileError, match="in the same place"):
        WebFile.open(path)


def test_a_graph_with_operators_is_told_apart(tmp_path: Path) -> None:
    model = mediapipe_schema.ModelT()
    model.version = 3
    graph = mediapipe_schema.SubGraphT()
    graph.operators = [mediapipe_schema.OperatorT()]
    model.subgraphs = [graph]
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = tmp_path / "graph.tflite"
    path.write_bytes(bytes(builder.Output()))
    with pytest.raises(WebFileError, match="is a LiteRT graph with 1 operators"):
        WebFile.open(path)


def test_absurd_counts_are_refused_before_anything_is_allocated(
    web_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_file_reader, "MAX_TENSORS", 3)
    with pytest.raises(WebFileError, match=r"says it has .* tensors: expected at most 3"):
        WebFile.open(web_file)
