"""One report of one or several results files, in each of its forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import ResultsError
from onpage.bench.compare import compare_alike, compare_sides, refuse_duplicates
from onpage.bench.comparison import Comparison
from onpage.bench.report import Content, markdown, page, spreadsheet, write_text
from onpage.bench.results import Results
from onpage.bench.self_test import SelfTest, self_test_of

SUFFIXES = (".html", ".csv", ".md")
"""Of the files that a report is written to."""


@dataclass(frozen=True)
class Report:
    """What was measured and, against a baseline or between the sides of an interleaved run, what changed."""

    files: tuple[Content, ...]
    baseline: Content | None
    comparison: Comparison | None
    tested: SelfTest | None
    notes: tuple[str, ...]
    """What one should know besides, in sentences."""

    @classmethod
    def of(cls, results: Sequence[Results], baseline: Results | None = None) -> Report:
        """Raises ResultsError where one has no records, or a record is there twice."""
        if empty := [each.name for each in results if not each.records]:
            raise ResultsError(
                f"{', '.join(empty)}: nothing to report, the file contains no records.", subject=empty[0]
            )
        refuse_duplicates(record for each in results for record in each.records)
        files = tuple(each.content for each in results)
        alone = files[0] if len(files) == 1 else None
        alike = compare_alike(baseline.content, files) if baseline else None
        notes = []
        if baseline and not alike:
            notes.append(
                f"{baseline.name} has no record of the same model, engine, browser, adapter, plan and machine: nothing is compared."
            )
        return cls(
            files,
            baseline.content if baseline else None,
            alike or (compare_sides(alone) if alone else None),
            self_test_of(alone) if alone else None,
            tuple(notes),
        )

    def html(self) -> str:
        """One page with tables and plots, which needs no network."""
        return page.html_report(self.files, baseline=self.baseline, comparison=self.comparison, tested=self.tested)

    def markdown(self) -> str:
        """Short enough for a pull request."""
        return markdown.markdown_report(self.files, comparison=self.comparison, tested=self.tested)

    def csv(self) -> str:
        """`rows` for a spreadsheet, where no text is computed."""
        return spreadsheet.csv_report(self.files)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each measure of each record, under spreadsheet.COLUMNS: what a data frame takes."""
        return spreadsheet.rows_of(self.files)

    def write(self, path: Path) -> None:
        """In the form that its suffix names, whole or not at all; ResultsError for another, OutputError where it cannot be."""
        refuse_another_suffix(path)
        forms = {".html": self.html, ".csv": self.csv, ".md": self.markdown}
        write_text(path, forms[path.suffix.lower()]())

    def _repr_markdown_(self) -> str:
        """What a notebook shows."""
        return self.markdown()


def refuse_another_suffix(path: Path) -> None:
    """ResultsError where a file's name does not say what is to be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise ResultsError(f"{path}: the suffix must be .html, .csv or .md.", subject=path)
