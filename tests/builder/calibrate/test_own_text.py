"""Text that a model writes itself: whose beginnings, how much of it, and the same for the same seed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from builder.calibrate import own_text
from builder.calibrate.own_text import BEGINNINGS, OwnText, likeliest
from builder.calibrate.prepare import Calibration
from builder.calibrate.texts import Texts
from builder.convert.mixed import mixed_bits
from builder.convert.web_file import convert_checkpoint, convert_opened
from builder.errors import CheckpointError, OnpageError
from builder.formats.web_file_reader import WebFile
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from builder.reference.compact import CompactSource
from builder.reference.dense import Reference
from builder.reference.evaluated import evaluate_model
from builder.reference.writer import Writer
from tests.checkpoints import gemma3_config, write_checkpoint

CONFIG = gemma3_config(num_hidden_layers=2)
Q4_0 = Quantization.of("q4_0", embedding="8", scale="weighted")
ALL = 1 << 20
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "c", CONFIG)


@pytest.fixture
def opened(folder: Path) -> OpenedCheckpoint:
    return OpenedCheckpoint.complete(folder)


def texts_of(opened: OpenedCheckpoint, tokens: int = 300, seed: int = 0) -> Texts:
    return OwnText(opened, tokens, seed).texts(opened.tokenizer, ALL)


def beginnings(opened: OpenedCheckpoint, key: str) -> list[list[int]]:
    processor = sentencepiece.SentencePieceProcessor(model_proto=opened.tokenizer.model)
    return [processor.encode(pair[key]) for pair in json.loads(BEGINNINGS.read_bytes())]


def test_as_many_tokens_as_were_asked_for_each_text_begun_by_us_and_gone_on_with_by_the_model(
    opened: OpenedCheckpoint,
) -> None:
    steps: list[tuple[int, int]] = []
    own = OwnText(opened, 300)
    texts = own.texts(opened.tokenizer, ALL, lambda *step: steps.append(step))
    assert sum(len(text) - 1 for text in texts) == 300
    assert steps == sorted(steps) and steps[-1] == (300, 300)
    openings = beginnings(opened, "opening")
    for text, opening in zip(texts, openings, strict=False):
        assert text[0] == opened.tokenizer.start_id and text[1:][: len(opening)] == opening[: len(text) - 1]
    first = texts[0][1 + len(openings[0]) :]
    assert len(first) > own_text.LENGTH // 2 and len(set(first)) > 5
    # each of the model's tokens was among its likeliest
    writer = Writer(CompactSource(opened.model, opened.weights), frozenset())
    logits = writer.predictions(writer.hidden_states(texts[0]))
    for place in range(len(openings[0]), len(texts[0]) - 1):
        assert (logits[place] > logits[place, texts[0][place + 1]]).sum() < own_text.TOP_K


def test_the_same_seed_writes_the_same_and_another_one_another(opened: OpenedCheckpoint) -> None:
    first = texts_of(opened)
    assert texts_of(opened) == first
    assert texts_of(opened, seed=1) != first


def test_it_is_written_once_and_handed_out_in_part(opened: OpenedCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    own = OwnText(opened, 200)
    part = own.texts(opened.tokenizer, 100)
    monkeypatch.setattr(own_text, "_write", None)
    whole = own.texts(opened.tokenizer, ALL)
    assert sum(len(text) - 1 for text in part) == 100 and whole[: len(part) - 1] == part[:-1]


def test_a_model_with_a_chat_template_answers_requests_in_its_turns(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    opened = OpenedCheckpoint.complete(folder)
    turn, processor = opened.turns.question, sentencepiece.SentencePieceProcessor(model_proto=opened.tokenizer.model)
    request = json.loads(BEGINNINGS.read_bytes())[0]["request"]
    asked = processor.encode(f"{turn.prefix}{request}{turn.suffix}")
    assert turn.prefix and texts_of(opened)[0][1:][: len(asked)] == asked


def test_texts_that_end_are_followed_by_others(opened: OpenedCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text's fifth token ends it."""
    end = opened.generation.stop_ids[0]

    def fifth_ends(seed: int):  # type: ignore[no-untyped-def]
        drawn, step = original(seed), iter(range(ALL))
        return lambda logits: np.full(len(logits), end) if next(step) == 4 else drawn(logits)

    original = own_text._drawn
    monkeypatch.setattr(own_text, "_drawn", fifth_ends)
    texts = texts_of(opened, tokens=600)
    openings = beginnings(opened, "opening")
    assert len(texts) > -(-600 // own_text.LENGTH)
    assert len(texts[1]) == 1 + len(openings[1]) + 4


def test_a_model_that_writes_nothing_is_refused(opened: OpenedCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    end = opened.generation.stop_ids[0]
    monkeypatch.setattr(own_text, "_drawn", lambda seed: lambda logits: np.full(len(logits), end))
    with pytest.raises(OnpageError, match=r"writes nothing to calibrate on.*give --calibrate a text"):
        texts_of(opened)


def test_weights_that_are_not_finite_are_named(folder: Path) -> None:
    path = next(folder.glob("*.safetensors"))
    data = bytearray(path.read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="expected finite weights"):
        texts_of(OpenedCheckpoint.complete(folder))


def test_the_likeliest_are_those_of_a_sort() -> None:
    random = np.random.default_rng(0)
    for size, count in ((50, 64), (1000, 3), (6401, 64), (64 * 200 + 7, 64)):
        logits = random.normal(size=(3, size)).astype(np.float32)
        logits[1] = np.round(logits[1])  # ties
        ids, values = likeliest(logits, count)
        assert (np.diff(ids, axis=1) > 0).all() and values.shape == (3, min(size, count))
        np.testing.assert_array_equal(np.sort(values), np.sort(logits)[:, -count:])
        np.testing.assert_array_equal(values, np.take_along_axis(logits, ids, axis=1))


def test_the_weights_it_writes_with_are_those_of_8_bits(opened: OpenedCheckpoint, folder: Path, tmp_path: Path) -> None:
    convert_checkpoint(folder, tmp_path / "m.task", quantization=Quantization.of("8"), residual_scale=1.0)
    prompt = [opened.tokenizer.start_id, *range(300, 310)]
    expected = Reference(WebFile.open(tmp_path / "m.task")).logits(prompt)
    found = Writer(CompactSource(opened.model, opened.weights), frozenset()).logits(prompt)
    np.testing.assert_allclose(found, expected[: len(found)], atol=1e-4 * np.abs(expected).max())


def test_a_file_says_that_it_is_calibrated_on_its_own_text_and_is_as_near_as_with_ours(
    opened: OpenedCheckpoint, folder: Path, tmp_path: Path
) -> None:
    text = tmp_path / "t.txt"
    text.write_text(" bababa cucucu dododo" * 40)
    divergences, seen = [], []
    for calibration in (None, OwnText(opened, 600), Calibration(tokens=600)):
        path = tmp_path / "m.task"
        convert_opened(
            opened, path, quantization=Q4_0, calibration=calibration, progress=lambda phase, *_: seen.append(phase)
        )
        divergence = evaluate_model(path, against=folder, texts=[text]).all.divergence
        assert divergence is not None
        divergences.append(divergence.value)
        if isinstance(calibration, OwnText):
            conversion = WebFile.open(path).notes["conversion"]
            assert isinstance(conversion, dict)
            assert conversion["calibrated on"] == "text that it wrote itself (seed 0)"
            assert list(dict.fromkeys(seen)) == ["measure", "write", "verify", "sample", "calibrate"]
    weighted, own, ours = divergences
    assert own < weighted and own < 1.5 * ours


def test_bits_are_chosen_on_it_too(opened: OpenedCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, seen = OwnText(opened, 300), []
    mix = mixed_bits(opened, tmp_path / "m.task", own, progress=lambda phase, *_: seen.append(phase))
    assert list(dict.fromkeys(seen)) == ["sample", "sensitivity"]
    monkeypatch.setattr(own_text, "_write", None)  # it is not written again
    convert_opened(opened, tmp_path / "m.task", quantization=mix.chosen.quantization, calibration=own)
