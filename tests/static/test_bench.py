"""What `/bench` computes, against values worked out by hand: statistics, prompts, the record, plans, and axes of plots."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from builder.synth.web_file import FIRST_WORD, word
from tests.static.node import ask, evaluate

PLAN = {
    "engine": "mediapipe",
    "model": {"name": "tiny", "quantization": "int4", "url": "/models/00/tiny-web.task", "size": 1, "sha256": "00"},
    "prefill": [32, 128],
    "decode": 9,
    "context": 256,
    "runs": 2,
    "warmup": 1,
    "seed": 1,
    "loads": {"cold": 1, "warm": 1},
}


def sample(prefill: int, run: int, ttft: float, step: float, warmup: bool = False) -> dict[str, Any]:
    """Nine tokens in three pieces of three."""
    pieces = [[ttft + step * piece, 21] for piece in range(3)]
    return {
        "prefill": prefill,
        "run": run,
        "warmup": warmup,
        "prompt_tokens": prefill,
        "tokens": 9,
        "first_tokens": 3,
        "counted": "construction",
        "checked_tokens": 9,
        "ttft": ttft,
        "pieces": pieces,
        "engine_figures": None,
    }


def test_synthetic_prompts_are_words_of_the_vocabulary_and_differ_from_the_first() -> None:
    prompts = ask("bench/prompts.js", *(("syntheticPrompt", [32, 7, serial]) for serial in range(1024)))
    vocabulary = {f" {word(FIRST_WORD + index)}" for index in range(1024)}
    for prompt in prompts:
        text = prompt["text"]
        assert len(text) == 7 * 31, "31 words and the beginning of the sequence"
        assert {text[at : at + 7] for at in range(0, len(text), 7)} <= vocabulary
    assert len({prompt["text"][:7] for prompt in prompts}) == 1024
    again = ask("bench/prompts.js", ("syntheticPrompt", [32, 7, 3]))[0]
    assert again == prompts[3] | {"tokens": 32, "counted": "construction"}


@pytest.mark.parametrize(
    ("text", "tokens"),
    [(" babaca babace", 2), ("babaca babace", 2), ("", 0), (" babaca ba", None), (" Babaca", None), ("\n", None)],
)
def test_synthetic_tokens(text: str, tokens: int | None) -> None:
    assert ask("bench/prompts.js", ("syntheticTokens", [text])) == [tokens]


FILLED = """
import { englishPrompt, looksSynthetic } from "./static/bench/prompts.js";
const pairs = (text) => Math.ceil(text.length / 2) + 1;          // a tokenizer of two characters a token
const words = (text) => text.split(" ").length + 1;              // one word a token, with the beginning
const made = (text) => (text.match(/ [a-z]{6}(?= |$)/g) ?? []).length * 7 === text.length ? text.length / 7 : text.length;
const prompts = [];
for (const tokens of [8, 33, 512]) for (const serial of [1, 2]) prompts.push(await englishPrompt(tokens, 1, serial, async (t) => words(t)));
const coarse = await englishPrompt(40, 1, 1, async (t) => pairs(t));
console.log(JSON.stringify({
  prompts: prompts.map(({ text, tokens }) => [words(text), tokens, text.split(" ")[0]]),
  coarse: [pairs(coarse.text), coarse.tokens],
  synthetic: await looksSynthetic(async (t) => made(t)),
  withBeginning: await looksSynthetic(async (t) => made(t) + 1),
  real: await looksSynthetic(async (t) => pairs(t)),
}));
"""


def test_other_prompts_are_filled_until_the_tokenizer_says_the_number() -> None:
    found = evaluate(FILLED)
    assert [prompt[:2] for prompt in found["prompts"]] == [[n, n] for n in (8, 8, 33, 33, 512, 512)]
    for one, other in itertools.pairwise(found["prompts"]):
        assert one[2] != other[2]
    assert found["coarse"] == [40, 40]
    assert found["synthetic"] == {"synthetic": True, "beginning": 0}
    assert found["withBeginning"] == {"synthetic": True, "beginning": 1}
    assert found["real"]["synthetic"] is False


FOLDED = """
import { emptyRecord, finished, fold } from "./static/bench/record.js";
const [plan, events] = JSON.parse(process.env.INPUT);
console.log(JSON.stringify(finished(events.reduce(fold, emptyRecord(plan)))));
"""


def test_a_record_is_the_fold_of_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        {"at": "engine", "value": {"id": "mediapipe", "name": "MediaPipe", "backend": "WebGPU"}},
        {"at": "adapter", "value": {"vendor": "nvidia", "architecture": "ampere", "description": ""}},
        {"at": "progress", "value": {"step": "load", "done": 0, "total": 9, "text": "Loading"}},
        {"at": "loads", "value": {"kind": "cold", "milliseconds": {"bytes": 700, "engine": 300}, "from_cache": False}},
        {"at": "loads", "value": {"kind": "warm", "milliseconds": {"bytes": 50, "engine": 250}, "from_cache": True}},
        {"at": "first_answer", "value": {"milliseconds": 900, "tokens": 9}},
        {"at": "samples", "value": sample(32, 1, 9000, 900, warmup=True)},
        {"at": "samples", "value": sample(32, 1, 100, 50)},
        {"at": "samples", "value": sample(32, 2, 120, 60)},
        {"at": "notes", "value": "a note"},
        {"at": "status", "value": "complete"},
    ]
    monkeypatch.setenv("INPUT", json.dumps([PLAN, events]))
    record = evaluate(FOLDED)
    assert record["label"] == "tiny int4 · MediaPipe · nvidia ampere"
    assert "progress" not in record
    assert (len(record["samples"]), record["notes"]) == (3, ["a note"])
    assert record["status"] == "partial", "from what is in it, whatever was told: 128 tokens are missing"
    assert re.fullmatch("[0-9a-f]{32}", record["id"])
    typical = {(one["measure"], one["prefill"]): one["typical"] for one in record["summary"]}
    assert typical == {
        ("prefill", 32): pytest.approx((320 * 32 / 0.12) ** 0.5),
        ("decode", 32): pytest.approx((60 * 50) ** 0.5),  # six tokens in 100 ms, in 120 ms
        ("ttft", 32): pytest.approx((100 * 120) ** 0.5),
        ("ttft_one_token", 32): pytest.approx(((100 - 2 / 60 * 1000) * (120 - 2 / 50 * 1000)) ** 0.5),
        **{(f"gap_{share}", 32): pytest.approx((50 / 3 * 20) ** 0.5) for share in ("p50", "p95", "p99")},
        ("load_cold", None): pytest.approx(1000),
        ("load_warm", None): pytest.approx(300),
        ("engine_creation", None): pytest.approx(250),
        ("first_answer", None): pytest.approx(900),
    }


def test_lengths_that_do_not_fit_are_left_out_with_a_note() -> None:
    plan = PLAN | {"prefill": [32, 247, 248], "decode": 9}
    assert ask("bench/status.js", ("fitting", [plan])) == [[32, 247]]
    assert ask("bench/run.js", ("notesOnLengths", [plan]))[0] == [
        "Prefill 248 was left out: with 9 new tokens it does not fit a context of 256."
    ]


def test_a_count_that_the_engines_steps_do_not_confirm_is_noted() -> None:
    same, near, other, own = ask(
        "bench/answers.js",
        ("crossCheck", ["construction", 16, 16]),
        ("crossCheck", ["construction", 16, 17]),
        ("crossCheck", ["construction", 16, 19]),
        ("crossCheck", ["steps", 16, 17]),
    )
    assert (same, near, own) == (None, None, None)
    assert other.endswith("doubt the decode rates.")


def test_time_left() -> None:
    record = {"plan": PLAN, "samples": [], "first_answer": None, "loads": []}
    nothing, begun, over = ask(
        "bench/plan.js",
        ("timeLeft", [record]),
        ("timeLeft", [record | {"samples": [sample(32, 1, 100, 50, warmup=True)]}]),
        ("timeLeft", [record | {"samples": [sample(n, run, 100, 50) for run in range(3) for n in (32, 128)]}]),
    )
    assert nothing is None
    assert begun == pytest.approx(2 * 200 + 3 * (200 + 100 * 96 / 32)), "longer prompts take their share longer"
    assert over == 0


def test_engines_that_fit_the_model_and_the_browser() -> None:
    file = {"format": "web", "url": "/a", "size": 1, "sha256": "00", "engines": ["one"]}
    graph = file | {"format": "litertlm-graph", "url": "/b", "engines": ["two"]}
    entries = [{"id": "one", "backend": "WebGPU"}, {"id": "two", "backend": "CPU"}, {"id": "three", "backend": "CPU"}]
    with_gpu, without = ask(
        "bench/plan.js",
        ("choices", [{"files": [file, graph]}, entries, True]),
        ("choices", [{"files": [file, graph]}, entries, False]),
    )
    assert [(each["entry"]["id"], each["file"]["url"]) for each in with_gpu] == [("one", "/a"), ("two", "/b")]
    assert [each["entry"]["id"] for each in without] == ["two"]


def test_a_plan_keeps_to_the_context_of_the_file_that_the_engine_reads() -> None:
    file = {"format": "litertlm-graph", "url": "/b", "size": 1, "sha256": "00", "engines": ["two"], "context": 256}
    model = {"name": "a", "quantization": None, "parameters": 1, "sha256": "01", "context": 2048}
    size = {"prefill": [32], "decode": 8, "context": 512, "runs": 1}
    (plan,) = ask("bench/plan.js", ("planOf", [model, {"entry": {"id": "two"}, "file": file}, size, None]))
    assert plan["context"] == plan["model"]["context"] == 256


@pytest.mark.parametrize(
    ("agent", "name", "version"),
    [
        (
            "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
            "Safari",
            "26.0",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", "Firefox", "141.0"),
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.1.2 Safari/537.36 Edg/140.0.3.4",
            "Edge",
            "140.0.3.4",
        ),
        (
            "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.1 Mobile Safari/604.1",
            "Chrome",
            "140.0.1",
        ),
        ("something else", "unknown", ""),
    ],
)
def test_browser_of_a_user_agent(agent: str, name: str, version: str) -> None:
    assert ask("bench/environment.js", ("browserOf", [agent])) == [{"name": name, "version": version}]


def test_axes_end_past_the_largest_value() -> None:
    found = ask("bench/report/numbers.js", *(("ticks", [most]) for most in (0, 1, 7, 4144, 0.03, 5e-324)))
    assert found[1] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert found[2] == [0, 2, 4, 6, 8]
    assert found[3] == [0, 1000, 2000, 3000, 4000, 5000]
    assert all(ticks[0] == 0 and ticks[-1] >= most for ticks, most in zip(found, (0, 1, 7, 4144, 0.03, 0), strict=True))


def test_names_in_legends_are_what_tells_records_apart() -> None:
    labels = ["a int4 · MediaPipe · GPU", "a int4 · LiteRT-LM · GPU", "a int4 · LiteRT-LM · CPU"]
    some, one, same = ask(
        "bench/report/names.js",
        ("shortNames", [[{"label": label} for label in labels]]),
        ("shortNames", [[{"label": labels[0]}]]),
        ("shortNames", [[{"label": labels[0]}, {"label": labels[0]}]]),
    )
    assert some == ["MediaPipe · GPU", "LiteRT-LM · GPU", "LiteRT-LM · CPU"]
    assert one == [""]
    assert same == ["record 1", "record 2"]


def test_an_adapter_is_named_without_repeating_itself() -> None:
    adapter = {"vendor": "google", "architecture": "swiftshader", "device": "", "description": "google swiftshader"}
    card = {"vendor": "nvidia", "architecture": "ada", "device": "", "description": "RTX 4090"}
    found = ask("bench/report/names.js", ("adapterName", [adapter]), ("adapterName", [card]))
    assert found == ["google swiftshader", "nvidia ada RTX 4090"]


READ = """
import { readResults } from "./static/bench/results.js";
let text = "";
for await (const chunk of process.stdin) text += chunk;
const read = (text) => readResults(new File([text], "old.json")).catch((error) => error.message);
console.log(JSON.stringify(await Promise.all(JSON.parse(text).map(read))));
"""
MEASURE = {"measure": "decode", "prefill": 32, "unit": "tok/s", "n": 3, "typical": 2, "p25": 1, "median": 2, "p75": 3}
MEASURE |= {"interval": [1, 3], "noisy": True}
PAST = {"engine": {"id": "a", "backend": "CPU"}, "model": {"name": "b", "quantization": None}, "summary": [MEASURE]}
OBJECT = {"toString": 1, "valueOf": 1}
"""What cannot be made a text."""


def read(*files: str) -> list[Any]:
    return list(evaluate(READ, json.dumps(files)))


def results(**changes: Any) -> str:
    return json.dumps({"schema": "onpage-bench/2", "records": [PAST | changes]})


def test_of_an_older_file_is_kept_what_is_compared() -> None:
    model = {"name": "b", "quantization": "int4", "file": "../../x"}
    kept = read(results(samples=[None], label=OBJECT, engine=PAST["engine"] | {"name": OBJECT}, model=model))
    assert kept == [{"records": [PAST | {"model": {"name": "b", "quantization": "int4"}}]}]


def test_what_is_no_older_file_is_refused_in_a_sentence() -> None:
    cut, deep, other, nothing = read("{", "[" * 1_000_000, "[]", "null")
    assert cut.startswith("old.json is not JSON") and deep.startswith("old.json is not JSON")
    assert other.startswith("old.json has no schema") and nothing.startswith("old.json has no schema")


def test_an_older_version_is_refused_by_its_name() -> None:
    (said,) = read(json.dumps({"schema": "onpage-bench/1", "records": []}))
    assert said == "old.json is of an older version (onpage-bench/1), which only onpage bench compare and report read."


BREAKS: list[dict[str, Any]] = [
    {"engine": None},
    {"engine": {"id": "a"}},
    {"engine": {"id": "a", "backend": OBJECT}},
    {"model": {"name": ["b"]}},
    {"model": {"name": "b", "quantization": OBJECT}},
    {"summary": None},
    {"summary": {"length": 1}},
    {"summary": [None]},
    {"summary": [MEASURE] * 1001},
    *(
        {"summary": [MEASURE | wrong]}
        for wrong in (
            {"measure": "toString"},
            {"measure": ["decode"]},
            {"prefill": OBJECT},
            {"prefill": "32"},
            {"prefill": 1e300},
            {"unit": "<b>"},
            {"n": "3"},
            {"median": None},
            {"typical": "2"},
            {"p25": -1},
            {"p75": "3"},
            {"interval": [1]},
            {"interval": [1, None]},
            {"interval": {"0": 1, "1": 3, "length": 2}},
        )
    ),
]


def test_an_older_file_that_would_break_the_report_is_refused() -> None:
    said = read(*(results(**changes) for changes in BREAKS), *(results() for _ in range(2)))
    damaged = [str(each).startswith("old.json has records that are damaged") for each in said]
    assert damaged == [True] * len(BREAKS) + [False] * 2
