"""A real GGUF file: read to the bit, converted in little memory, and run by the page's engine as the reference runs it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import gguf
import numpy as np
import pytest
import sentencepiece
from playwright.sync_api import Browser, Page

from builder.checkpoint.gguf import GgufFile
from builder.convert.against import check_against
from builder.convert.web_file import convert_opened
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.reference.report import report_on
from e2e.bare import BareTab, call, served

PROMPT = "Monday, Tuesday, Wednesday,"
NEW_TOKENS = 16


@pytest.fixture(scope="module")
def converted(gemma: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its web file with 8 bits."""
    path = tmp_path_factory.mktemp("gemma") / "gemma-web.task"
    convert_opened(OpenedCheckpoint.complete(gemma), path, quantization=Quantization.of("8"))
    return path


def test_every_weight_is_the_packages_to_the_bit(gemma: Path) -> None:
    ours = GgufFile.open(gemma)
    theirs = gguf.GGUFReader(gemma).tensors
    assert {tensor.name for tensor in theirs} == set(ours.tensors) and len(theirs) == 236
    for tensor in theirs:
        stored = ours.tensors[tensor.name]
        rows = 1 if len(stored.shape) == 1 else stored.shape[0]
        data = tensor.data.reshape(rows, -1)
        for first in range(0, rows, 8192):
            out = np.empty((min(8192, rows - first), stored.width), np.float32)
            stored.read_rows(first, out)
            expected = gguf.dequantize(data[first : first + len(out)], tensor.tensor_type)
            assert np.array_equal(out.view(np.uint32), expected.view(np.uint32)), f"{tensor.name}, row {first}"


def test_it_converts_in_little_memory(gemma: Path, tmp_path: Path) -> None:
    """Its own size is 253 MB, and as float32 it would have 1,072 MB."""
    program = (
        f"from pathlib import Path; from builder.convert.web_file import convert_checkpoint; from tests.memory import peak_memory; "
        f"convert_checkpoint(Path({str(gemma)!r}), Path({str(tmp_path / 'm.task')!r})); print(peak_memory())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300e6


def test_the_web_file_holds_its_weights(gemma: Path, converted: Path) -> None:
    assert check_against(converted, gemma) == 268_098_176


def test_the_model_is_whole(gemma: Path, converted: Path) -> None:
    """Anything amiss with norms, names, ropes or pieces shows as a perplexity of hundreds."""
    quality = report_on(converted, OpenedCheckpoint.complete(gemma)).quality.all
    assert quality.other_perplexity and quality.divergence and quality.same_choice
    assert 20 < quality.other_perplexity.value < 28
    assert quality.divergence.value < 0.02 and quality.same_choice.value > 0.93


def test_the_engine_writes_what_the_reference_writes(browser: Browser, converted: Path) -> None:
    """Sixteen tokens, greedily, at the page's own precision."""
    reference = Reference.from_web_file(converted)
    processor = sentencepiece.SentencePieceProcessor(model_proto=reference.sentencepiece)
    prompt = [reference.start_id, *processor.encode(PROMPT)]
    (expected,) = reference.greedy([prompt], NEW_TOKENS, stop_ids=set())
    assert min(expected.margins) > 0.05, "a near tie says nothing: choose another prompt"
    assert processor.decode(expected.ids[:1]).strip() == "Thursday"

    def write(page: Page) -> str:
        options = {"maxTokens": len(prompt) + NEW_TOKENS}
        call(page, "([model, options]) => bare.load(model, options)", [f"/models/{converted.name}", options])
        return str(call(page, "(text) => bare.generate(text)", PROMPT)["text"])

    with served(converted.parent) as address, closing(BareTab(browser, f"{address}/bare/index.html")) as tab:
        text = tab.ask(write)
    assert text.strip() == processor.decode(expected.ids).strip()
