"""Estimates against files that we write, and against those that are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner

from builder.bundle import web_source, write_litertlm
from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError, UnsupportedModel
from builder.estimate import Limits, estimate
from builder.estimate.source import AS_PUBLISHED
from builder.formats.web_entries import TensorSpec
from builder.formats.web_model import PerLayerTables
from builder.lora.adapter_file import convert_adapter
from builder.model.catalog import PublishedModel, published
from builder.model.shapes import shapes
from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthesize
from onpage.command import cli
from tests.adapters import write_adapter
from tests.builder.formats.test_web_file import header_with
from tests.checkpoints import (
    gemma1_config,
    gemma2_config,
    gemma3_config,
    gemma3n_config,
    gemma4_config,
    write_checkpoint,
)
from tests.goldens.cases import EXPERTS
from tests.llama_checkpoints import write_llama

QUANTIZATIONS = {
    "int8": Quantization.of("8"),
    "int4": Quantization.of("4"),
    "q4_0": Quantization.of("q4_0"),
    "mixed": Quantization.of("4", embedding="8", feedforward="q4_0"),
}
LARGE = "hidden=256,ffn=1024,layers=8,heads=8,kv=2,head=64,vocab=20000"


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
@pytest.mark.parametrize("shape", ["layers=2", LARGE])
def test_the_download_is_the_size_of_the_file_to_the_byte(shape: str, quantization: str, tmp_path: Path) -> None:
    scheme = QUANTIZATIONS[quantization]
    written = synthesize(shape, tmp_path / "m.task", quantization=scheme)
    found = estimate(shape, scheme)
    assert found.download == written.size
    assert found.parameters == written.parameters
    if quantization in ("int8", "int4", "q4_0"):
        assert next(row for row in found.table if row.name == quantization).download == written.size


@pytest.mark.parametrize(
    "config",
    [
        gemma1_config(),
        gemma2_config(),
        gemma3_config(),
        gemma4_config(),
        gemma4_config(hidden_size_per_layer_input=32, vocab_size_per_layer_input=4096, num_kv_shared_layers=3),
        gemma4_config(**EXPERTS),
    ],
    ids=["gemma1", "gemma2", "gemma3", "gemma4", "gemma4-per-layer", "gemma4-experts"],
)
def test_a_checkpoint_is_estimated_as_it_is_converted(config: dict[str, Any], tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", config)
    written = convert_checkpoint(folder, tmp_path / "m.task", quantization=QUANTIZATIONS["mixed"])
    before, after = estimate(str(folder), QUANTIZATIONS["mixed"], 1024), estimate(str(written.path), None, 1024)
    assert before.download == after.download == written.size
    assert before.memory == after.memory
    assert before.approximate is after.approximate is None


@pytest.mark.parametrize(
    "model", [m for m in published().values() if m.size and m.quantization in AS_PUBLISHED and "3n" not in m.id]
)
def test_published_sizes_are_what_the_formula_makes(model: PublishedModel) -> None:
    assert model.quantization
    found = estimate(model.family.architecture, AS_PUBLISHED[model.quantization])
    assert found.download == pytest.approx(model.size, rel=0.005 if model.size_is_approximate else 0.001)


def test_every_shape_and_published_model_can_be_estimated() -> None:
    one_of_each = {model.family.architecture: model.id for model in published().values()}
    for name in {*(shape.id for shape in shapes().values()), *one_of_each.values()}:
        found = estimate(name)
        assert found.memory.total > found.memory.weights > 0
        assert found.memory.kv_cache > 0
        assert bool(found.approximate) == ("3n" in name or "gemma4-e" in name)


def test_a_checkpoint_of_gemma_3n_is_estimated_as_it_is_converted(tmp_path: Path) -> None:
    """Its file; the memory is said to be approximate, because it was not measured."""
    folder = write_checkpoint(tmp_path / "c", gemma3n_config())
    written = convert_checkpoint(folder, tmp_path / "m.task", quantization=QUANTIZATIONS["mixed"])
    before, after = estimate(str(folder), QUANTIZATIONS["mixed"], 1024), estimate(str(written.path), None, 1024)
    assert before.download == after.download == written.size
    assert before.memory == after.memory
    assert before.approximate == after.approximate
    assert "not measured" in (before.approximate or "")


def test_a_checkpoint_of_gemma_3n_is_estimated_as_its_shape(tmp_path: Path) -> None:
    """Its own config.json has the text part inside, and lists where the shape has one number."""
    shape = dict(shapes()["gemma3n-e2b"].config)
    layers, period = shape["num_hidden_layers"], shape.pop("sliding_window_pattern")
    shape["intermediate_size"] = [shape["intermediate_size"]] * layers
    shape["layer_types"] = ["full_attention" if (i + 1) % period == 0 else "sliding_attention" for i in range(layers)]
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gemma3n", "text_config": shape}))
    found, expected = estimate(str(tmp_path)), estimate("gemma3n-e2b")
    assert (found.download, found.memory) == (expected.download, expected.memory)
    shape["layer_types"].pop()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gemma3n", "text_config": shape}))
    with pytest.raises(OnpageError, match="it must name each of the 30 layers"):
        estimate(str(tmp_path))


def test_tables_on_demand_have_no_scales_of_blocks(tmp_path: Path) -> None:
    config = gemma4_config(hidden_size_per_layer_input=64, vocab_size_per_layer_input=4096)
    folder = write_checkpoint(tmp_path / "c", config)
    written = convert_checkpoint(folder, tmp_path / "m.task", quantization=QUANTIZATIONS["q4_0"])
    found = estimate(str(folder), QUANTIZATIONS["q4_0"])
    assert (found.download, found.memory.on_demand) == (written.size, written.on_demand)
    assert written.on_demand == 6 * 4096 * (32 + 2 * 4)


def test_tables_on_demand_are_not_the_gpus(tmp_path: Path) -> None:
    config = gemma4_config(hidden_size_per_layer_input=32, vocab_size_per_layer_input=4096, num_kv_shared_layers=3)
    folder = write_checkpoint(tmp_path / "c", config)
    memories = []
    for tables in get_args(PerLayerTables):
        written = convert_checkpoint(folder, tmp_path / "m.task", tables=tables)
        memories.append(estimate(str(written.path), context=1024).memory)
        assert memories[-1].on_demand == written.on_demand
    on_demand, static = memories
    assert on_demand == estimate(str(folder), context=1024).memory
    assert on_demand.on_demand == static.total - on_demand.total == static.weights - on_demand.weights
    assert (static.on_demand, on_demand.kv_cache) == (0, static.kv_cache)
    assert on_demand.on_demand == 6 * 4096 * (32 + 2 * 4)


def test_twice_the_context_takes_twice_the_cache() -> None:
    one, two = (estimate("gemma3-1b", context=context).memory for context in (2048, 4096))
    assert two.kv_cache == 2 * one.kv_cache == 2 * 26 * 2048 * 256 * 2 * 4
    assert (two.weights, two.total > one.total) == (one.weights, True)


def test_a_context_beyond_the_models_own_is_refused() -> None:
    assert estimate("gemma-2b", context=8192).context == 8192
    with pytest.raises(OnpageError, match="made for 8,192 tokens"):
        estimate("gemma-2b", context=8193)


def test_limits_are_enough_to_the_byte() -> None:
    memory = estimate("gemma3-1b").memory
    for limits, enough in (
        (Limits(), None),
        (Limits(memory.total), True),
        (Limits(memory.total - 1), False),
        (Limits(None, memory.largest), True),
        (Limits(None, memory.largest - 1), False),
        (Limits(memory.total, memory.largest - 1), False),
    ):
        assert estimate("gemma3-1b", limits=limits).enough is enough


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["estimate", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_the_command_answers_a_program() -> None:
    found = json.loads(run("gemma3-1b", "--bits", "4", "--embedding-bits", "8", "--gpu-memory", "1GB", "--json"))
    assert found["enough"] is True
    assert found["quantization"] == "int4, embedding int8"
    assert found["memory"]["total"] == sum(found["memory"][key] for key in ("weights", "kv_cache", "working"))
    assert [row["name"] for row in found["table"]] == ["32-bit", "bf16", "int8", "int4", "q4_0", "mixed"]
    assert json.loads(run("gemma3-1b", "--json"))["enough"] is None


def test_the_command_answers_a_person() -> None:
    text = run("gemma3-1b-int4", "--max-buffer-size", "256MiB")
    assert "enough\tno: a buffer may have 268.4 MB, the weights params.lm.softmax.logits_ffn.w need 302.0 MB" in text
    assert "download\t700.4 MB" in text
    assert "approximate\t" in run("gemma4-e2b")


@pytest.mark.parametrize(
    ("size", "count"),
    [("8000000", 8 * 10**6), ("8GB", 8 * 10**9), ("8 gb", 8 * 10**9), ("7.5GiB", 15 << 29), ("512MB", 512 * 10**6)],
)
def test_sizes_are_read_with_their_units(size: str, count: int) -> None:
    found = json.loads(run("layers=2", "--gpu-memory", size, "--json"))
    assert found["limits"]["gpu_memory"] == count


@pytest.mark.parametrize("size", ["", "GB", "8TB", "-1", "1e9", "8GBx"])
def test_sizes_that_are_none_are_wrong_usage(size: str) -> None:
    assert "is not a size" in run("layers=2", "--gpu-memory", size, code=2)


def test_what_is_quantized_already_takes_no_bits(tmp_path: Path) -> None:
    synthesize("layers=1", tmp_path / "m.task")
    for model, message in (
        (str(tmp_path / "m.task"), "quantized already"),
        ("gemma3-1b-int4", "published with a fixed quantization"),
    ):
        with pytest.raises(OnpageError, match=message):
            estimate(model, QUANTIZATIONS["int4"])


def test_a_bundle_is_estimated_as_the_web_file_in_it(tmp_path: Path) -> None:
    synthesize("layers=2", tmp_path / "m.task")
    write_litertlm(tmp_path / "m.litertlm", web_source(tmp_path / "m.task"))
    inside, bundle = (estimate(str(tmp_path / name)) for name in ("m.task", "m.litertlm"))
    assert bundle.memory == inside.memory
    assert bundle.download == (tmp_path / "m.litertlm").stat().st_size


def test_files_of_other_kinds_are_told(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=1)
    base, adapter = write_checkpoint(tmp_path / "base", config), write_adapter(tmp_path / "adapter", config)
    convert_adapter(base, adapter, tmp_path / "adapter.bin")
    (tmp_path / "page.task").write_bytes(b"<!doctype html><title>Sign in</title>")
    for name, message in (
        ("adapter.bin", "is a LoRA adapter"),
        ("page.task", "a web page"),
        ("base/config.json", "JSON"),
    ):
        with pytest.raises(OnpageError, match=message):
            estimate(str(tmp_path / name))


def test_a_file_with_the_names_of_gemma_3n_is_approximate(tmp_path: Path) -> None:
    path = header_with(tmp_path, [TensorSpec("transformer.altup.projection_0.w", 0, 4)])
    assert estimate(str(path)).approximate
    assert not estimate(str(header_with(tmp_path, [TensorSpec("params.lm.softmax.logits_ffn.w", 9, 4)]))).approximate


def test_what_is_no_model_is_told() -> None:
    with pytest.raises(OnpageError, match="'gemma3-9b' is not a file, folder, published model or shape"):
        estimate("gemma3-9b")


@pytest.mark.parametrize("model", ["hidden=8192,vocab=262144", "hidden=8192,vocab=262144,layers=1,ffn=4"])
def test_what_convert_refuses_is_refused_in_the_same_words(model: str, tmp_path: Path) -> None:
    """A tensor of 2 GiB was an unexpected TypeError of the FlatBuffer's."""
    with pytest.raises(UnsupportedModel) as of_estimate:
        estimate(model)
    with pytest.raises(UnsupportedModel) as of_synth:
        synthesize(model, tmp_path / "m.task")
    assert str(of_estimate.value) == str(of_synth.value)
    assert "model.embed_tokens.weight is too large for the web format" in str(of_estimate.value)


def test_a_folder_with_tokenizer_json_alone_is_estimated_with_its_own_size(tmp_path: Path) -> None:
    golden = Path(__file__).parents[2] / "goldens" / "tokenizer" / "tokenizer.json"
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=700, hidden_size=512))
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.json").write_bytes(golden.read_bytes())
    written = convert_checkpoint(folder, tmp_path / "m.task")
    assert estimate(str(folder)).download == written.size


def test_a_model_that_no_web_file_holds_is_refused_with_what_says_its_size(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="has no web file: add --target graph"):
        estimate(str(write_llama(tmp_path / "model")))
