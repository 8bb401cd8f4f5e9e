"""What threads could break: the file, the order in which weights are asked for, and an end without debris."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from builder.checkpoint import checkpoint
from builder.checkpoint.stored_types import Rows
from builder.convert import write_tensors
from builder.convert.web_file import convert_checkpoint, write_web_file
from builder.model.families import describe, turns_of, weights_of
from builder.model.generation_config import GenerationConfig
from builder.model.tokenizer import Tokenizer
from builder.model.weights import Weight
from builder.quantize.scheme import Quantization
from builder.synth.web_file import RandomWeights, shape_config, synthetic_tokenizer
from tests.checkpoints import write_checkpoint


@pytest.fixture(autouse=True)
def four_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_tensors, "thread_count", lambda: 4)


class Weights:
    """Random weights in bands of four rows; the tenth band but one comes with a surprise, and every band is slow after it."""

    def __init__(self, surprise: Callable[[], None] = lambda: None) -> None:
        self.surprise, self.asked, self.busy = surprise, 0, threading.Lock()
        self.tensors = weights_of(describe(shape_config("layers=1,vocab=4096"), Path("shape")))

    def bands(self, weight: Weight) -> Iterator[tuple[int, Rows]]:
        for first, rows in RandomWeights(0, self.tensors).bands(weight):
            for start in range(0, len(rows), 4):
                assert self.busy.acquire(blocking=False), "two threads asked at the same time"
                self.asked += 1
                if self.asked == 9:
                    self.surprise()
                if self.asked > 9:
                    time.sleep(0.05)
                self.busy.release()
                yield first + start, rows[start : start + 4]


def write(folder: Path, weights: Weights) -> None:
    model = describe(shape_config("layers=1,vocab=4096"), folder)
    tokenizer = Tokenizer.from_bytes(folder, synthetic_tokenizer(4096))
    write_web_file(model, weights, tokenizer, turns_of(model), GenerationConfig([1]), folder / "m.task", Quantization())


def nothing_is_left(folder: Path) -> bool:
    return not list(folder.iterdir()) and not [t for t in threading.enumerate() if t.name.startswith("onpage")]


def test_the_number_of_threads_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "BAND_BYTES", 1 << 14)
    folder = write_checkpoint(tmp_path / "c", dtype="BF16")
    sums = set()
    for threads in (1, 2, 8):
        monkeypatch.setattr(write_tensors, "thread_count", lambda threads=threads: threads)
        sums.add(convert_checkpoint(folder, tmp_path / "m.task", quantization=Quantization.of("q4_0")).sha256)
    assert len(sums) == 1


def test_an_error_in_one_thread_ends_them_all(tmp_path: Path) -> None:
    def fails() -> None:
        raise MemoryError("the one that matters")

    weights = Weights(fails)
    with pytest.raises(MemoryError, match="the one that matters"):
        write(tmp_path, weights)
    assert weights.asked < 50
    assert nothing_is_left(tmp_path)


def test_weights_that_are_no_numbers_end_them_all(tmp_path: Path) -> None:
    class Broken(Weights):
        def bands(self, weight: Weight) -> Iterator[tuple[int, Rows]]:
            for first, rows in super().bands(weight):
                if self.asked == 9:
                    rows[2, 3] = np.nan  # type: ignore[index]
                yield first, rows

    weights = Broken()
    with pytest.raises(checkpoint.CheckpointError, match=r"embed_tokens.weight holds nan at row 34, column 3"):
        write(tmp_path, weights)
    assert weights.asked < 100
    assert nothing_is_left(tmp_path)


def test_an_interrupt_ends_them_all(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        weights = Weights(lambda: signal.raise_signal(signal.SIGINT))  # the main thread gets it, waiting for the others
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, weights)
    finally:
        signal.signal(signal.SIGINT, before)
    assert weights.asked < 1000, "they went on to the end"
    assert nothing_is_left(tmp_path)
