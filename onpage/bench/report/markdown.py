"""A report as Markdown, to paste into a pull request: the comparison where there is one, a short table, and where it ran."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from onpage.bench.comparison import Comparison, Pair
from onpage.bench.measures import Key, ordered
from onpage.bench.report import Content, shown_records
from onpage.bench.self_test import SelfTest
from onpage.bench.verdict import HEADS
from onpage.bench.words import NOISY, machine_text, name_of, onpage_text, quantity

SHORT = ("prefill", "decode", "ttft", "gap_p50", "load_cold", "load_warm", "first_answer", "memory")
"""Measures of the short table; the others say the same in other words."""
FAILING = ("regression", "missing")
ENTITIES = (
    (re.compile(r"(?<!\w)@"), "&#64;"),
    (re.compile(r":(?=//)"), "&#58;"),
    (re.compile(r"(?<=www)\.", re.IGNORECASE), "&#46;"),
)
"""What a forge makes mentions and links of (a link to an issue may close it), which no backslash prevents."""
SPECIAL = re.compile(r"([\\`*_\[\]|~<>&#])")


def markdown_report(
    files: Sequence[Content], *, comparison: Comparison | None = None, tested: SelfTest | None = None
) -> str:
    """All of it."""
    parts = ["### onpage bench", *_comparison(comparison), *([tested.sentence] if tested else [])]
    return "\n\n".join([*parts, *_figures(files, comparison is None)]) + "\n"


def escaped(text: str) -> str:
    """Somebody else's text on one line, with nothing in it that Markdown or a forge would act on."""
    text = SPECIAL.sub(r"\\\1", " ".join(text.split()))
    for sign, entity in ENTITIES:
        text = sign.sub(entity, text)
    return text


def _comparison(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        return
    yield f"**{comparison.verdict}** {comparison.power or ''}".rstrip()
    if comparison.failures:
        yield _list(comparison.failures)
    for pair in comparison.pairs:
        yield f"{escaped(pair.label)}{', paired by round' if pair.paired else ''}"
        short = [change for change in pair.changes if change.key.measure in SHORT or change.verdict == "missing"]
        yield _table(HEADS, [change.cells for change in short])
        yield from _remarks(pair)


def _remarks(pair: Pair) -> Iterator[str]:
    remarks = [*(difference.sentence for difference in pair.differences), *pair.notes]
    if remarks:
        yield _list(remarks)


def _figures(files: Sequence[Content], with_table: bool) -> Iterator[str]:
    records = [record for results in files for record in shown_records(results)]
    summaries = [{Key(one["measure"], one["prefill"]): one for one in record["summary"]} for record in records]
    keys = ordered({key for summary in summaries for key in summary if key.measure in SHORT})
    if keys and with_table:
        yield _table(
            ["", *(record["label"] for record in records)],
            [[name_of(key), *(_typical(summary.get(key)) for summary in summaries)] for key in keys],
        )
    lines = [_where(record) for record in records]
    for results in files:
        machine = machine_text(results)
        lines.append(
            f"Measured {results['created']} by onpage {onpage_text(results)}{f' on {machine}' if machine else ''}"
        )
    if any(one["noisy"] for summary in summaries for key, one in summary.items() if key in keys):
        lines.append(NOISY)
    yield _list(lines)


def _where(record: Mapping[str, Any]) -> str:
    browser, engine, failures = record["browser"], record["engine"], [error["sentence"] for error in record["errors"]]
    parts = [
        " ".join(filter(None, (engine["name"], engine["version"]))),
        f"{browser['name']} {browser['version']}" if browser else None,
        "on a software adapter: no GPU's figures" if record["software"] else None,
        None if record["status"] == "complete" else f"{record['status']}{f': {failures[0]}' if failures else ''}",
        "wrong answer to the known prompt" if record["correctness"]["ok"] is False else None,
    ]
    return f"{record['label']}: {', '.join(filter(None, parts))}"


def _typical(summary: Mapping[str, Any] | None) -> str:
    if summary is None:
        return "–"
    return quantity(summary["measure"], summary["typical"]) + (" ~" if summary["noisy"] else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[escaped(head) for head in heads], [":--", *("--:" for _ in heads[1:])]]
    lines += [[f"**{cell}**" if cell in FAILING else escaped(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(line)}" for line in dict.fromkeys(lines))
