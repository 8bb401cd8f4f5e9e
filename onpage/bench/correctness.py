"""Whether an engine's greedy text is right, so that a fast wrong engine fails.

- The demo model's answer to one prompt is known (`demo_answer.json`, from builder.reference.dense; every choice in it is clear, so
  that no engine's rounding changes it), and the page compares it itself.
- For every other dense model, of any size, the text is checked afterwards in one pass of the streamed reference over the file that the
  engine ran: each token must be the likeliest after those before it, or nearly so, since engines round differently and a tie may fall
  either way. How nearly depends, of a graph with 8-bit activations, on what their rounding does to the logits there.
- For what the reference cannot read (graphs of other makers, a web file whose tables are loaded on demand), engines of the same run
  are compared with each other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import OnpageError
from builder.formats.sniff import Format, sniff_file
from onpage.bench.measured_models import BenchModel
from onpage.bench.record import Record
from onpage.extras import requires
from webapp.paths import static_folder

DEMO_ANSWER = static_folder() / "bench" / "demo_answer.json"
"""Where the page finds it, too."""
TOKENS = 32
WORDS = 12
QUESTION = "Write one sentence about the sea."
BEGINNINGS = Path(__file__).with_name("beginnings.json")
"""News, stories, letters, code, lists and three languages, which a model goes on with."""
AGREEMENT_TOKENS = 24
"""After each, at least: longer texts of small models repeat themselves."""
TIE = 0.05
"""What `Checked.distances` may be at most. Where engines differ on sound weights it is below 0.02; a wrong id has 0.2 to 1.5."""
TIES = {"wllama": 0.1}
"""For engines that round more: llama.cpp keeps activations in 8 bits, and its cache and the values of GELU in 16. On a small synthetic
model the second likeliest id was taken for one 0.054 above it."""
ROUNDINGS = 6
"""How many times the `Checked.rounding` of its place a distance may be: a difference of two logits scatters by √2 of it, so this is beyond
four standard deviations. Of 1,600 choices of Gemma 3 270M by XNNPACK, at 8 bits, 4 bits and in blocks, the farthest was at 3.0."""
REFERENCE = "the numpy reference, token by token"
OTHERS = "the other engines of this run"


@dataclass(frozen=True)
class Verdict:
    """About a text. `ok` None: there is no telling."""

    ok: bool | None
    expected: str | None
    against: str


def known_prompt(model: BenchModel, entry: dict[str, Any]) -> dict[str, Any]:
    """`correctness` of a plan: a prompt, its greedy text where that is known beforehand, and how many tokens to ask for."""
    if model.origin == "demo":
        answer = json.loads(DEMO_ANSWER.read_bytes())
        return {key: answer[key] for key in ("prompt", "text", "tokens")}
    if model.synthetic:
        with requires("build"):
            from builder.synth import web_file as synth
        words = (synth.word(synth.FIRST_WORD + 1 + 13 * i) for i in range(WORDS))
        return {"prompt": "".join(f" {word}" for word in words), "text": None, "tokens": TOKENS}
    turns = entry["promptTemplate"]
    return {"prompt": f"{turns['prefix']}{QUESTION}{turns['suffix']}", "text": None, "tokens": TOKENS}


def known_beginnings(model: BenchModel, positions: int) -> dict[str, Any] | None:
    """`agreement` of a plan: texts to go on with, as many as make about so many positions; None for none.

    A synthetic model has no text of its own to go on with.
    """
    if not positions or model.synthetic:
        return None
    beginnings: list[str] = json.loads(BEGINNINGS.read_bytes())
    count = min(len(beginnings), -(-positions // AGREEMENT_TOKENS))
    return {"beginnings": beginnings[:count], "tokens": -(-positions // count)}


def judge_agreement(model: BenchModel, record: Record) -> dict[str, int] | None:
    """`positions` and `same` of a record's agreement; None where it has none, or the reference cannot read the model.

    It is held to exact arithmetic with the weights of the web file, or with those of a graph where there is no web file.
    """
    found = record.get("agreement")
    if not found or not found["answers"]:
        return None
    path = next((path for path in (model.path, *model.others) if sniff_file(path) is Format.WEB), model.path)
    try:
        with requires("build"):
            from builder.reference.agreement import Written, agreement
            from builder.reference.evaluated import Evaluated
        evaluated = Evaluated.open(path, "float32")
        answers = [Written(answer["beginning"], answer["text"]) for answer in found["answers"]]
        tokenizer = evaluated.tokenizer
        judged = agreement(evaluated.predictor.source, tokenizer.processor, tokenizer.beginning, answers)
    except OnpageError:
        return None  # another family, or without the extra that has numpy
    return {"positions": judged.positions, "same": judged.same}


def judge(model: BenchModel, plan: dict[str, Any], record: Record) -> Verdict | None:
    """What the reference says of a record's answer; None where the page has judged it, or the reference cannot."""
    known, found = plan["correctness"], record["correctness"]["found"]
    if known["text"] is not None or not found:
        return None
    try:
        with requires("build"):
            import numpy  # noqa: F401
            import sentencepiece  # noqa: F401
        ran = model.file_of(plan["model"]["sha256"]) or model.path
        return check(ran, known["prompt"], found, synthetic=model.synthetic, tie=TIES.get(plan["engine"], TIE))
    except OnpageError:
        return None  # another family, or without the extra that has numpy


def judge_record(model: BenchModel, plan: dict[str, Any], record: Record) -> None:
    """Writes into a record what the reference says of its answer, and of its agreement."""
    verdict = judge(model, plan, record)
    if verdict:
        record["correctness"] |= {"ok": verdict.ok, "against": verdict.against}
        if verdict.expected is not None:
            record["correctness"]["expected"] = verdict.expected
    judged = judge_agreement(model, record)
    if judged:
        record["agreement"] |= judged


def check(path: Path, prompt: str, found: str, *, synthetic: bool, tie: float = TIE) -> Verdict:
    """Holds a text to the weights in a model file, computed exactly, but for choices that are no further apart than `tie`, or than the
    activations' rounding explains where the file asks for 8 bits of them; OnpageError where the reference knows no such model."""
    from builder.reference.evaluated import Evaluated
    from builder.reference.greedy import check_greedy

    model, as_it_runs = Evaluated.open(path, "float32"), Evaluated.open(path).predictor
    pieces = model.tokenizer.processor
    if synthetic and not found.startswith(" "):
        found = f" {found}"  # engines may leave the first space out
    before, whole = pieces.encode(prompt), pieces.encode(prompt + found)
    if not before or whole[: len(before)] != before or len(whole) == len(before):
        return Verdict(None, None, REFERENCE)  # the text joins the prompt's last piece, so its tokens are unknown
    text = whole[len(before) :]
    checked = check_greedy(
        model.predictor,
        [*model.tokenizer.beginning, *before],
        text,
        spellings=None if synthetic else spellings(model.tokenizer.pieces, text),
        rounded=as_it_runs if as_it_runs.precision == "int8" else None,
    )
    allowed = [max(tie, ROUNDINGS * moved) for moved in checked.rounding]
    places = range(len(text))
    wrong = next((place for place in places if not checked.distances[place] <= allowed[place]), None)
    if wrong is None:
        return Verdict(True, found, REFERENCE)
    if checked.spelled[wrong] <= allowed[wrong]:
        return Verdict(None, None, REFERENCE)  # the same text in other tokens than the engine's
    return Verdict(False, pieces.decode([*text[:wrong], checked.choices[wrong]]), REFERENCE)


def spellings(pieces: Sequence[str], text: Sequence[int]) -> list[list[int]]:
    """At each place of a text, the ids of all pieces that its rest begins with."""
    ids = {piece: number for number, piece in enumerate(pieces) if piece}
    longest = max(map(len, ids))
    found = []
    for place in range(len(text)):
        rest = "".join(pieces[number] for number in text[place : place + longest])[:longest]
        found.append([text[place], *(ids[rest[:end]] for end in range(1, len(rest) + 1) if rest[:end] in ids)])
    return found


def compare_engines(records: Sequence[Record]) -> list[Record]:
    """Judges what nobody could by the other engines' answers for the same model; returns the records that changed."""
    open_ones = [record for record in records if record["correctness"]["ok"] is None and record["correctness"]["found"]]
    changed = []
    for record in open_ones:
        mine = record["correctness"]["found"].strip()
        others = [
            other["correctness"]["found"].strip()
            for other in open_ones
            if other["model"]["name"] == record["model"]["name"] and other["engine"]["id"] != record["engine"]["id"]
        ]
        if not others:
            continue
        if all(mine.startswith(other) or other.startswith(mine) for other in others):
            record["correctness"] |= {"ok": True, "expected": others[0], "against": OTHERS}
        else:
            record["notes"].append(
                "The engines of this run answered the same prompt differently, and there is no reference to tell which is right."
            )
        changed.append(record)
    return changed
