"""A LoRA adapter on the page: put on and taken off, the same text each time; what stops it is a screen with a way on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from builder.formats.web_file_reader import WebFile
from builder.lora.adapter_file import convert_adapter
from e2e.page.conftest import EXAMPLE, WRITE_MS, Watched, watched_tab
from e2e.page.servers import RunningServer, onpage_serve
from e2e.page.test_accessibility import check
from tests.adapters import write_adapter

SAME = 60
"""Characters of a post with the adapter that are compared: the rest need not be waited for."""
NONE = "None: the model as it is"
BEGUN = """
(least) => {
  self.begun = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      const text = document.querySelector(".card:not([data-reading]) .card-text")?.textContent ?? "";
      if (document.body.dataset.phase !== "writing" || text.length < least) return;
      observer.disconnect();
      resolve(text);
    }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}
"""
"""Watched in the page: where it has something to say of a post it begins another, perhaps before a test could look."""


@pytest.fixture(scope="module")
def adapter(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random adapter for the model."""
    folder = tmp_path_factory.mktemp("adapter")
    p = WebFile.open(model_file).parameters
    t = p.transformer_parameters
    config = {
        "model_type": "gemma3_text",
        "hidden_size": t.embedding_dim,
        "intermediate_size": t.hidden_dimension,
        "num_hidden_layers": t.num_stacks,
        "num_attention_heads": t.num_heads,
        "num_key_value_heads": t.num_kv_heads,
        "head_dim": t.head_dimension,
        "query_pre_attn_scalar": t.head_dimension,
        "vocab_size": p.vocab_size,
        "sliding_window": 512,
    }
    path = folder / "cheerful-web.bin"
    convert_adapter(model_file, write_adapter(folder / "peft", config), path)
    return path


@pytest.fixture(scope="module")
def server(model_file: Path, adapter: Path) -> Iterator[RunningServer]:
    with onpage_serve([model_file], "--lora", str(adapter)) as running:
        yield running


@pytest.fixture(scope="module")
def tab(browser: Browser, server: RunningServer) -> Iterator[Watched]:
    """One tab for all. Top K is 1, so that a text depends on the model alone."""
    with watched_tab(browser, reduced_motion="reduce") as tab:
        yield greedy_tab(tab, server.url)


@pytest.fixture(scope="module")
def posts(tab: Watched) -> dict[str, str]:
    """What the model writes without the adapter, and what it begins with."""
    choose(tab, NONE)
    off = tab.write()
    choose(tab, "cheerful")
    return {"off": off, "on": begin(tab)}


def greedy_tab(tab: Watched, url: str) -> Watched:
    page = tab.page
    (model,) = page.request.get(f"{url}/api/models").json()
    settings = {model["id"]: model["sampling"] | {"topK": 1}}
    page.add_init_script(f"sessionStorage.onpage ??= JSON.stringify({json.dumps({'settings': settings})})")
    tab.open(url)
    tab.wait_for("ready")
    page.get_by_text("Details", exact=True).click()
    page.get_by_role("button", name=EXAMPLE).click()
    return tab


def choose(tab: Watched, name: str) -> None:
    """Puts an adapter on, or takes it off, unless it is."""
    if tab.page.locator(".settings-lora option:checked").inner_text() == name:
        return
    with tab.through("loading", "ready"):
        tab.page.get_by_label("Adapter").select_option(name)


def begin(tab: Watched) -> str:
    """What a post begins with, whether it ends or is stopped."""
    page = tab.page
    page.evaluate(BEGUN, SAME)
    with tab.through("writing", "ready"):
        page.get_by_role("button", name="Write", exact=True).click()
        begun = str(page.evaluate("self.begun"))
        page.locator(".composer-stop").dispatch_event("click")
    expect(page.locator(".composer-stop")).to_be_hidden(timeout=WRITE_MS)
    return begun[:SAME]


def test_off_is_the_model_as_it_is(browser: Browser, tab: Watched, model_file: Path, posts: dict[str, str]) -> None:
    """The same text as from a server that has no adapter."""
    with onpage_serve([model_file]) as plain, watched_tab(browser) as other:
        greedy_tab(other, plain.url)
        expect(other.page.get_by_label("Adapter")).to_be_hidden()
        assert other.write() == posts["off"]


def test_on_writes_otherwise_and_says_so(tab: Watched, posts: dict[str, str]) -> None:
    choose(tab, NONE)
    choose(tab, "cheerful")
    expect(tab.page.locator(".settings-lora + .field-help")).to_contain_text("LoRA, rank 8")
    expect(tab.page.locator(".model-facts")).to_contain_text("with cheerful")
    assert begin(tab) == posts["on"]
    assert len(posts["on"]) == SAME and not posts["off"].startswith(posts["on"])
    expect(tab.page.locator(".card-kind")).to_contain_text("with cheerful")
    check(tab.page)


def test_off_and_on_again(tab: Watched, posts: dict[str, str]) -> None:
    for name in ("cheerful", NONE):
        choose(tab, name)
    assert tab.write() == posts["off"]
    expect(tab.page.locator(".card-kind")).not_to_contain_text("with")
    choose(tab, "cheerful")
    assert begin(tab) == posts["on"]


def test_it_stays_on_when_the_model_is_loaded_again(tab: Watched, posts: dict[str, str]) -> None:
    page = tab.page
    choose(tab, "cheerful")
    page.get_by_label("Maximum tokens").fill("448")
    with tab.through("loading", "ready"):
        page.get_by_role("button", name="Apply", exact=True).click()
    assert begin(tab) == posts["on"]


def test_one_that_has_gone_is_a_screen_and_the_page_goes_on_without(
    tab: Watched, adapter: Path, posts: dict[str, str]
) -> None:
    page = tab.page
    choose(tab, "cheerful")
    tab.expected.append("404")
    away = adapter.rename(adapter.with_suffix(".away"))
    with_fresh_cache(page)
    page.reload()  # the tab remembers that it was on
    assert tab.problem() == "lora-failed"
    expect(page.locator(".problem")).to_contain_text("model-missing")
    away.rename(adapter)
    page.get_by_role("button", name="Go on without it").click()
    tab.wait_for("ready")
    expect(page.locator(".settings-lora")).to_have_value("")
    assert tab.write() == posts["off"]


def with_fresh_cache(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    session.detach()


def test_one_that_the_engine_refuses_leaves_the_model_as_it_was(browser: Browser, server: RunningServer) -> None:
    """The list lies about the rank, so the engine was made for another."""

    def lie(route: Route) -> None:
        models = route.fetch().json()
        for each in models[0]["adapters"]:
            each["rank"] = 16
        route.fulfill(body=json.dumps(models), content_type="application/json")

    with watched_tab(browser) as tab:
        tab.page.route("**/api/models", lie)
        tab.expected.append("LoRA|INVALID_ARGUMENT|graph|rank")
        tab.open(server.url)
        tab.wait_for("ready")
        tab.page.get_by_text("Details", exact=True).click()
        choose(tab, "cheerful")
        expect(tab.page.get_by_role("alert")).to_contain_text("The adapter cannot be used")
        expect(tab.page.get_by_label("Adapter")).to_have_value("")
