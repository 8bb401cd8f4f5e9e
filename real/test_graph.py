"""A real model as a graph: made in little memory, and the native engine writes what the reference writes with the same integers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sentencepiece

from builder.convert.web_file import convert_opened
from builder.graph.convert import convert_to_graph
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from tests.goldens.native import answer

PROMPT = "Monday, Tuesday, Wednesday,"
CONTEXT, NEW_TOKENS = 512, 16


def test_it_is_made_in_little_memory(gemma: Path, tmp_path: Path) -> None:
    """litert-torch takes 6 GB for it."""
    program = (
        f"from pathlib import Path; from builder.graph.convert import convert_to_graph; from tests.memory import peak_memory; "
        f"convert_to_graph(Path({str(gemma)!r}), Path({str(tmp_path / 'm.litertlm')!r}), context=1024); print(peak_memory())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 500e6


def test_the_native_engine_writes_what_the_reference_writes(gemma: Path, tmp_path: Path) -> None:
    web, graph = tmp_path / "web.task", tmp_path / "graph.litertlm"
    convert_opened(OpenedCheckpoint.complete(gemma), web, quantization=Quantization.of("8"))
    convert_to_graph(web, graph, context=CONTEXT)
    reference = Reference.from_web_file(web)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=reference.sentencepiece)
    [expected] = reference.generate([[reference.start_id, *pieces.encode(PROMPT)]], NEW_TOKENS)
    assert pieces.encode(answer(graph, PROMPT, CONTEXT))[:NEW_TOKENS] == expected
