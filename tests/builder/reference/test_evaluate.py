"""What `onpage evaluate` says is what the logits say, one by one."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, ModelFileError, OnpageError
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter_file import convert_adapter
from builder.quantize.scheme import Quantization
from builder.reference import evaluate as evaluate_module
from builder.reference import sources
from builder.reference.dense import Reference
from builder.reference.evaluate import DEFAULT_TEXTS, Evaluation, wilson
from builder.reference.evaluated import Evaluated, evaluate_model
from builder.synth.web_file import FIRST_WORD, word
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint

CONFIG = gemma3_config(vocab_size=1024)
IDS = np.random.default_rng(0).integers(FIRST_WORD, 1024, 60).tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint c, its web files at 8 and 4 bits, and two texts."""
    folder = tmp_path_factory.mktemp("evaluate")
    write_checkpoint(folder / "c", CONFIG, dtype="BF16", seed=5)
    for bits in ("8", "4"):
        convert_checkpoint(folder / "c", folder / f"{bits}.task", quantization=Quantization.of(bits))
    for name, ids in (("first.txt", IDS[:40]), ("second.txt", IDS[40:])):
        (folder / name).write_text("".join(f" {word(i)}" for i in ids))
    return folder


def by_hand(ours: Reference, theirs: Reference, ids: list[int], context: int) -> tuple[float, float, float, float]:
    """Perplexity of both, divergence and same choice, from the logits after each token."""
    losses, other_losses, divergences, same = [], [], [], []
    for first in range(0, len(ids), context):
        stretch = [2, *ids[first : first + context]]
        for i in range(1, len(stretch)):
            p, q = (model.logits(stretch[:i]).astype(np.float64) for model in (theirs, ours))
            log_p, log_q = (logits - np.log(np.exp(logits).sum()) for logits in (p, q))
            losses.append(-log_q[stretch[i]])
            other_losses.append(-log_p[stretch[i]])
            divergences.append(float((np.exp(log_p) * (log_p - log_q)).sum()))
            same.append(log_p.argmax() == log_q.argmax())
    return (
        math.exp(np.mean(losses)),
        math.exp(np.mean(other_losses)),
        float(np.mean(divergences)),
        float(np.mean(same)),
    )


def test_the_figures_are_those_of_the_logits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With several stretches and with bands of the vocabulary that differ between the two files and do not divide it."""
    monkeypatch.setattr(evaluate_module, "CONTEXT", 12)
    monkeypatch.setattr(sources, "BAND_BYTES", 4 * 128 * 100)
    found = evaluate_model(folder / "4.task", against=folder / "8.task", texts=[folder / "first.txt"], tokens=21)
    four, eight = (Reference.from_web_file(folder / f"{bits}.task") for bits in "48")
    perplexity, other, divergence, same = by_hand(four, eight, IDS[:21], 12)
    figures = found.all
    assert figures.tokens == 21
    assert figures.other_perplexity and figures.divergence and figures.same_choice
    assert figures.perplexity.value == pytest.approx(perplexity, rel=1e-4)
    assert figures.other_perplexity.value == pytest.approx(other, rel=1e-4)
    assert divergence > 1e-3
    assert figures.divergence.value == pytest.approx(divergence, rel=1e-3)
    assert figures.same_choice.value == pytest.approx(same)


def test_texts_are_told_apart_and_together(folder: Path) -> None:
    texts = [folder / "first.txt", folder / "second.txt"]
    both = evaluate_model(folder / "8.task", texts=texts)
    assert [(part.text, part.tokens) for part in both.texts] == [("first.txt", 40), ("second.txt", 20)]
    for path, part in zip(texts, both.texts, strict=True):
        alone = evaluate_model(folder / "8.task", texts=[path]).all
        assert part.perplexity.value == pytest.approx(alone.perplexity.value, rel=1e-5)
    losses = [math.log(part.perplexity.value) * part.tokens for part in both.texts]
    assert both.all.perplexity.value == pytest.approx(math.exp(sum(losses) / 60), rel=1e-6)
    assert both.all.divergence is None and both.all.same_choice is None


def test_a_checkpoint_compared_with_itself_differs_in_nothing(folder: Path) -> None:
    found = evaluate_model(folder / "c", against=folder / "c", texts=[folder / "first.txt"]).all
    assert found.divergence and found.same_choice
    assert found.divergence.value == pytest.approx(0, abs=1e-6) and found.same_choice.value == 1.0
    assert found.same_choice.low < 0.95  # forty of forty prove no more


def test_eight_bits_are_nearer_than_four(folder: Path) -> None:
    near, far = (
        evaluate_model(folder / f"{bits}.task", against=folder / "c", texts=[folder / "first.txt"]).all.divergence
        for bits in "84"
    )
    assert near and far and near.high < far.low


def test_float16_costs_something_and_an_adapter_more(folder: Path) -> None:
    texts = [folder / "first.txt"]
    half = evaluate_model(folder / "8.task", against=folder / "8.task", texts=texts, precision="float16").all.divergence
    assert half and 0 < half.value < 1e-3
    adapter = write_adapter(folder / "a", CONFIG)
    convert_adapter(folder / "c", adapter, folder / "a.bin")
    changed = evaluate_model(
        folder / "8.task", against=folder / "8.task", texts=texts, adapter=folder / "a.bin"
    ).all.divergence
    assert changed and changed.value > 100 * half.value


def test_the_residual_stream_is_measured(folder: Path, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "large", CONFIG, dtype="BF16", seed=5, residual=2.0**15)
    convert_checkpoint(tmp_path / "large", tmp_path / "clipped.task", residual_scale=1.0)
    convert_checkpoint(tmp_path / "large", tmp_path / "scaled.task")
    texts = [folder / "first.txt"]
    assert evaluate_model(folder / "8.task", texts=texts).fits_float16
    assert not evaluate_model(tmp_path / "clipped.task", texts=texts).fits_float16
    scaled = evaluate_model(tmp_path / "scaled.task", texts=texts)
    assert scaled.fits_float16
    noted = WebFile.open(tmp_path / "scaled.task").largest_residual
    assert noted and noted / 3 < (scaled.largest_residual or 0) < noted * 3
    json.dumps(scaled.to_json(), allow_nan=False)


def test_our_texts_are_text(folder: Path) -> None:
    assert [path.name for path in DEFAULT_TEXTS] == ["report.txt", "prose.txt"]
    found: Evaluation = evaluate_model(folder / "8.task", tokens=16)
    assert [part.tokens for part in found.texts] == [16, 16]


def test_other_tokens_cannot_be_compared(folder: Path, tmp_path: Path) -> None:
    model = Evaluated.open(folder / "8.task")
    pieces = (*model.tokenizer.pieces[:300], "other", *model.tokenizer.pieces[301:])
    other = replace(model, tokenizer=replace(model.tokenizer, pieces=pieces))
    with pytest.raises(OnpageError, match="cannot be compared: their tokenizers have other pieces from 300 on"):
        model.require_same_tokens(other)
    shorter = replace(model, tokenizer=replace(model.tokenizer, pieces=model.tokenizer.pieces[:-1]))
    with pytest.raises(OnpageError, match=r"cannot be compared: their tokenizers have 1,024 and 1,023 pieces"):
        model.require_same_tokens(shorter)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), (b"\xff\xfe\xff", "is not text"), (b"", "contains no text")]
)
def test_a_text_that_is_none_is_named(folder: Path, tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "t.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OnpageError, match=f"t.txt.* {message}"):
        evaluate_model(folder / "8.task", texts=[path])


def test_what_is_no_model_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.task").write_bytes(b"\0" * 100)
    with pytest.raises(ModelFileError, match="is not a model"):
        evaluate_model(tmp_path / "x.task")
    with pytest.raises(CheckpointError):
        evaluate_model(tmp_path / "none")
    convert_adapter(folder / "c", write_adapter(tmp_path / "a", CONFIG), tmp_path / "a.bin")
    with pytest.raises(OnpageError, match="is a LoRA adapter: evaluate its base"):
        evaluate_model(tmp_path / "a.bin")
    with pytest.raises(OnpageError, match="an adapter file goes with the web file of its base"):
        evaluate_model(folder / "c", adapter=tmp_path / "a.bin")


def test_wilsons_interval_is_that_of_the_books() -> None:
    found = wilson(8, 10)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-3)
    assert wilson(10, 10).high == 1.0 and wilson(0, 10).low == 0.0
