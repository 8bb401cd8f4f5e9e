"""The demo model that ships: its size, and a short look at how it writes (`onpage evaluate-demo` is the long one)."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.bundle import web_source, write_litertlm
from builder.demo.evaluate import EvaluationReport, evaluate
from builder.demo.publish import evaluate_posts
from builder.formats.web_file_reader import WebFile
from webapp.paths import DEMO_BUNDLE, DEMO_MODEL


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    return evaluate(DEMO_MODEL, generated=20, handwritten=False, float16=True)


def test_it_is_small_enough_to_ship_and_large_enough_to_load() -> None:
    assert 1 << 20 <= DEMO_MODEL.stat().st_size <= 12_000_000


def test_it_declares_the_context_that_it_was_trained_for() -> None:
    assert WebFile.open(DEMO_MODEL).context_length == 512


def test_it_keeps_names_and_facts_and_ends_by_itself(report: EvaluationReport) -> None:
    shares = report.shares("generated")
    assert shares["name"] >= 0.8 and shares["fact"] >= 0.8, report.table()
    assert shares["ended"] >= 0.95 and shares["within_50"] >= 0.95 and shares["hashtags"] >= 0.95, report.table()


def test_its_posts_fit_what_happened() -> None:
    """Of news with names that no training had, good and bad, at both lengths."""
    report = evaluate_posts(DEMO_MODEL, generated=20, blind=0, sampling=None)
    for words in (25, 50):
        for measure in ("kept", "unchanged", "no cheer", "publishable"):
            share = report.share(measure, "generated", words)
            assert share is not None and share >= 0.85, report.table()


def test_the_same_for_litert_lm_is_made_of_it(tmp_path: Path) -> None:
    """onpage bundle gives the same bytes each time."""
    write_litertlm(tmp_path / "made.litertlm", web_source(DEMO_MODEL))
    assert (tmp_path / "made.litertlm").read_bytes() == DEMO_BUNDLE.read_bytes()


def test_float16_is_enough_for_it(report: EvaluationReport) -> None:
    assert report.largest_activation is not None and report.largest_activation < 10_000
    assert report.float16_share is not None and report.float16_share >= 0.9
