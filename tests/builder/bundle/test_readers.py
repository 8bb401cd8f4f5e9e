"""Bundles and graphs read back, and attacked: each lie that a container can tell. Random ones: tests/robustness."""

from __future__ import annotations

import dataclasses
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import flatbuffers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litert_lm_builder import litertlm_header_schema_py_generated as schema
from litert_lm_builder.litertlm_builder import DType, Metadata, TfLiteModelType

from builder.bundle import Source, web_source, write_litertlm, write_task
from builder.bundle.litertlm import llm_metadata
from builder.errors import ModelFileError
from builder.files.untrusted import DamagedError, opened
from builder.formats.flatbuffer import root_table
from builder.formats.inspect_model import BundleFacts, GraphFacts, check_model, inspect_model
from builder.formats.inspect_web_file import WebFileFacts
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.litertlm_reader import Section as Part
from builder.formats.llm_metadata import LlmMetadata, Settings
from builder.formats.llm_parameters import LlmParameters
from builder.formats.task_reader import CENTRAL, END, TaskFile
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import PICTURES, TensorEntry
from tests.graphs import CONTEXT, VOCABULARY, write_graph
from tests.mediapipe_schema import schema as tflite

NAMES = ("TF_LITE_PREFILL_DECODE", "TOKENIZER_MODEL", "METADATA")

TOWERS = tuple(
    Part("TFLiteModel", 0, 1, {"model_type": kind.value})
    for kind in (TfLiteModelType.AUDIO_ENCODER_HW, TfLiteModelType.VISION_ENCODER)
)


@pytest.fixture(scope="module")
def bundles(
    tmp_path_factory: pytest.TempPathFactory, web_file: Path, graph: Source, graph_file: Path
) -> dict[str, Path]:
    """A sound file of each format."""
    folder = tmp_path_factory.mktemp("bundles")
    write_task(folder / "graph.task", graph)
    write_litertlm(folder / "graph.litertlm", graph)
    write_litertlm(folder / "web.litertlm", web_source(web_file))
    return {path.name: path for path in folder.iterdir()} | {"graph.tflite": graph_file}


def test_every_format_says_what_was_put_in(bundles: dict[str, Path]) -> None:
    graph, task, lm, web = (
        inspect_model(bundles[name]) for name in ("graph.tflite", "graph.task", "graph.litertlm", "web.litertlm")
    )
    assert isinstance(graph, GraphFacts) and graph.problem is None
    assert (graph.context_length, graph.layers, graph.vocabulary, graph.quantization) == (
        CONTEXT,
        2,
        VOCABULARY,
        "int8",
    )
    assert (graph.prefill_lengths, graph.parameters, graph.operators) == ([8, 32], 4096, 3)
    assert isinstance(task, BundleFacts) and isinstance(lm, BundleFacts) and isinstance(web, BundleFacts)
    assert [section.name for section in task.sections] == list(NAMES)
    assert (task.tokens.start_token, task.tokens.stop_tokens) == ("<bos>", ["<eos>", "<end_of_turn>"])
    assert (lm.tokens.start_id, lm.tokens.stop_ids, lm.family, lm.backend) == (2, [1, 5], "gemma3", None)
    assert task.prompt_template == lm.prompt_template == web.prompt_template
    assert (
        web.backend == "gpu_artisan" and isinstance(web.model, WebFileFacts) and web.model.dimensions["num_stacks"] == 2
    )
    assert all(f.context_length == CONTEXT for f in (task, lm))


def test_the_web_file_in_a_bundle_is_where_its_tensors_say(bundles: dict[str, Path], web_file: Path) -> None:
    inside, alone = (inspect_model(path) for path in (bundles["web.litertlm"], web_file))
    assert (
        isinstance(inside, BundleFacts) and isinstance(inside.model, WebFileFacts) and isinstance(alone, WebFileFacts)
    )
    base = inside.sections[-1].offset
    assert [(t.name, t.offset - base) for t in inside.model.tensors] == [(t.name, t.offset) for t in alone.tensors]
    file = LitertlmFile.open(bundles["web.litertlm"])
    assert file.model.tokenizer() == web_source(web_file).tokenizer.model


# zip


def zip_of(path: Path, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None], parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        change(archive, parts)
    return path


def write_all(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
    for name, content in parts.items():
        archive.writestr(name, content)


@pytest.fixture
def parts(graph_file: Path) -> dict[str, bytes]:
    return {
        NAMES[0]: graph_file.read_bytes(),
        NAMES[1]: b"tokenizer",
        NAMES[2]: LlmParameters.serialize(LlmParameters()),
    }


def refused(path: Path, message: str) -> None:
    with pytest.raises(ModelFileError, match=message) as caught:
        check_model(path)
    assert str(path) in str(caught.value) and len(str(caught.value)) < 2000


def test_the_zips_of_others_are_read(tmp_path: Path, parts: dict[str, bytes]) -> None:
    """Python's, MediaPipe's (zeros before each header) and streamed ones (sizes after the content)."""
    from mediapipe.tasks.python.metadata.metadata_writers import model_asset_bundle_utils

    facts = check_model(zip_of(tmp_path / "python.task", write_all, parts))
    assert isinstance(facts, BundleFacts) and facts.problem
    assert "first PK at byte 0: the web task looks for it at byte 4" in facts.problem
    model_asset_bundle_utils.create_model_asset_bundle(parts, str(tmp_path / "mediapipe.task"))
    assert (tmp_path / "mediapipe.task").read_bytes()[:1] == b"\0"
    assert list(TaskFile.open(tmp_path / "mediapipe.task").entries) == list(NAMES)
    facts = check_model(tmp_path / "mediapipe.task")
    assert isinstance(facts, BundleFacts) and facts.problem is None

    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    streamed = Unseekable()
    with zipfile.ZipFile(streamed, "w") as archive:
        write_all(archive, parts)
    (tmp_path / "streamed.task").write_bytes(streamed.getvalue())
    check_model(tmp_path / "streamed.task")


def test_zip64_is_read_where_it_is_needed(tmp_path: Path, parts: dict[str, bytes]) -> None:
    def change(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
        for name, content in parts.items():
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(content)

    path = zip_of(tmp_path / "zip64.task", change, parts)
    check_model(path)
    big = tmp_path / "big.task"  # sparse: the last entry's header lies beyond 4 GiB
    with big.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name in NAMES[:2]:
            archive.writestr(name, parts[name])
        file.seek((1 << 32) + 4096)
        archive.start_dir = file.tell()
        archive.writestr(NAMES[2], parts[NAMES[2]])
    assert TaskFile.open(big).entries["METADATA"].offset > 1 << 32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, p: write_all(a, {k: v for k, v in p.items() if k != "METADATA"}), "it has no METADATA"),
        (lambda a, p: write_all(a, {"face_landmarks_detector.tflite": b"x"}), "is not a bundle of a language model"),
        (lambda a, p: write_all(a, {f"entry {i}": b"" for i in range(65)}), "says it has 65 entries"),
        (lambda a, p: write_all(a, p | {"x\x1b[31m": b""}), "without a usable name"),
        (lambda a, p: write_all(a, p | {"METADATA": b"\xff" * 9}), "is not a LlmParameters"),
        (lambda a, p: write_all(a, p | {"METADATA": b"*\0" * 65}), "has 65 stop tokens"),
        (lambda a, p: write_all(a, p | {"METADATA": bytes((1 << 20) + 1)}), "1,048,577 bytes of METADATA"),
        (lambda a, p: write_all(a, p | {"TF_LITE_PREFILL_DECODE": b"<html>  "}), "not a LiteRT graph"),
        (lambda a, p: [a.writestr(k, v, zipfile.ZIP_DEFLATED) for k, v in p.items()], "compressed or encrypted"),
        (lambda a, p: setattr(a, "comment", b"hello") or write_all(a, p), "does not end with a zip's end record"),
    ],
)  # fmt: skip
def test_zips_that_are_no_model_are_refused(
    tmp_path: Path, parts: dict[str, bytes], change: Callable[..., None], message: str
) -> None:
    refused(zip_of(tmp_path / "made.task", change, parts), message)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path: Path, parts: dict[str, bytes]) -> None:
    def change(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
        write_all(archive, parts)
        archive.writestr("METADATA", b"")

    refused(zip_of(tmp_path / "made.task", change, parts), "two entries named METADATA")


@pytest.mark.parametrize("name", ["../../x", "/x", "a/../x", "a//x", "C:x", "..\\x", "a/.", ".."])
def test_names_that_lead_out_of_a_folder_are_refused(tmp_path: Path, parts: dict[str, bytes], name: str) -> None:
    path = zip_of(tmp_path / "m.task", write_all, parts | {name: b"x"})
    refused(path, r"which would lead out of the folder")
    assert "embedder/x" in TaskFile.open(zip_of(tmp_path / "n.task", write_all, parts | {"embedder/x": b"x"})).entries


def central(data: bytes | bytearray, index: int) -> int:
    """Where the directory's entry of a number is."""
    at = END.unpack_from(data, len(data) - END.size)[6]
    for _ in range(index):
        fields = CENTRAL.unpack_from(data, at)
        at += CENTRAL.size + fields[10] + fields[11] + fields[12]
    return at


def put(at: Callable[[bytearray], int], value: bytes) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        position = at(data)
        data[position : position + len(value)] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        # offsets in a central entry: flags 8, method 10, crc 16, packed 20, size 24, header 42; in the end record: entries 10, size 12, offset 16
        (put(lambda d: central(d, 1) + 42, bytes(4)), "has different headers for TOKENIZER_MODEL in its directory|in the same place"),
        (put(lambda d: central(d, 0) + 20, struct.pack("<II", 1 << 31, 1 << 31)), "has different headers for"),
        (put(lambda d: central(d, 0) + 8, b"\1"), "compressed or encrypted"),
        (put(lambda d: central(d, 2) + 42, b"\xff\xff\xff\x7f"), "points to byte"),
        (put(lambda d: central(d, 2) + 42, b"\xff\xff\xff\xff"), "zip64 sizes are missing"),
        (put(lambda d: d.rindex(b"METADATA"), b"METADATB"), "has different names for METADATB"),
        (put(lambda d: len(d) - END.size + 12, b"\xff\xff\xff\x7f"), "says it has 3 entries in 2,147,483,647"),
        (put(lambda d: len(d) - END.size + 16, b"\0\0\0\0"), "between its directory and its end"),
        (put(lambda d: len(d) - END.size + 8, b"\2\0\2\0"), "of which its entries take"),
        (put(lambda d: len(d) - END.size + 8, b"\4\0\4\0"), "cut short"),
        (put(lambda d: len(d) - END.size + 8, b"\xff\xff\xff\xff"), "zip64 end record is invalid"),
        (put(lambda d: len(d) - END.size + 4, b"\1"), "in several files"),
        (put(lambda d: d.index(bytes(range(100, 150))), b"\xff"), "has checksum"),
        (lambda d: d.extend(b"\0"), "does not end with"),
        (lambda d: d.__delitem__(slice(len(d) // 2, None)), "does not end with"),
    ],
)  # fmt: skip
def test_zips_that_contradict_themselves_are_refused(
    bundles: dict[str, Path], tmp_path: Path, change: Callable[[bytearray], None], message: str
) -> None:
    data = bytearray(bundles["graph.task"].read_bytes())
    change(data)
    path = tmp_path / "made.task"
    path.write_bytes(data)
    refused(path, message)


def test_an_entry_inside_another_is_refused(tmp_path: Path, parts: dict[str, bytes]) -> None:
    """Python 3.11's zipfile reads such a zip without a word: the tokenizer's whole header lies within the graph."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(NAMES[1], parts[NAMES[1]])
    local = inner.getvalue()[: inner.getvalue().index(b"PK\x01\x02")]
    path = zip_of(tmp_path / "made.task", write_all, parts | {NAMES[0]: parts[NAMES[0]] + local})
    data = bytearray(path.read_bytes())
    put(lambda d: central(d, 1) + 42, struct.pack("<I", data.index(local)))(data)
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive:
        assert archive.read(NAMES[1]) == parts[NAMES[1]]
    refused(path, "has TF_LITE_PREFILL_DECODE and TOKENIZER_MODEL in the same place")


# .litertlm

Section = tuple[int, int, int, dict[str, str]]
"""Kind, begin, end, items."""


def litertlm(path: Path, sections: list[Section], size: int, content: dict[int, bytes] | None = None) -> Path:
    """A file with a header that says whatever it is told to."""
    header = schema.LiteRTLMMetaDataT(
        systemMetadata=schema.SystemMetadataT(entries=[]),
        sectionMetadata=schema.SectionMetadataT(
            objects=[
                schema.SectionObjectT(
                    items=[Metadata(k, v, DType.STRING).to_key_value_pair() for k, v in items.items()],
                    dataType=kind,
                    beginOffset=begin,
                    endOffset=end,
                )
                for kind, begin, end, items in sections
            ]
        ),
    )
    b = flatbuffers.Builder(1024)
    b.Finish(header.Pack(b))
    packed = bytes(b.Output())
    start = b"LITERTLM" + struct.pack("<IIIIQ", 1, 7, 0, 0, 32 + len(packed)) + packed
    data = bytearray(size)
    data[: len(start)] = start
    for offset, piece in (content or {16384: b"\x28\x01"}).items():
        data[offset : offset + len(piece)] = piece
    path.write_bytes(data)
    return path


META = (5, 16384, 16386, {})
MODEL = (3, 32768, 40960, {"model_type": "tf_lite_prefill_decode"})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ([], "expected one section LlmMetadataProto, found 0"),
        ([META, (5, 20000, 20001, {})], "expected one section LlmMetadataProto, found 2"),
        ([META], "no text decoder among its 1 sections"),
        ([META, (3, 32768, 40960, {"model_type": "tf_lite_embedder"})], "no text decoder among its 2 sections"),
        ([META, (3, 32768, 1 << 40, MODEL[3])], "is cut short: a section should end at byte 1,099,511,627,776"),
        ([META, (3, 16385, 40960, MODEL[3])], "has LlmMetadataProto and TFLiteModel in the same place"),
        ([META, MODEL, (1, 33000, 34000, {})], "has TFLiteModel and GenericBinaryData in the same place"),
        ([META, (3, 40960, 32768, MODEL[3])], "a section from byte 40,960 to 32,768"),
        ([META, (3, 16, 40960, MODEL[3])], "a section from byte 16 to 40,960"),
        ([META, MODEL], "is not a LiteRT graph"),
        ([META, (3, 32768, 32770, MODEL[3])], "points to byte 4 of 2"),
        ([META, (3, 32768, 40960, {"model_type": "tf_lite_artisan_text_decoder"})], "is not a web model file"),
        ([(5, 16384, 16384 + (2 << 20), {}), (3, 3 << 20, 4 << 20, MODEL[3])], "2,097,152 bytes of LlmMetadataProto"),
        ([META, (3, 32768, 40960, {"model_type": "\x1b[31m"})], "control characters"),
        ([META, (3, 32768, 40960, {"x" * 5000: "y"})], "a text of 5,000 bytes"),
        ([META, (3, 32768, 40960, {f"k{i}": "v" for i in range(65)})], "says it has 65 entries"),
        ([(1, 50000 + i, 50001 + i, {}) for i in range(257)], "says it has 257 sections"),
    ],
)  # fmt: skip
def test_headers_that_lie_are_refused(tmp_path: Path, sections: list[Section], message: str) -> None:
    refused(litertlm(tmp_path / "made.litertlm", sections, 8 << 20), message)


def test_metadata_that_is_none_is_refused(tmp_path: Path) -> None:
    refused(
        litertlm(tmp_path / "a.litertlm", [META, MODEL], 65536, {16384: b"\xff" * 2}),
        "LlmMetadataProto that is not a LlmMetadata",
    )
    stops = b"\x12\0" * 65
    refused(
        litertlm(tmp_path / "b.litertlm", [(5, 16384, 16384 + len(stops), {}), MODEL], 65536, {16384: stops}),
        "has 65 stop tokens",
    )


@pytest.mark.parametrize("end", [0, 31, 32, 1 << 30, (1 << 64) - 1])
def test_a_header_that_ends_nowhere_is_refused(bundles: dict[str, Path], tmp_path: Path, end: int) -> None:
    data = bytearray(bundles["graph.litertlm"].read_bytes())
    data[24:32] = end.to_bytes(8, "little")
    (tmp_path / "made.litertlm").write_bytes(data)
    refused(tmp_path / "made.litertlm", "says its header ends at byte")


def test_our_metadata_keeps_what_others_wrote(graph: Source) -> None:
    """Fields that onpage does not know survive; the oneof of the model's type says one family."""
    data = LlmMetadata.serialize(llm_metadata(graph)) + b"\x7a\x02hi"
    assert LlmMetadata.serialize(LlmMetadata.deserialize(data)) == data
    metadata = LlmMetadata.deserialize(data)
    metadata.llm_model_type.gemma4 = Settings()
    assert LlmMetadata.pb(metadata).llm_model_type.WhichOneof("model_type") == "gemma4"


# graphs


def test_a_buffer_behind_the_end_is_refused(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "graph.tflite")
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(path.read_bytes(), 0))
    model.buffers[1].data = None
    for offset, size, message in ((5000, 1 << 50, "should end at byte"), ((1 << 64) - 8, 16, "should end at byte")):
        model.buffers[1].offset, model.buffers[1].size = offset, size
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        refused(path, message)


@pytest.mark.parametrize("keep", [12, 60, 400, 5000])
def test_a_cut_graph_is_refused(graph_file: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(graph_file.read_bytes()[:keep])
    refused(path, "cut short|damaged")


def test_a_graph_of_something_else_is_shown_with_the_reason(tmp_path: Path) -> None:
    facts = inspect_model(write_graph(tmp_path / "other.tflite", {"serving_default": ({}, {})}))
    assert isinstance(facts, GraphFacts) and facts.problem == "has the signatures serving_default"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_damaged(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(data)
    with pytest.raises(ModelFileError), opened(path) as window:
        try:
            root_table(window).numbers(0, struct.Struct("<i"), 10, "numbers")
        except DamagedError:
            raise
        raise DamagedError("was read")


def test_counts_that_no_model_has_are_refused(tmp_path: Path) -> None:
    many = {f"input {i}": (0, [1]) for i in range(513)}
    for signatures, message in (
        ({"decode": (many, {})}, "says it has 513 inputs or outputs: expected at most 512"),
        ({f"prefill_{i}": ({}, {}) for i in range(33)}, "says it has 33 signatures: expected at most 32"),
    ):
        refused(write_graph(tmp_path / "graph.tflite", signatures), message)


def test_the_encoders_beside_a_graph_tell_what_goes_into_the_model(tmp_path: Path, graph: Source) -> None:
    output = tmp_path / "model.litertlm"
    write_litertlm(output, graph)
    file = LitertlmFile.open(output)
    assert file.modalities == inspect_model(output).modalities == ("text",)
    assert dataclasses.replace(file, sections=(*file.sections, *TOWERS)).modalities == ("text", "image", "audio")


def test_the_encoders_beside_a_web_file_tell_nothing_since_the_engine_looks_for_tensors(
    tmp_path: Path, web_file: Path
) -> None:
    output = tmp_path / "model.litertlm"
    write_litertlm(output, web_source(web_file))
    file = LitertlmFile.open(output)
    assert dataclasses.replace(file, sections=(*file.sections, *TOWERS)).modalities == ("text",)
    assert isinstance(file.model, WebFile)
    tensors = file.model.tensors | {name: TensorEntry(name, 0, 1, 0) for name in PICTURES}
    sees = dataclasses.replace(file, model=dataclasses.replace(file.model, tensors=tensors))
    assert sees.modalities == ("text", "image")
