"""The commands that take a checkpoint take a GGUF file too: inspect, estimate, verify --against, convert and convert --lora."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import onpage
from builder.estimate import estimate
from builder.quantize.scheme import Q4_0
from onpage.command import cli
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, gemma4_config
from tests.gguf_files import rope_divisors, write_gguf
from tests.goldens.cases import EXPERTS

CONFIG = gemma3_config(num_hidden_layers=2, vocab_size=512)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def q4_0(tmp_path: Path) -> Path:
    return write_gguf(
        tmp_path / "m.gguf",
        CONFIG,
        types=lambda weight: "Q8_0" if weight.part == "embedding" else "Q4_0",
        folder=tmp_path / "c",
        general__name="A small one",
        general__license="gemma",
    )


def test_inspect_says_what_is_in_it_and_what_comes_of_it(q4_0: Path) -> None:
    facts = json.loads(run("inspect", q4_0, "--json").output)
    assert (facts["architecture"], facts["name"], facts["licence"]) == ("gemma3", "A small one", "gemma")
    assert facts["converts_to"] == "int4 in blocks of 32, embedding int8" and facts["problem"] is None
    assert sum(facts["types"].values()) == facts["parameters"] and set(facts["types"]) == {"Q4_0", "Q8_0", "F32"}
    assert (facts["layers"], facts["width"], facts["context_length"], facts["vocabulary"]) == (2, 128, 2048, 512)
    assert facts["stop_tokens"] == ["<eos>", "<end_of_turn>"]
    assert onpage.inspect(q4_0).to_json() == facts | {"tensors": onpage.inspect(q4_0).to_json()["tensors"]}
    shown = run("inspect", q4_0).output
    assert "converts to\tint4 in blocks of 32, embedding int8" in shown and "blk.1.ffn_up.weight" in shown
    assert "blk.1.ffn_up.weight" not in run("inspect", q4_0, "--summary").output


def test_inspect_says_why_one_is_not_converted(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", CONFIG, general__architecture="mamba")
    shown = run("inspect", path).output
    assert "will not convert\t" in shown and "architecture 'mamba'" in shown


def test_a_type_that_is_not_read_names_those_that_are(tmp_path: Path) -> None:
    """The sentence was that of a folder: to save it unquantized, as one of three types."""
    path = write_gguf(tmp_path / "m.gguf", CONFIG)
    data, name = bytearray(path.read_bytes()), b"blk.0.attn_q.weight"
    struct.pack_into("<I", data, data.index(name) + len(name) + 4 + 2 * 8, 23)
    path.write_bytes(data)
    expected = r"is of type IQ4_XS: expected one of BF16, F16, F32, .*IQ4_NL, .*Q6_K; take another GGUF file of the model, or its folder\."
    assert re.search(expected, run("inspect", path).output)


def test_experts_are_inspected_estimated_converted_and_verified(tmp_path: Path) -> None:
    """The file that is written says as much of them."""
    config = gemma4_config(vocab_size=512, **EXPERTS)
    path, output = (
        write_gguf(tmp_path / "m.gguf", config, types="Q4_0", also=rope_divisors(config)),
        tmp_path / "m.task",
    )
    facts = json.loads(run("inspect", path, "--json").output)
    assert (facts["experts"], facts["active_experts"], facts["problem"]) == (12, 3, None)
    assert facts["converts_to"] == "int4 in blocks of 32"
    found = json.loads(run("estimate", path, "--json").output)
    written = json.loads(run("convert", path, "-o", output, "--json").output)
    assert found["parameters"] == written["parameters"] == facts["parameters"] - 32  # the divisors of the rope
    assert found["download"] == pytest.approx(written["size"], abs=300)
    assert run("verify", output, "--against", path).exit_code == 0
    for model in (path, output):
        assert "12 experts of which 3 are active" in run("inspect", model, "--summary").output


def test_the_estimate_is_the_size_that_is_written(q4_0: Path) -> None:
    written = onpage.convert(q4_0, q4_0.with_name("m.task"))
    assert written.quantization.attention == Q4_0
    found = estimate(str(q4_0))
    assert found.quantization == "int4 in blocks of 32, embedding int8"
    assert found.download == pytest.approx(written.size, abs=300)  # what the notes say of it
    assert found.parameters == written.parameters


def test_bits_that_are_asked_for_hold(q4_0: Path) -> None:
    output = q4_0.with_name("m.task")
    assert json.loads(run("convert", q4_0, "-o", output, "--json").output)["quantization"]["attention"] == str(Q4_0)
    asked = json.loads(run("convert", q4_0, "-o", output, "--bits", "8", "--json").output)
    assert asked["quantization"]["attention"] == "int8" and "rounded again to int8" in asked["notes"][0]
    assert str(onpage.convert(q4_0, output, bits="8").quantization) == "int8"


def test_what_was_converted_is_verified_against_it(q4_0: Path) -> None:
    output = q4_0.with_name("m.task")
    onpage.convert(q4_0, output)
    assert run("verify", output, "--against", q4_0).exit_code == 0
    other = write_gguf(q4_0.with_name("other.gguf"), CONFIG, types="Q4_0", seed=1)
    result = CliRunner().invoke(cli, ["verify", str(output), "--against", str(other)])
    assert "does not hold the weights of" in str(result.exception)


def test_an_adapter_is_converted_for_it(q4_0: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", CONFIG, rank=4)
    ours = onpage.convert_lora(q4_0, adapter, tmp_path / "gguf.bin")
    assert ours.sha256 == onpage.convert_lora(tmp_path / "c", adapter, tmp_path / "folder.bin").sha256
