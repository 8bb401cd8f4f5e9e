"""The three engines on the page: the same weights give the same post in each, the page picks one and says why, a person
picks another; a file that LiteRT-LM cannot read is a screen, as it is in MediaPipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page.conftest import (
    EXAMPLE,
    LOAD_MS,
    Watched,
    begin_worker_with,
    cut_when_arrived,
    insecure,
    wait_for_stop,
)
from e2e.page.servers import FaultyServer, RunningServer, faulty_server
from webapp.paths import DEMO, DEMO_BUNDLE, DEMO_GRAPH

ENGINES = ("mediapipe", "litert-lm", "litert-lm-cpu")
GREEDY = """
if (location.protocol === "http:") sessionStorage.onpage ??= JSON.stringify({{settings: {{{model!r}: {{temperature: 1, topK: 1, seed: 1, maxTokens: 512}}}}}})
"""
WRITE = """
() => new Promise((resolve) => {
  let writing = false;
  new MutationObserver((_, observer) => {
    const { phase } = document.body.dataset;
    writing ||= phase === "writing";
    if (!writing || phase === "writing") return;
    observer.disconnect();
    resolve(document.querySelector(".card-text").textContent);
  }).observe(document.body, { attributes: true });
  document.querySelector(".composer-write").click();
})
"""
"""Watched in the page: on the processor a post is there before a test could look."""


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with faulty_server([DEMO]) as running:
        yield running


def greedy_tab(tab: Watched, server: FaultyServer | RunningServer, query: str = "") -> Page:
    """Ready, with an example in it and settings under which every engine writes the same."""
    page = tab.page
    model = page.request.get(f"{server.url}/api/models").json()[0]["id"]
    page.add_init_script(GREEDY.format(model=model))
    tab.open(f"{server.url}/{query}")
    tab.wait_for("ready")
    page.get_by_role("button", name=EXAMPLE).click()
    return page


def write(page: Page) -> str:
    """The whole post."""
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_enabled()
    return str(page.evaluate(WRITE))


def engine(page: Page) -> str:
    """Where the page says that it runs."""
    return str(page.locator(".engine-reason").text_content())


def test_each_engine_writes_the_same_post(server: FaultyServer, tab: Watched) -> None:
    """Of the same weights, greedily; and the page chooses the processor before software that plays a GPU."""
    page = greedy_tab(tab, server)
    assert engine(page) == "Runs on the processor: this browser found no graphics card."
    expect(page.locator(".details-engine option:checked")).to_have_text("Automatic: LiteRT-LM on the processor")
    posts = {"automatic": write(page)}
    assert len(posts["automatic"].split()) > 5
    tab.open_details()
    for chosen in ENGINES:
        page.get_by_label("Engine").select_option(chosen)
        page.wait_for_selector(f"body[data-engine={chosen}][data-phase=ready]", timeout=LOAD_MS)
        said = "Runs on the processor, as you chose." if chosen.endswith("cpu") else "Runs slowly"
        assert engine(page).startswith(said)
        posts[chosen] = write(page)
        expect(page.locator(".model-facts")).to_contain_text("MediaPipe" if chosen == "mediapipe" else "LiteRT-LM")
    assert len(set(posts.values())) == 1, posts
    page.reload()
    page.wait_for_selector("body[data-engine=litert-lm-cpu][data-phase=ready]", timeout=LOAD_MS)
    expect(page.get_by_label("Engine")).to_have_value("litert-lm-cpu")  # the tab remembers


def test_the_address_names_an_engine(server: FaultyServer, tab: Watched) -> None:
    tab.open(f"{server.url}/?engine=litert-lm")
    tab.page.wait_for_selector("body[data-engine=litert-lm]")
    tab.open_details()
    tab.page.get_by_label("Engine").select_option("")
    tab.page.wait_for_selector("body[data-engine=litert-lm-cpu][data-phase=ready]")
    assert tab.page.url == f"{server.url}/"
    tab.open(f"{server.url}/?engine=of-another-age")
    tab.page.wait_for_selector("body[data-engine=litert-lm-cpu][data-phase=ready]")


def test_a_browser_without_webgpu_writes_on_the_processor(server: FaultyServer, tab: Watched) -> None:
    """Also one that can neither suspend WebAssembly: it gets the build for all browsers."""
    tab.page.add_init_script("delete Navigator.prototype.gpu")
    begin_worker_with(tab.page, "litert_lm.worker.js", "delete WebAssembly.Suspending")
    page = greedy_tab(tab, server)
    assert engine(page) == "Runs on the processor: this browser has no WebGPU."
    disabled = page.locator(".details-engine option:disabled").all_text_contents()
    assert disabled == ["MediaPipe on WebGPU (no WebGPU here)", "LiteRT-LM on WebGPU (no WebGPU here)"]
    assert len(write(page).split()) > 5
    asked = page.workers[0].evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop())"
    )
    assert "litertlm_wasm_compat_asyncify_internal.wasm" in asked
    assert "litertlm_wasm_internal.wasm" not in asked


def test_a_model_without_a_graph_says_so(tab: Watched) -> None:
    with faulty_server([DEMO_BUNDLE]) as server:
        page = tab.open(server.url)
        page.wait_for_selector("body[data-engine=litert-lm]")
        expect(page.locator(".engine-reason")).to_contain_text("the model has no file for the processor")
        assert page.locator(".details-engine option:disabled").all_text_contents() == [
            "MediaPipe on WebGPU (no file for it)",
            "LiteRT-LM on the processor (no file for it)",
        ]
        tab.page.close()  # before its server


def test_an_insecure_address_has_the_processor(browser: Browser) -> None:
    with insecure(browser, [DEMO]) as (_, tab):
        tab.wait_for("ready")
        assert engine(tab.page) == "Runs on the processor: browsers allow the GPU on localhost and https only."
        tab.page.get_by_role("button", name=EXAMPLE).click()
        assert len(write(tab.page).split()) > 5


def test_stop_while_it_cannot_listen(server: FaultyServer, tab: Watched) -> None:
    """On the processor the engine hears no message until it has finished; the page's own thread is free meanwhile."""
    begin_worker_with(tab.page, "litert_lm.worker.js", wait_for_stop(5))
    page = tab.open(f"{server.url}/bench?driven")  # the page's modules, and no engine of its own
    stopped = page.evaluate(STOPPED)
    assert stopped["ended"] == "stopped" and stopped["then"] == "limit"
    assert 5 <= stopped["tokens"] < 10
    assert stopped["after"] == 12


STOPPED = """
async () => {
  const { Engine, engineOf, message } = await import("/static/engine/index.js");
  const [{ files }] = await (await fetch("/api/models")).json();
  const file = files.find(({ engines }) => engines.includes("litert-lm-cpu"));
  const engine = new Engine(engineOf("litert-lm-cpu"));
  const vendor = JSON.parse(document.body.dataset.vendor);
  await engine.load(file, { temperature: 1, topK: 1, seed: 1, maxTokens: 512 }, { vendor });
  const stop = new AbortController();
  const generation = engine.generate([message("wait ".repeat(30))], { signal: stop.signal });
  let pieces = 0;
  for await (const piece of generation) if (piece && ++pieces === 5) stop.abort();
  const { tokens, ended } = await generation.figures;
  const limited = engine.generate([message("wait ".repeat(30))], { tokens: 12 });
  const { engineFigures, ended: then } = await limited.figures;
  engine.close();
  return { tokens, ended, then, after: engineFigures.lastDecodeTokenCount };
}
"""


def test_a_cut_download_goes_on(quick_faulty: FaultyServer, tab: Watched) -> None:
    """As with MediaPipe. (And a damaged file is thrown away: test_problems.py.)"""
    tab.expected.append("ERR_")
    quick_faulty.faults.cut_at = [500_000, 800_000]
    tab.open(quick_faulty.url)
    cuts = [cut_when_arrived(tab, quick_faulty) for _ in range(2)]
    tab.wait_for("ready")
    assert quick_faulty.faults.starts() == [0, *cuts]


def test_a_file_that_litert_lm_cannot_read_ends_in_a_screen(tmp_path: Path, tab: Watched) -> None:
    """The header is sound, the graph is not."""
    content = bytearray(DEMO_GRAPH.read_bytes())
    content[-3_000_000:] = bytes(3_000_000)
    content[98_304 + 8 : 98_304 + 4096] = bytes(4088)
    broken = tmp_path / "broken.litertlm"
    broken.write_bytes(content)
    with faulty_server([DEMO_GRAPH]) as server:
        server.serve_instead(broken)
        tab.open(server.url)
        assert tab.problem() == "engine-failed"
        tab.page.close()  # before its server
