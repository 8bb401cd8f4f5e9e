"""CSV and Markdown to the byte, and what must not be in any report. How the page looks is e2e/bench/test_report.py's."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from builder.errors import ResultsError
from onpage.bench.compare import compare_results, compare_sides
from onpage.bench.record import write_results
from onpage.bench.report import shown_records
from onpage.bench.report.markdown import escaped, markdown_report
from onpage.bench.report.page import embedded_modules, html_report, in_script
from onpage.bench.report.spreadsheet import csv_report
from onpage.bench.self_test import self_test_of
from onpage.command import cli
from tests.onpage.bench.records import record, results

GOLDENS = Path(__file__).with_name("goldens")
HOSTILE = "</script><script>alert(1)</script> | `x` @everyone <img src=x onerror=alert(2)>\u2028 =cmd()"


def small() -> dict[str, Any]:
    """A record of one length."""
    return record(prefill=(32,))


def hostile() -> dict[str, Any]:
    """Every text of a record that a file may choose."""
    made = small()
    error = {"code": HOSTILE, "sentence": HOSTILE, "detail": HOSTILE, "during": HOSTILE}
    made |= {"label": HOSTILE, "notes": [HOSTILE], "errors": [error]}
    for part in ("browser", "adapter", "engine", "model"):
        made[part] |= {
            name: HOSTILE
            for name, value in made[part].items()
            if isinstance(value, str) and name not in ("sha256", "origin", "connection")
        }
    return made


def interleaved(rounds: int = 5, slower: float = 1.15) -> dict[str, Any]:
    """Rounds of two records, of which the second is slower."""
    records = []
    for number in range(1, rounds + 1):
        for side, factor in (("A", 1.0), ("B", slower)):
            made = record(prefill=(32,), noise=(0.01 * number,), slower=factor)
            records.append(
                made | {"interleave": {"side": side, "round": number, "configuration": f"onpage={side}/onpage"}}
            )
    return results(*records)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["bench", "report", *map(str, arguments)])


def report(name: str) -> str:
    """As the golden of that name."""
    slow = results(record(prefill=(32,), slower=1.2))
    match name:
        case "report.csv":
            return csv_report([results(small())])
        case "report.md":
            return markdown_report([results(small())])
        case "comparison.md":
            return markdown_report([slow], comparison=compare_results(results(small()), slow))
        case _:
            return markdown_report([interleaved()], comparison=compare_sides(interleaved()))


NAMES = ("report.csv", "report.md", "comparison.md", "interleaved.md")


@pytest.mark.parametrize("name", NAMES)
def test_goldens(name: str) -> None:
    """`python -m tests.onpage.bench.test_report` writes them anew, to be looked at in the diff."""
    assert report(name) == (GOLDENS / name).read_bytes().decode()


def test_the_csv_reads_back_and_computes_nothing() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_report([results(hostile(), small())]), newline="")))
    assert {row["label"] for row in rows} == {HOSTILE, small()["label"]}
    formulas = hostile() | {"label": "=1+1"}
    assert "=1+1" not in {cell for row in csv.reader(io.StringIO(csv_report([results(formulas)]))) for cell in row}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b", r"a \| b"),
        ("<b>`x`</b>", r"\<b\>\`x\`\</b\>"),
        ("@all, synth:gemma3-270m@int4", "&#64;all, synth:gemma3-270m@int4"),
        ("two\nlines", "two lines"),
        ("[a](http://b)", r"\[a\](http&#58;//b)"),
        ("fixes https://forge.test/o/r/issues/1", "fixes https&#58;//forge.test/o/r/issues/1"),
        ("WWW.example.org, ratio 1:2", "WWW&#46;example.org, ratio 1:2"),
    ],
)
def test_markdown_text_stays_text(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_hostile_strings_are_nowhere_markup_in_the_markdown() -> None:
    text = markdown_report([results(hostile())], comparison=compare_results(results(hostile()), results(hostile())))
    assert not re.search(r"(?<!\\)[<`]", text)
    assert not re.search(r"(?<![\\\w;])@", text)
    assert "\u2028" not in text


def test_data_in_a_script_is_invisible_to_html_and_whole_to_json() -> None:
    value = {HOSTILE: [HOSTILE, "<!--", "]]>", "\u2029"]}
    text = in_script(value)
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == value


def test_modules_import_only_each_other() -> None:
    modules = {
        name: base64.b64decode(url.removeprefix("data:text/javascript;base64,")).decode()
        for name, url in embedded_modules().items()
    }
    assert "onpage/bench/report/render.js" in modules and len(modules) > 3
    for text in modules.values():
        specifiers = re.findall(r'^(?:import|export|\})[^"\n]*"([^"]+)"', text, re.MULTILINE)
        assert set(specifiers) <= set(modules)
        assert not re.search(r'from\s+["\']\.|import\(\s*["\']', re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def test_the_policy_allows_the_embedded_scripts_and_styles_only() -> None:
    page = html_report([results(hostile())])
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy and "default-src &#39;none&#39;" in policy[1] and "unsafe" not in policy[1]
    inline = re.findall(
        r"<(?:style|script(?! type=\"application/json\")[^>]*)>(.*?)</(?:style|script)>", page, re.DOTALL
    )
    assert len(inline) == 3
    for text in inline:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy[1].replace("&#43;", "+")
    assert page.count("<script") == 3  # with the data
    assert not re.search(
        r"""(?:src|href)=|url\(|@import|https?://(?!www\.w3\.org)""",
        re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL),
    )


def test_figures_are_computed_from_the_samples_whatever_the_summary_says() -> None:
    lying = small() | {"summary": [{"measure": "decode", "prefill": 32, "unit": "tok/s", "n": 9, "typical": 9e9, "p25": 1, "median": 1, "p75": 1, "interval": [1, 1], "noisy": False}]}  # fmt: skip
    (shown,) = shown_records(results(lying))
    (decode,) = (one for one in shown["summary"] if one["measure"] == "decode")
    assert decode["typical"] == pytest.approx(10, rel=1e-4)


def test_a_side_of_an_interleaved_run_is_one_record() -> None:
    a, b = shown_records(interleaved())
    assert [one["label"].split(" · ")[0] for one in (a, b)] == ["A", "B"]
    assert {one["n"] for one in a["summary"]} == {5}
    comparison = compare_sides(interleaved())
    assert comparison and comparison.pairs[0].paired and comparison.failures


def test_a_record_is_reported_once(tmp_path: Path) -> None:
    for name in ("r.json", "s.json"):
        write_results(tmp_path / name, results(small() | {"id": "0" * 32}))
    ran = run(tmp_path / "r.json", tmp_path / "s.json")
    assert isinstance(ran.exception, ResultsError) and "was given twice" in str(ran.exception)
    assert run(tmp_path / "r.json", "--baseline", tmp_path / "s.json").exception


def test_a_self_test_is_a_sentence_and_no_record() -> None:
    tested = []
    for number in range(1, 5):
        for side in "AB":
            place = {"phase": "self-test", "side": side, "round": number, "configuration": "A"}
            tested.append(record(prefill=(32,), noise=(0.001 * number * (side == "A"),)) | {"interleave": place})
    whole = interleaved() | {"records": [*tested, *interleaved()["records"]]}
    assert [one["label"].split(" · ")[0] for one in shown_records(whole)] == ["A", "B"]
    found = self_test_of(whole)
    assert found and "Self-test, A against itself in 4 rounds" in markdown_report([whole], tested=found)
    assert found.sentence in html_report([whole], comparison=compare_sides(whole), tested=found)


def test_the_answers_of_rounds_stay_apart() -> None:
    """Every round calls its run the first: taken together they would be one."""
    a, _ = shown_records(interleaved())
    assert [sample["run"] for sample in a["samples"] if not sample["warmup"]] == [1, 2, 3, 4, 5]
    (decode,) = (one for one in a["summary"] if one["measure"] == "decode")
    comparison = compare_sides(interleaved())
    assert comparison and comparison.changes[0].base and comparison.changes[0].base.typical == decode["typical"]


def test_a_file_without_records_is_refused(tmp_path: Path) -> None:
    for name, records in (("none.json", ()), ("r.json", (small(),))):
        write_results(tmp_path / name, results(*records))
    ran = run(tmp_path / "r.json", tmp_path / "none.json", "-o", tmp_path / "a.html")
    assert isinstance(ran.exception, ResultsError) and "none.json: nothing to report" in str(ran.exception)
    assert not (tmp_path / "a.html").exists()


def test_the_command_writes_each_by_its_suffix(tmp_path: Path) -> None:
    write_results(tmp_path / "r.json", results(small()))
    outputs = [part for name in ("a.html", "a.csv", "a.md") for part in ("-o", tmp_path / name)]
    write_results(tmp_path / "b.json", results(small()))
    ran = run(tmp_path / "r.json", *outputs, "--baseline", tmp_path / "b.json")
    written = [f"file\t{tmp_path / name}" for name in ("a.html", "a.csv", "a.md")]
    assert (ran.exit_code, ran.stdout.splitlines()) == (0, written)
    assert [(tmp_path / name).read_text()[:9] for name in ("a.html", "a.csv", "a.md")] == [
        "<!doctype",
        "created,o",
        "### onpag",
    ]
    assert run(tmp_path / "r.json", "--csv").stdout_bytes.decode() == csv_report([results(small())])
    assert run(tmp_path / "r.json").stdout == markdown_report([results(small())])


def test_another_suffix_is_wrong_usage_and_nothing_is_written(tmp_path: Path) -> None:
    write_results(tmp_path / "r.json", results(small()))
    ran = run(tmp_path / "r.json", "-o", tmp_path / "a.html", "-o", tmp_path / "a.pdf")
    assert (ran.exit_code, "the suffix must be .html, .csv or .md" in ran.stderr) == (2, True)
    assert not (tmp_path / "a.html").exists()


def test_a_baseline_of_something_else_is_said(tmp_path: Path) -> None:
    write_results(tmp_path / "r.json", results(small()))
    write_results(tmp_path / "b.json", results(record(prefill=(512,))))
    ran = run(tmp_path / "r.json", "--baseline", tmp_path / "b.json")
    assert ran.exit_code == 0
    assert "has no record of the same model" in ran.stderr


if __name__ == "__main__":
    for golden in NAMES:
        (GOLDENS / golden).write_bytes(report(golden).encode())
