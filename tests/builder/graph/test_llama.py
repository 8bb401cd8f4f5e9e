"""Graphs of Llama's kind: the native engine writes what the reference writes with the same integers, token for token."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from builder.calibrate.texts import DEFAULT_TEXT
from builder.convert.web_file import convert_checkpoint
from builder.errors import BundleError, UnsupportedModel
from builder.formats.inspect_model import BundleFacts, inspect_model
from builder.formats.litertlm_reader import LitertlmFile
from builder.graph import parameters
from builder.graph.convert import convert_to_graph
from builder.quantize.scheme import Quantization
from tests.goldens.cases import NEW_TOKENS
from tests.goldens.llama_cases import CONFIGS
from tests.goldens.native import answer
from tests.graph_reference import graph_writer
from tests.llama_checkpoints import llama_config, write_llama, write_llama_gguf

LEAST_MARGIN = 0.01


def choose(checkpoint: Path, quantization: Quantization | None) -> tuple[str, str]:
    """A prompt whose answer has no near tie and reads as the same tokens, and the answer."""
    writer, opened = graph_writer(checkpoint, quantization)
    processor, text = opened.tokenizer.processor, DEFAULT_TEXT.read_text()
    for first in range(0, 8000, 40):
        prompt = text[first : first + 160]
        ids = processor.encode(prompt)
        [found] = writer.greedy([ids], NEW_TOKENS)
        answered = processor.decode(found.ids)
        if min(found.margins) >= LEAST_MARGIN and not found.stopped and answered.isascii() and len(set(found.ids)) > 12:
            return prompt, answered
    raise AssertionError("No prompt gives an answer that can be compared.")


@pytest.mark.parametrize(
    ("name", "quantization"), [*((name, None) for name in CONFIGS), ("smollm2", Quantization.of("4", embedding="8"))]
)
def test_a_graph_answers_as_the_reference_does(name: str, quantization: Quantization | None, tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "model", CONFIGS[name], seed=3)
    prompt, expected = choose(folder, quantization)
    graph = tmp_path / "graph.litertlm"
    convert_to_graph(folder, graph, quantization=quantization, activations="float32", context=128, prefill=(16,))
    assert answer(graph, prompt, 128).startswith(expected)


def test_a_head_of_its_own_is_multiplied_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every large one is: that of Llama 2 7B has 131 MB."""
    folder = write_llama(tmp_path / "model", CONFIGS["untied"], seed=3)
    prompt, expected = choose(folder, None)
    monkeypatch.setattr(parameters, "MAX_PART", 20_000)
    graph = tmp_path / "graph.litertlm"
    convert_to_graph(folder, graph, activations="float32", context=128, prefill=(16,))
    assert b"head.192" in graph.read_bytes()
    assert answer(graph, prompt, 128).startswith(expected)


def test_the_tokenizer_is_a_section_of_its_kind_and_nothing_begins_a_text(tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "model")
    convert_to_graph(folder, tmp_path / "graph.litertlm", context=64, prefill=(16,))
    found = LitertlmFile.open(tmp_path / "graph.litertlm")
    section = found.section("HF_Tokenizer_Zlib")
    assert section is not None and found.section("SP_Tokenizer") is None
    data = (tmp_path / "graph.litertlm").read_bytes()[section.offset : section.offset + section.size]
    content = zlib.decompress(data[8:])
    assert int.from_bytes(data[:8], "little") == len(content)
    assert json.loads(content)["added_tokens"][1]["content"] == "<|im_start|>"
    assert "start_token" not in found.metadata
    facts = inspect_model(tmp_path / "graph.litertlm")
    assert isinstance(facts, BundleFacts) and facts.family == "llama"
    assert facts.prompt_template is not None and facts.prompt_template.prefix.startswith("<|im_start|>system\n")
    assert (facts.tokens.start_id, facts.tokens.stop_ids) == (None, [2])


def test_a_gguf_file_makes_the_graph_that_its_folder_makes(tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "model")
    write_llama_gguf(tmp_path / "model.gguf", folder)
    graphs = []
    for number, path in enumerate((folder, tmp_path / "model.gguf")):
        output = tmp_path / f"{number}.litertlm"
        graphs.append(convert_to_graph(path, output, quantization=Quantization.of(), context=64).sha256)
    assert graphs[0] == graphs[1]


def test_mediapipe_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = write_llama(tmp_path / "model", llama_config(num_hidden_layers=1))
    with pytest.raises(BundleError, match=r"no SentencePiece model.*write a \.litertlm"):
        convert_to_graph(folder, tmp_path / "graph.task", context=64)
    with pytest.raises(UnsupportedModel, match="--target graph"):
        convert_checkpoint(folder, tmp_path / "model-web.task")
    assert not list(tmp_path.glob("*.task"))
