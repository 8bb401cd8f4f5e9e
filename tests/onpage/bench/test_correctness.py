"""A right text is told from a wrong one, whatever the model."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from builder.reference.dense import Reference
from builder.synth.web_file import FIRST_WORD, synthesize, word
from onpage.bench.correctness import DEMO_ANSWER, TOKENS, check, compare_engines, known_prompt
from onpage.bench.measured_models import BenchModel
from tests.onpage.bench.results import made_up
from webapp.paths import DEMO_MODEL


def test_the_answer_of_the_demo_is_that_of_the_reference_and_no_rounding_changes_it() -> None:
    from sentencepiece import SentencePieceProcessor

    known = json.loads(DEMO_ANSWER.read_bytes())
    assert hashlib.sha256(DEMO_MODEL.read_bytes()).hexdigest() == known["sha256"]
    model = Reference.from_web_file(DEMO_MODEL)
    pieces = SentencePieceProcessor(model_proto=model.sentencepiece)
    [answer] = model.greedy([[model.start_id, *pieces.encode(known["prompt"])]], known["tokens"])
    assert pieces.decode(answer.ids) == known["text"]
    assert min(answer.margins) > 0.5


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> BenchModel:
    path = tmp_path_factory.mktemp("tiny") / "tiny-web.task"
    synthesize("layers=2", path)
    return BenchModel("synth:layers=2", "synth", path)


@pytest.fixture(scope="module")
def right(tiny: BenchModel) -> list[str]:
    """The words of the greedy text of the known prompt."""
    prompt = known_prompt(tiny, {})["prompt"]
    model = Reference.from_web_file(tiny.path)
    from sentencepiece import SentencePieceProcessor

    ids = SentencePieceProcessor(model_proto=model.sentencepiece).encode(prompt)
    [answer] = model.generate([[model.start_id, *ids]], TOKENS)
    return [word(i) for i in answer]


def test_the_greedy_text_is_right(tiny: BenchModel, right: list[str]) -> None:
    prompt = known_prompt(tiny, {})["prompt"]
    for text in ("".join(f" {each}" for each in right), " ".join(right)):  # with and without the first space
        assert check(tiny.path, prompt, text, synthetic=True).ok is True


@pytest.mark.parametrize("place", [0, 7, TOKENS - 1])
def test_one_wrong_word_is_wrong(tiny: BenchModel, right: list[str], place: int) -> None:
    other = word(FIRST_WORD + 2000)
    text = "".join(f" {each}" for each in [*right[:place], other, *right[place + 1 :]])
    verdict = check(tiny.path, known_prompt(tiny, {})["prompt"], text, synthetic=True)
    assert verdict.ok is False
    assert verdict.expected == "".join(f" {each}" for each in right[: place + 1])


def record(engine: str, found: str) -> dict[str, Any]:
    made: dict[str, Any] = made_up()["records"][0]
    made["engine"]["id"] = engine
    made["correctness"] = {"ok": None, "expected": None, "found": found, "tokens": 2}
    return made


def test_engines_are_compared_with_each_other_where_there_is_no_reference() -> None:
    same = [record("mediapipe", "One day and"), record("litert-lm", " One day")]
    assert compare_engines(same) == same
    assert all(each["correctness"]["ok"] is True for each in same)
    unlike = [record("mediapipe", "One day"), record("litert-lm", "Two days")]
    assert compare_engines(unlike) == unlike
    assert all(each["correctness"]["ok"] is None and "differently" in each["notes"][-1] for each in unlike)
    assert compare_engines([record("mediapipe", "One day")]) == []
