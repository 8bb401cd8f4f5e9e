"""A report as one HTML file, which opens from a disk, offline, and in ten years.

It holds the results, the styles and the modules that draw `/bench` too (`static/bench/report`), as data: modules behind an
import map. Strings of the results are in a JSON block that no HTML parser sees anything in; the policy lets nothing run but
the embedded scripts, nothing be fetched, and no string become markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from builder.model.catalog import published_speeds
from onpage.bench.comparison import Comparison
from onpage.bench.report import Content, shown_records
from onpage.bench.self_test import SelfTest
from onpage.bench.verdict import HEADS
from onpage.bench.words import NOISY, machine_text, onpage_text
from webapp.paths import static_folder

HERE = Path(__file__).parent
ENTRY = "bench/report/render.js"
PREFIX = "onpage/"
"""Specifiers of embedded modules begin with it: a data: URL has no folder that a relative one could start from."""
IMPORT = re.compile(r'^((?:import|export|\})[^"\n]*)"(\.[^"\n]+)"(?: with \{ type: "json" \})?', re.MULTILINE)


def html_report(
    files: Sequence[Content],
    *,
    baseline: Content | None = None,
    comparison: Comparison | None = None,
    tested: SelfTest | None = None,
) -> str:
    """The whole page."""
    data = {
        "results": {"records": [record for results in files for record in shown_records(results)]},
        "baseline": baseline and {"records": shown_records(baseline)},
        "published": [asdict(speed) for speed in published_speeds()],
        "comparison": comparison and _in_words(comparison, tested),
    }
    import_map = in_script({"imports": embedded_modules()})
    boot = (HERE / "boot.js").read_text(encoding="utf-8")
    sheets = static_folder() / "bench" / "report" / "report.css", HERE / "page.css"
    style = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    template = Environment(autoescape=True).from_string((HERE / "page.html").read_text(encoding="utf-8"))
    return template.render(
        policy=policy([import_map, boot], style),
        import_map=Markup(import_map),
        boot=Markup(boot),
        style=Markup(style),
        data=Markup(in_script(data)),
        noisy=NOISY,
        sources=[(results["created"], onpage_text(results), machine_text(results)) for results in files],
    )


def _in_words(comparison: Comparison, tested: SelfTest | None) -> dict[str, Any]:
    """With the rows of tables as the command prints them."""
    value = comparison.to_json() | {"heads": HEADS, "self_test": tested and tested.sentence}
    for pair, shown in zip(comparison.pairs, value["comparisons"], strict=True):
        shown["measures"] = [{"verdict": change.verdict, "cells": change.cells} for change in pair.changes]
    return value


def policy(scripts: Sequence[str], style: str) -> str:
    """The page's Content-Security-Policy: these inline scripts, data: modules, this style, and nothing else."""

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {' '.join(map(hashed, scripts))} data:; style-src {hashed(style)}; "
        f"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def in_script(value: object) -> str:
    """JSON that an HTML parser sees nothing in, and any JSON parser reads back."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def embedded_modules() -> dict[str, str]:
    """The import map of `ENTRY` and of all that it imports: each a data: URL."""
    imports: dict[str, str] = {}
    waiting = [ENTRY]
    while waiting:
        path = waiting.pop()
        if PREFIX + path in imports:
            continue
        source = _as_module(static_folder() / path)
        folder = posixpath.dirname(path)
        parts = IMPORT.split(source)  # text between, what is before the specifier, the specifier, text between …
        for i in range(2, len(parts), 3):
            target = posixpath.normpath(posixpath.join(folder, parts[i]))
            waiting.append(target)
            parts[i] = f'"{PREFIX}{target}"'
        imports[PREFIX + path] = f"data:text/javascript;base64,{base64.b64encode(''.join(parts).encode()).decode()}"
    return imports


def _as_module(path: Path) -> str:
    """The text of a module; of JSON, a module that exports it, for a data: URL cannot say what it is imported as."""
    text = path.read_text(encoding="utf-8")
    return f"export default {text.strip()};\n" if path.suffix == ".json" else text
