"""A right text is told from a wrong one, whatever the model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.files.digest import sha256_of
from builder.formats.bundled_graph import graph_in
from builder.formats.graph_weights import GraphWeights
from builder.graph.convert import convert_to_graph
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.reference.greedy import Checked
from builder.synth.web_file import FIRST_WORD, synthesize, word
from onpage.bench.correctness import (
    BEGINNINGS,
    DEMO_ANSWER,
    TOKENS,
    check,
    compare_engines,
    judge,
    judge_agreement,
    known_beginnings,
    known_prompt,
    spellings,
)
from onpage.bench.measured_models import BenchModel
from onpage.bench.words import agreement_text
from tests.builder.graph.test_blocks import demo_checkpoint
from tests.goldens.native import answer
from tests.onpage.bench.results import made_up
from webapp.paths import DEMO_GRAPH, DEMO_MODEL


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


def test_an_engine_that_rounds_more_may_take_what_is_nearly_as_likely(
    tiny: BenchModel, right: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = known_prompt(tiny, {})
    text = "".join(f" {each}" for each in right[:8])
    distances = [0.0, 0.0, 0.054, 0.0, 0.0, 0.0, 0.0, 0.0]
    made = Checked([FIRST_WORD] * 8, distances, distances, [0.0] * 8)
    monkeypatch.setattr("builder.reference.greedy.check_greedy", lambda *_, **__: made)
    said = {}
    for engine in ("litert-lm-cpu", "wllama"):
        plan = {"engine": engine, "correctness": known, "model": {"sha256": ""}}
        verdict = judge(tiny, plan, {"correctness": {"found": text}})
        said[engine] = verdict and verdict.ok
    assert said == {"litert-lm-cpu": False, "wllama": True}


@pytest.mark.parametrize(("rounding", "ok"), [(0.0, False), (0.01, False), (0.02, True)])
def test_what_the_rounding_of_activations_explains_is_no_wrong_choice(
    rounding: float, ok: bool, tiny: BenchModel, right: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    distances = [0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0]
    made = Checked([FIRST_WORD] * 8, distances, distances, [0.0, 0.0, rounding, 0.0, 0.0, 0.0, 0.0, 0.0])
    monkeypatch.setattr("builder.reference.greedy.check_greedy", lambda *_, **__: made)
    text = "".join(f" {each}" for each in right[:8])
    assert check(tiny.path, known_prompt(tiny, {})["prompt"], text, synthetic=True).ok is ok


def test_a_text_in_other_pieces_is_not_called_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one of these is nearly the likeliest: the engine may have taken it."""
    known = json.loads(DEMO_ANSWER.read_bytes())
    far, near = [0.5] * 64, [0.04] * 64
    for spelled, ok in ((near, None), (far, False)):
        made = Checked([FIRST_WORD] * 64, far, spelled, [0.0] * 64)
        monkeypatch.setattr("builder.reference.greedy.check_greedy", lambda *_, made=made, **__: made)
        assert check(DEMO_MODEL, known["prompt"], known["text"], synthetic=False).ok is ok


def test_the_pieces_that_a_text_may_go_on_with_are_those_that_it_begins_with() -> None:
    pieces = ["<unk>", "a", "b", "ab", "abc", "c", "bc", ""]
    assert spellings(pieces, [3, 5]) == [[3, 1, 3, 4], [5, 5]]


def test_an_engine_at_four_bits_is_right_and_one_with_a_fault_is_wrong(tmp_path: Path) -> None:
    """The demo model in a graph of 4-bit weights, by the native engine; the fault: a layer's matrix with its nibbles exchanged."""
    checkpoint = demo_checkpoint(tmp_path / "checkpoint")
    sound, faulty = tmp_path / "sound.litertlm", tmp_path / "faulty.litertlm"
    convert_to_graph(checkpoint, sound, quantization=Quantization.of("4"))
    data = bytearray(sound.read_bytes())
    tensor = GraphWeights.open(graph_in(sound).graph).tensors["layer_2.up"]
    stored = np.frombuffer(data, np.uint8, tensor.bytes, tensor.place)
    data[tensor.place : tensor.place + tensor.bytes] = (stored << 4 | stored >> 4).tobytes()
    faulty.write_bytes(data)
    prompt = json.loads(DEMO_ANSWER.read_bytes())["prompt"]
    verdicts = [check(sound, prompt, answer(path, prompt, 512), synthetic=False).ok for path in (sound, faulty)]
    assert verdicts == [True, False]


def test_a_text_is_held_to_the_file_that_the_engine_ran(tiny: BenchModel) -> None:
    """A graph with its own weights and 8-bit activations: the web file's are other integers where the two were quantized apart."""
    both = BenchModel("both", "file", tiny.path, (DEMO_GRAPH,))
    known = json.loads(DEMO_ANSWER.read_bytes())
    said = []
    for path in (DEMO_GRAPH, tiny.path):
        plan = {"engine": "litert-lm-cpu", "correctness": {**known, "text": None}, "model": {"sha256": sha256_of(path)}}
        verdict = judge(both, plan, {"correctness": {"found": known["text"]}})
        said.append(verdict and verdict.ok)
    assert said == [True, False]


def test_as_many_beginnings_are_asked_as_make_the_positions(tiny: BenchModel) -> None:
    demo, every = BenchModel("demo", "demo", DEMO_MODEL), json.loads(BEGINNINGS.read_bytes())
    assert known_beginnings(demo, 0) is None
    assert known_beginnings(demo, 100) == {"beginnings": every[:5], "tokens": 20}
    assert known_beginnings(demo, 512) == {"beginnings": every[:22], "tokens": 24}
    many = known_beginnings(demo, 3200)
    assert many and many["beginnings"] == every and many["tokens"] == 100
    assert known_beginnings(tiny, 100) is None, "made-up words are no beginnings"
    assert len(set(every)) == len(every) >= 32


def test_an_engines_choices_are_counted_one_by_one() -> None:
    """The known answer of the demo, and the same with another word at its end."""
    known = json.loads(DEMO_ANSWER.read_bytes())
    demo = BenchModel("demo", "demo", DEMO_MODEL)
    counts = []
    for text in (known["text"], known["text"].rsplit(" ", 1)[0] + " zebra"):
        answers = [{"beginning": known["prompt"], "text": text}]
        found = judge_agreement(demo, {"agreement": {"answers": answers, "positions": None, "same": None}})
        assert found
        counts.append(found)
    right, wrong = counts
    assert right["positions"] == right["same"] > 10
    assert 0 < wrong["positions"] - wrong["same"] < 8
    assert judge_agreement(demo, {"agreement": None}) is None
    assert agreement_text(541, 531) == "98.2% (96.6%–99.0%) of 541 positions"


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
