"""Estimates of graphs against those that we write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from builder.convert.web_file import convert_checkpoint
from builder.encoder.convert import convert_encoder
from builder.errors import OnpageError, UnsupportedModel
from builder.estimate.graph import ENGINE, estimate_graph
from builder.graph.convert import convert_to_graph
from builder.quantize.scheme import Quantization
from onpage.command import cli
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, write_checkpoint
from tests.gguf_files import write_gguf
from tests.goldens.encoder_cases import ENCODERS
from tests.goldens.llama_cases import CONFIGS
from tests.llama_checkpoints import write_llama
from webapp.paths import DEMO_GRAPH

CLOSE = 0.001
"""Of a size. Only what the header says of smoothing may be missing, and a block of the container be too much."""


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
@pytest.mark.parametrize(
    "config", [gemma1_config(), gemma2_config(), gemma3_config()], ids=["gemma1", "gemma2", "gemma3"]
)
def test_a_graph_of_a_gemma_is_as_large_as_is_said(config: dict[str, Any], bits: str, tmp_path: Path) -> None:
    folder, scheme = write_checkpoint(tmp_path / "c", config), Quantization.of(bits)
    written = convert_to_graph(folder, tmp_path / "g.litertlm", quantization=scheme, context=64, prefill=(8, 16))
    before = estimate_graph(str(folder), scheme, context=64, prefill=(8, 16))
    after = estimate_graph(str(written.path))
    assert before.download == pytest.approx(written.size, rel=CLOSE)
    assert (after.download, after.parameters, before.parameters) == (
        written.size,
        written.parameters,
        written.parameters,
    )
    assert before.quantization == written.quantization
    assert (before.context, before.prefill) == (after.context, after.prefill) == (64, (8, 16))
    assert before.memory.packed == after.memory.packed and before.memory.kv_cache == after.memory.kv_cache
    assert before.memory.total == sum(
        (before.memory.file, before.memory.packed, before.memory.kv_cache, before.memory.engine)
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_a_graph_of_a_llama_is_as_large_as_is_said(name: str, tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "c", CONFIGS[name])
    written = convert_to_graph(folder, tmp_path / "g.litertlm", context=64, smooth=False)
    found = estimate_graph(str(folder), context=64)
    assert found.download == pytest.approx(written.size, rel=CLOSE)
    assert found.parameters == written.parameters
    of_file = estimate_graph(str(written.path)).memory
    assert (of_file.packed, of_file.kv_cache) == (found.memory.packed, found.memory.kv_cache)


def test_a_gguf_file_is_estimated_with_its_own_bits(tmp_path: Path) -> None:
    gguf = write_gguf(tmp_path / "m.gguf", gemma3_config(), types="Q8_0")
    written = convert_to_graph(gguf, tmp_path / "g.litertlm", context=64)
    found = estimate_graph(str(gguf), context=64)
    assert found.download == pytest.approx(written.size, rel=CLOSE) and found.quantization == written.quantization


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_is_as_large_as_is_said(name: str, tmp_path: Path) -> None:
    folder = ENCODERS[name].write(tmp_path / "checkpoint")
    written = convert_encoder(folder, tmp_path / "e.litertlm")
    before, after = estimate_graph(str(folder)), estimate_graph(str(written.path))
    assert before.download == pytest.approx(written.size, rel=CLOSE)
    assert after.download == written.size and before.parameters == after.parameters == written.facts.parameters
    assert before.prefill == after.prefill == written.facts.lengths
    assert before.memory.kv_cache == before.memory.packed == 0


def test_the_real_270m_takes_what_was_measured() -> None:
    """535 MB of the engine's memory at int8 with a context of 512 (docs/graph.md), of which the tokenizer is in the published size."""
    found = estimate_graph("gemma3-270m", context=512)
    assert found.download == pytest.approx(279_060_288, rel=0.002)
    assert found.memory.total == pytest.approx(535e6, rel=0.02) and found.memory.engine == ENGINE


def test_what_is_no_graph_or_cannot_be_one_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config())
    web = convert_checkpoint(folder, tmp_path / "w.task").path
    with pytest.raises(OnpageError, match="holds no LiteRT graph: leave --target out"):
        estimate_graph(str(web))
    with pytest.raises(OnpageError, match="is quantized already"):
        estimate_graph(str(DEMO_GRAPH), Quantization.of("4"))
    for name in ("gemma3n-e2b", "gemma4-e2b"):
        with pytest.raises(UnsupportedModel, match="cannot be a graph yet"):
            estimate_graph(name)
    with pytest.raises(OnpageError, match="what the model was made for"):
        estimate_graph(str(folder), context=1 << 30)


def test_the_command_shows_a_graph() -> None:
    run = CliRunner().invoke(cli, ["estimate", str(DEMO_GRAPH), "--target", "graph", "--json"])
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    assert said["download"] == DEMO_GRAPH.stat().st_size and said["memory"]["total"] > said["download"]
    shown = CliRunner().invoke(cli, ["estimate", "gemma3-270m", "--target", "graph", "--bits", "4", "--prefill", "64"])
    assert "prefill\t64 tokens at once" in shown.stdout and "of the engine, in a page" in shown.stdout
    for wrong in (["--target", "graph", "--gpu-memory", "8GB"], ["--activations", "float32"]):
        assert CliRunner().invoke(cli, ["estimate", "gemma3-270m", *wrong]).exit_code == 2
