"""`.litertlm` as the library's own reader sees it, next to what its own builder writes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from litert_lm_builder import LitertLmFileBuilder, litertlm_peek
from litert_lm_builder import litertlm_header_schema_py_generated as schema
from litert_lm_builder.litertlm_builder import TfLiteModelType
from litert_lm_builder.runtime.proto import llm_metadata_pb2

from builder.bundle import Source, web_source, write_litertlm
from builder.files.digest import sha256_of
from builder.formats.inspect_model import inspect_model
from builder.formats.inspect_web_file import Sampling
from builder.formats.litertlm_reader import LitertlmFile


def sections(path: Path) -> list[tuple[int, int, int, dict[str, str]]]:
    """(kind, begin, end, items) of each section, by the library's reader."""
    header = litertlm_peek.read_litertlm_header(str(path), io.StringIO()).SectionMetadata()
    return [
        (s.DataType(), s.BeginOffset(), s.EndOffset(), items(s.Items, s.ItemsLength()))
        for s in map(header.Objects, range(header.ObjectsLength()))
    ]


def items(entry: Any, count: int) -> dict[str, str]:
    found = {}
    for item in map(entry, range(count)):
        value = schema.StringValue()
        value.Init(item.Value().Bytes, item.Value().Pos)
        found[item.Key().decode()] = value.Value().decode()
    return found


def metadata(path: Path) -> Any:
    [(_, begin, end, _)] = [s for s in sections(path) if s[0] == schema.AnySectionDataType.LlmMetadataProto]
    return llm_metadata_pb2.LlmMetadata.FromString(path.read_bytes()[begin:end])


def test_a_web_file_becomes_the_decoder_that_the_engine_brings_itself(web_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "small.litertlm"
    source = web_source(web_file)
    written = write_litertlm(output, source)
    assert (written.size, written.sha256) == (output.stat().st_size, sha256_of(output))
    *_, (kind, begin, end, said) = sections(output)
    assert kind == schema.AnySectionDataType.TFLiteModel
    assert said == {"model_type": "tf_lite_artisan_text_decoder", "backend_constraint": "gpu_artisan"}
    assert output.read_bytes()[begin:end] == web_file.read_bytes()
    said = metadata(output)
    assert said.start_token.token_ids.ids == [2]
    assert [stop.token_ids.ids for stop in said.stop_tokens] == [[1], [5]]
    assert said.llm_model_type.WhichOneof("model_type") == "gemma3"
    assert said.prompt_templates.user.prefix == "<start_of_turn>user\n"
    assert said.prompt_templates.model.prefix == "<start_of_turn>model\n"
    assert not said.prompt_templates.HasField("system")
    assert said.max_num_tokens == 2048


def test_a_graph_has_the_sections_that_the_library_writes(graph: Source, graph_file: Path, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.litertlm", tmp_path / "theirs.litertlm"
    write_litertlm(ours, graph)
    (tmp_path / "metadata").write_bytes(metadata(ours).SerializeToString())
    builder = LitertLmFileBuilder()
    builder.add_llm_metadata(str(tmp_path / "metadata"))
    builder.add_sentencepiece_tokenizer(str(graph.tokenizer.path))
    builder.add_tflite_model(str(graph_file), TfLiteModelType.PREFILL_DECODE)
    with theirs.open("wb") as file:
        builder.build(file, validate_metadata=True)
    assert sections(ours) == sections(theirs)
    assert ours.read_bytes()[16384:] == theirs.read_bytes()[16384:]
    assert ours.read_bytes()[:24] == theirs.read_bytes()[:24]


def test_the_same_parts_give_the_same_bytes(web_file: Path, graph: Source, tmp_path: Path) -> None:
    first, again = (write_litertlm(tmp_path / name, web_source(web_file)) for name in ("a", "b"))
    assert first.sha256 == again.sha256
    other = write_litertlm(tmp_path / "c", graph)
    assert LitertlmFile.open(tmp_path / "a").system["uuid"] != LitertlmFile.open(other.path).system["uuid"]


def test_the_recommended_sampling_goes_along(graph: Source, tmp_path: Path) -> None:
    write_litertlm(tmp_path / "said.litertlm", replace(graph, sampling=Sampling(0.25, 8)))
    sampler = metadata(tmp_path / "said.litertlm").sampler_params
    # TOP_P with all of the probability: the only type that every backend has
    assert (sampler.type, sampler.k, sampler.p, sampler.temperature) == (sampler.TOP_P, 8, 1.0, 0.25)
    for temperature in (0.3, 0.675, 1e-6):
        write_litertlm(tmp_path / "said.litertlm", replace(graph, sampling=Sampling(temperature, 8)))
        assert inspect_model(tmp_path / "said.litertlm").sampling == Sampling(temperature, 8)
    write_litertlm(tmp_path / "unsaid.litertlm", graph)
    assert not metadata(tmp_path / "unsaid.litertlm").HasField("sampler_params")
