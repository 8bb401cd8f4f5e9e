"""Documents by meaning, with the real all-MiniLM-L6-v2: what it finds of sixty questions, and in a page what words miss."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from builder.encoder.convert import convert_encoder
from e2e.page.servers import onpage_serve
from tests.goldens.native import vectors

RECALL = Path(__file__).parents[1] / "tests/benchmarks/document_recall.mjs"
LOAD_MS = 120_000

RULES = """# Rules of the harbour

## Cycles

Every cycle on the quay carries a lamp after sunset.

## Moorings

Do not leave a rope across the path.

## Bathing

Minors enter the water only beside an adult.

## Kitchen

Light meals are served until nine.

## Fuel

Diesel is sold in the morning.
"""


@pytest.fixture(scope="module")
def file(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as `onpage fetch minilm-l6` makes it."""
    path = tmp_path_factory.mktemp("minilm") / "minilm.litertlm"
    convert_encoder(minilm, path)
    return path


def recall(*arguments: Path) -> dict[str, Any]:
    """What the script prints."""
    printed = subprocess.run(["node", RECALL, *arguments], capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, Any] = json.loads(printed.stdout)
    return found


def test_words_and_meanings_find_more_of_sixty_questions_than_words(file: Path, tmp_path: Path) -> None:
    written = tmp_path / "vectors.json"
    written.write_text(json.dumps({kind: vectors(file, texts).tolist() for kind, texts in recall().items()}))
    counts = recall(written)
    print(json.dumps(counts, indent=2))
    assert counts["words"] == {"questions": 60, "recall@3": 55, "first": 50}
    assert counts["both"]["recall@3"] >= 57 and counts["both"]["first"] >= 54


def test_a_question_in_other_words_finds_its_passage(browser: Browser, file: Path) -> None:
    with onpage_serve(["demo", file]) as server:
        page = browser.new_page()
        page.goto(f"{server.url}#/documents")
        page.locator(".documents-file").set_input_files({"name": "rules.md", "mimeType": "", "buffer": RULES.encode()})
        expect(page.locator(".documents-list li")).to_have_count(1, timeout=LOAD_MS)
        question, results = page.get_by_label("Ask your documents"), page.locator(".documents-results")
        question.fill("May children swim here alone?")
        question.press("Enter")
        expect(results).to_contain_text("Nothing was found.", timeout=LOAD_MS)
        results.get_by_role("button", name="Search by meaning too").click()
        first = results.locator(".documents-hit").first
        expect(first).to_contain_text("Minors enter the water only beside an adult.", timeout=LOAD_MS)
        first.get_by_role("button").click()
        expect(page.locator(".documents-reader mark")).to_contain_text("Minors enter the water", timeout=LOAD_MS)
        page.close()
