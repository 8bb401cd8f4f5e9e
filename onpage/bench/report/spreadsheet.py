"""A report as CSV (RFC 4180): a row for each measure of each record."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from onpage.bench.report import Content, shown_records
from onpage.bench.words import adapter_text, machine_text

COLUMNS = (
    *("created", "onpage", "commit", "modified", "machine"),
    *("label", "status", "browser", "browser_version", "adapter", "software"),
    *("engine", "backend", "engine_version", "model", "model_sha256", "quantization"),
    *("measure", "prefill", "unit", "n", "typical", "p25", "median", "p75", "low", "high", "noisy"),
)
"""`low` and `high` are the 95 % interval of `typical`, the geometric mean; values are in the unit of their row."""

COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings that make a spreadsheet compute a text."""


def csv_report(files: Sequence[Content]) -> str:
    """All of it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row.values()] for row in rows_of(files))
    return text.getvalue()


def rows_of(files: Sequence[Content]) -> list[dict[str, Any]]:
    """A row for each measure of each record, with a value or None under each of COLUMNS."""
    rows = []
    for results in files:
        for record in shown_records(results):
            facts = _facts(results, record)
            for summary in record["summary"]:
                low, high = summary["interval"] or (None, None)
                row = facts | summary | {"low": low, "high": high}
                rows.append({column: row[column] for column in COLUMNS})
    return rows


def _facts(results: Content, record: Mapping[str, Any]) -> dict[str, Any]:
    browser, adapter, engine, model = (
        record["browser"] or {},
        record["adapter"] or {},
        record["engine"],
        record["model"],
    )
    return {
        "created": results["created"],
        "onpage": results["onpage"]["version"],
        "commit": results["onpage"]["commit"],
        "modified": results["onpage"]["modified"],
        "machine": machine_text(results),
        "label": record["label"],
        "status": record["status"],
        "browser": browser.get("name"),
        "browser_version": browser.get("version"),
        "adapter": adapter_text(adapter),
        "software": record["software"],
        "engine": engine["name"],
        "backend": engine["backend"],
        "engine_version": engine["version"],
        "model": model["name"],
        "model_sha256": model["sha256"],
        "quantization": model["quantization"],
    }


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(COMPUTED):
        return f"'{value}"
    return value
