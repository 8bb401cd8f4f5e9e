"""`onpage gemma` on the real Gemma 3 270M, from the weights to posts in Chromium, written by the engine of the processor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from builder.store import Store
from real.serving import page_of, store_with
from webapp.paths import POST_ADAPTER
from webapp.served_models import ServedModel

MINUTES = 60_000
BAD_NEWS = (
    "Riverside Bakery on Mill Lane closes for good on Saturday, 7 June after 41 years. Owner Margaret Osei said rising flour and energy "
    "prices left her no choice. The nine staff have been offered places at the shop in Carrow."
)


@pytest.fixture(scope="module")
def store(gemma: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_with(gemma, tmp_path_factory.mktemp("home") / "store")


@pytest.fixture(scope="module")
def served(store: Store) -> Iterator[str]:
    with page_of(store, "gemma", "--accept", "gemma-terms") as (url, printed):
        assert "Fetching" in printed and "Converting" in printed
        yield url


@pytest.fixture(scope="module")
def page(served: str, browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(served)
    page.wait_for_selector("body[data-phase=ready]", timeout=10 * MINUTES)
    yield page
    context.close()


def post_about(page: Page, text: str, length: str) -> str:
    page.get_by_label("Your text").fill(text)
    page.get_by_role("radio", name=length).check(force=True)
    page.get_by_role("button", name="Write", exact=True).click()
    page.wait_for_selector("body[data-phase=writing]", timeout=MINUTES)
    page.wait_for_selector("body[data-phase=ready]", timeout=10 * MINUTES)
    return page.get_by_role("log", name="The post").inner_text()


def test_both_engines_have_a_file_of_the_same_model(served: str, store: Store) -> None:
    ids = [model.manifest.id for model in store.models()]
    model = ServedModel.read(tuple(store.get(each) for each in sorted(ids))).to_json()
    assert [file["engines"] for file in model["files"]] == [["mediapipe"], ["litert-lm-cpu"]]
    assert [round(file["size"] / 1e6) for file in model["files"]] == [213, 279]
    assert model["files"][0]["precision"] == "float16"


def test_the_page_says_what_runs_and_under_what_licence(page: Page) -> None:
    assert page.locator("body").get_attribute("data-engine") == "litert-lm-cpu"
    expect(page.locator(".about")).to_contain_text("Gemma 3 270M")
    expect(page.locator(".about")).to_contain_text("writes here, on this computer's processor. It can get facts wrong")
    expect(page.locator(".model-facts")).to_contain_text("279.1 MB · int8")
    licence = page.get_by_role("link", name="Gemma Terms of Use")
    expect(licence).to_have_attribute("href", "https://ai.google.dev/gemma/terms")
    expect(page.locator(".card-sample")).to_be_hidden()


@pytest.mark.parametrize("length", ["Short", "Standard"])
def test_a_post_has_the_facts_and_ends(page: Page, length: str) -> None:
    post = post_about(page, BAD_NEWS, length)
    assert len(post.split()) >= 5
    assert not page.locator(".notice").filter(has_text="lost its way").count()
    if POST_ADAPTER.is_dir():
        assert "Riverside Bakery" in post and re.search(r"#\w", post) and len(post.split()) <= 60
        assert not re.search(r"congratulat|great news|exciting|can't wait", post, re.IGNORECASE)


def test_a_second_run_makes_nothing(page: Page, store: Store) -> None:
    before = [(model.path, model.path.stat().st_mtime_ns) for model in store.models()]
    with page_of(store, "gemma") as (_, printed):
        assert "onpage: " not in printed and "Terms of Use" not in printed
    assert before == [(model.path, model.path.stat().st_mtime_ns) for model in store.models()]
