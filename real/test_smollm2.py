"""SmolLM2-135M-Instruct, a real model built like Llama: from its GGUF file to a graph, whose text is the reference's."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.graph.convert import convert_to_graph
from builder.model.opened import OpenedCheckpoint
from builder.reference.writer import Writer
from tests.goldens.native import answers
from tests.graph_reference import graph_writer

CONTEXT, NEW_TOKENS = 256, 24
QUESTIONS = ("Write one sentence about the sea.", "What is the capital of France?")
BEGINNING = "Monday, Tuesday, Wednesday,"


@pytest.fixture(scope="module")
def reference(smollm2: Path) -> tuple[Writer, OpenedCheckpoint]:
    return graph_writer(smollm2)


def prompts(opened: OpenedCheckpoint) -> list[str]:
    question = opened.turns.question
    return [BEGINNING, *(f"{question.prefix}{text}{question.suffix}" for text in QUESTIONS)]


def test_the_reference_knows_what_the_model_knows(reference: tuple[Writer, OpenedCheckpoint]) -> None:
    """Weights in another order, or turns that it was not taught, would make it babble."""
    writer, opened = reference
    processor = opened.tokenizer.processor
    found = writer.greedy([processor.encode(prompts(opened)[-1])], NEW_TOKENS)[0]
    assert (processor.decode(found.ids), found.stopped) == ("The capital of France is Paris.", True)


def test_the_native_engine_writes_what_the_reference_writes(
    reference: tuple[Writer, OpenedCheckpoint], smollm2: Path, tmp_path: Path
) -> None:
    writer, opened = reference
    graph = tmp_path / "smollm2.litertlm"
    convert_to_graph(smollm2, graph, activations="float32", context=CONTEXT, prefill=(32,))
    processor = opened.tokenizer.processor
    expected = [processor.decode(writer.greedy([processor.encode(p)], NEW_TOKENS)[0].ids) for p in prompts(opened)]
    found = answers(graph, prompts(opened), CONTEXT)
    assert [text[: len(wanted)] for text, wanted in zip(found, expected, strict=True)] == expected
