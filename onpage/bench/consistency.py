"""Whether the figures of a record can all be true. A file that keeps to the schema may still say what nobody can have measured
(a time to the first text that is not the first piece's, ten times the tokens that were asked for): such a file is refused,
for a comparison would make a verdict of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LEAST_MILLISECONDS = 1e-3
"""No clock of a browser has finer steps than five microseconds."""
MAX_MORE_TOKENS = 64
"""That an engine may deliver past those asked for before it stops."""
TOLERANCE = 1e-6


def inconsistency_of(records: Iterable[Mapping[str, Any]]) -> str | None:
    """Where in the records, which keep to the schema, something is impossible, and what; None where nothing is."""
    seen: dict[str, int] = {}
    for number, record in enumerate(records):
        where = f"records[{number}]"
        if record["id"] in seen:
            return f"{where} is records[{seen[record['id']]}] again (id {record['id']})"
        seen[record["id"]] = number
        for index, sample in enumerate(record["samples"]):
            if wrong := _in_sample(sample, record["plan"]):
                return f"{where}.samples[{index}]: {wrong}"
        for index, load in enumerate(record["loads"]):
            if sum(load["milliseconds"].values()) < LEAST_MILLISECONDS:
                return f"{where}.loads[{index}]: a load takes longer than no time"
    return None


def _in_sample(sample: Mapping[str, Any], plan: Mapping[str, Any]) -> str | None:
    if not sample["pieces"]:
        return "an answer has at least one piece"
    return next((sentence for wrong, sentence in (*_times(sample), *_counts(sample, plan)) if wrong), None)


def _times(sample: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    ttft, times = sample["ttft"], [time for time, _ in sample["pieces"]]
    span = times[-1] - times[0]
    yield ttft < LEAST_MILLISECONDS, f"no clock measures a ttft of {ttft:g} ms"
    yield (
        abs(ttft - times[0]) > TOLERANCE * ttft,
        f"ttft is {ttft:g} ms, and the first piece came after {times[0]:g} ms",
    )
    yield any(after < before for before, after in itertools.pairwise(times)), "its pieces are not in order of time"
    yield len(times) > 1 and span < LEAST_MILLISECONDS, f"{len(times)} pieces cannot come within {span:g} ms"


def _counts(sample: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    tokens, first, prompt = sample["tokens"], sample["first_tokens"], sample["prompt_tokens"]
    characters = sum(count for _, count in sample["pieces"])
    words = sample["counted"] == "construction"  # of six letters with a space before each, which the first may lack
    yield first > tokens, f"the first piece has {first} tokens, and the whole answer {tokens}"
    yield tokens > plan["decode"] + MAX_MORE_TOKENS, f"{tokens} tokens came where the plan asks for {plan['decode']}"
    yield (
        words and tokens * 7 - characters not in (0, 1),
        f"{tokens} words of six letters are not {characters} characters",
    )
    yield sample["prefill"] not in plan["prefill"], f"its prompt length {sample['prefill']} is not in the plan"
    yield (
        not 0 < prompt <= plan["context"],
        f"a prompt of {prompt} tokens does not fit the context of {plan['context']}",
    )
