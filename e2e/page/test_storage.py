"""Models in the browser's own storage: what was sent once is not sent again, in part or whole, and nothing there is trusted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Worker, expect

from builder.files.digest import sha256_of
from e2e.page.conftest import STEP_MS, Watched, begin_worker_with
from e2e.page.servers import FaultyServer, faulty_server
from webapp.paths import DEMO_GRAPH

CHUNK = 4 << 20
"""What the page stores at a time: `CHUNK` of static/engine/download.js."""
LIST = "async () => (await import('/static/engine/storage.js')).listStored()"
FREE = """
async (name) => {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
  const writable = await (await folder.getFileHandle(name)).createWritable().catch(() => null);
  await writable?.abort();
  return writable !== null;
}
"""
"""Whether no tab holds the file any more: a closed one may for a moment."""
SHA256 = sha256_of(DEMO_GRAPH)
SIZE = DEMO_GRAPH.stat().st_size


@pytest.fixture
def faulty(scripted_faulty: FaultyServer) -> FaultyServer:
    """Of a model for the processor; no engine reads it."""
    return scripted_faulty


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + STEP_MS / 1000
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def stored(page: Page) -> dict[str, int]:
    """sha256 → bytes of it."""
    return {model["sha256"]: model["size"] for model in page.evaluate(LIST)}


def ready(tab: Watched, url: str) -> Page:
    page = tab.open(url)
    tab.wait_for("ready")
    return page


def limit_storage(page: Page, url: str, quota: int) -> None:
    page.context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", {"origin": url, "quotaSize": quota})


def test_it_is_sent_once(faulty: FaultyServer, new_tab: Callable[[], Watched]) -> None:
    """Also to another tab; and what the engine gets from storage is what it got from the network."""
    page = ready(new_tab(), faulty.url)
    assert stored(page) == {SHA256: SIZE}
    ready(new_tab(), faulty.url)
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-phase", "ready")
    assert faulty.faults.requests == [""]


def test_a_part_is_gone_on_with(faulty: FaultyServer, new_tab: Callable[[], Watched]) -> None:
    """The tab is closed midway. The next one asks for what is missing, and the whole has the right hash."""
    faulty.faults.cut_at = [CHUNK + 1_000_000]
    first = new_tab()
    first.open(faulty.url)
    faulty.faults.cuts.get(timeout=STEP_MS / 1000)
    eventually(lambda: stored(first.page) == {SHA256: CHUNK})
    first.page.close()
    second = new_tab()
    second.open(f"{faulty.url}/static/icon.svg")
    eventually(lambda: second.page.evaluate(FREE, SHA256))
    page = ready(second, faulty.url)
    assert faulty.faults.requests == ["", f"bytes={CHUNK}-"]
    assert stored(page) == {SHA256: SIZE}


FLIP = """
async (name) => {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
  const writable = await (await folder.getFileHandle(name)).createWritable({ keepExistingData: true });
  await writable.write({ type: "write", position: 2_000_000, data: new Uint8Array(100) });
  await writable.close();
}
"""


def test_what_was_damaged_there_is_downloaded_again(faulty: FaultyServer, tab: Watched) -> None:
    page = ready(tab, faulty.url)
    page.evaluate(FLIP, SHA256)
    page.reload()
    assert tab.problem() == "model-corrupt"
    assert stored(page) == {}
    page.get_by_role("button", name="Download again").click()
    tab.wait_for("ready")
    assert stored(page) == {SHA256: SIZE}
    assert faulty.faults.requests == ["", ""]


OPEN = """
async ([name, size, fresh]) => {
  const { openStored } = await import("/static/engine/storage.js");
  self.opened = await openStored({ sha256: name, size }, { fresh });
  return self.opened && self.opened.length;
}
"""
APPEND = "(bytes) => self.opened.append(new Uint8Array(bytes))"
CLOSE = "() => self.opened.close()"


@pytest.fixture
def worker(faulty: FaultyServer, tab: Watched) -> Worker:
    """A worker of the page, in which files can be opened."""
    return ready(tab, faulty.url).workers[0]


def test_the_oldest_make_room(faulty: FaultyServer, tab: Watched, worker: Worker) -> None:
    names = [digit * 64 for digit in "012"]
    for name in names[:2]:
        assert worker.evaluate(OPEN, [name, 1_000_000, False]) == 0
        assert worker.evaluate(APPEND, 1_000_000) is True
        worker.evaluate(CLOSE)
    limit_storage(tab.page, faulty.url, SIZE + 2_500_000)
    assert worker.evaluate(OPEN, [names[2], 20_000_000, False]) == 0
    assert worker.evaluate(APPEND, 5_000_000) is True
    assert stored(tab.page) == {names[0]: 1_000_000, names[1]: 1_000_000, names[2]: 5_000_000}
    assert worker.evaluate(APPEND, 15_000_000) is False
    assert set(stored(tab.page)) == {names[2]}


def test_what_a_new_model_takes_the_place_of_is_said(scripted: Path, endless_model: Path, tab: Watched) -> None:
    with faulty_server([DEMO_GRAPH, endless_model], static=scripted) as server:
        page = ready(tab, server.url)
        limit_storage(page, server.url, SIZE + 2_500_000)
        with tab.through("loading", "ready"):
            tab.choose_model("endless")
        expect(page.get_by_role("alert").filter(has_text="to make room")).to_have_text(
            f"Models were deleted to make roomThis browser deleted {DEMO_GRAPH.stem}. Get it again under All models if you want it."
        )
        assert stored(page) == {sha256_of(endless_model): endless_model.stat().st_size}
        tab.page.close()  # before its server


FULL = """
let written = 0;
const { write } = FileSystemSyncAccessHandle.prototype;
FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
  written += bytes.length;
  if (written > 5_000_000) throw new DOMException("failed by the test", "QuotaExceededError");
  return write.call(this, bytes, options);
};
FileSystemDirectoryHandle.prototype.removeEntry = async () => {
  throw new DOMException("failed by the test", "NoModificationAllowedError");
};
"""
UNREADABLE = """
FileSystemSyncAccessHandle.prototype.read = () => {
  throw new DOMException("failed by the test", "NotReadableError");
};
"""


def test_a_storage_that_becomes_full_is_done_without(faulty: FaultyServer, tab: Watched) -> None:
    """As Firefox and Safari say it, by an exception; and what is there cannot be removed."""
    begin_worker_with(tab.page, "litert_lm.worker.js", FULL)
    page = ready(tab, faulty.url)
    assert faulty.faults.requests == [""]
    assert stored(page) == {SHA256: 0}, "what could not be removed was emptied"


def test_a_storage_that_cannot_be_read_is_done_without(faulty: FaultyServer, tab: Watched) -> None:
    page = ready(tab, faulty.url)
    assert stored(page) == {SHA256: SIZE}
    begin_worker_with(page, "litert_lm.worker.js", UNREADABLE)
    ready(tab, faulty.url)
    assert faulty.faults.requests == ["", ""]
    assert stored(page) == {}


def test_a_browser_without_room_loads_it_each_time(faulty: FaultyServer, tab: Watched) -> None:
    page = tab.open(f"{faulty.url}/static/icon.svg")
    limit_storage(page, faulty.url, 1_000_000)
    ready(tab, faulty.url)
    assert stored(page) == {}
    expect(page.locator(".kept")).to_be_hidden()


def test_two_tabs_load_at_once(faulty: FaultyServer, new_tab: Callable[[], Watched]) -> None:
    """The first one downloads it; the second one shows how far that is, and goes on with it when the first is closed."""
    faulty.faults.cut_at = [CHUNK + 1_000_000]
    first, second = new_tab(), new_tab()
    first.open(faulty.url)
    faulty.faults.cuts.get(timeout=STEP_MS / 1000)
    page = second.open(faulty.url)
    expect(page.locator(".loading")).to_contain_text("Another tab is downloading the model")
    eventually(lambda: stored(page) == {SHA256: CHUNK})
    first.page.close()
    second.wait_for("ready")
    assert stored(page) == {SHA256: SIZE}
    assert faulty.faults.requests == ["", f"bytes={CHUNK}-"]


def test_a_proxy_that_sends_the_whole_again(faulty: FaultyServer, new_tab: Callable[[], Watched]) -> None:
    """What is there already is passed over."""
    faulty.faults.cut_at = [CHUNK + 1_000_000]
    first = new_tab()
    first.expected.append("ERR_")
    first.open(faulty.url)
    cut = faulty.faults.cuts.get(timeout=STEP_MS / 1000)
    eventually(lambda: stored(first.page) == {SHA256: CHUNK})
    faulty.faults.range_ignored = True
    cut.happen()
    first.wait_for("ready")
    assert len(faulty.faults.requests) == 2
    assert stored(first.page) == {SHA256: SIZE}


def test_removing_what_is_kept(faulty: FaultyServer, tab: Watched) -> None:
    page = ready(tab, faulty.url)
    kept = page.locator(".kept")
    expect(kept).to_contain_text(f"This browser keeps {SIZE / 1e6:.1f} MB of models for the next time.")
    remove = kept.get_by_role("button", name="Remove")
    remove.click()
    expect(kept).to_contain_text("This browser keeps no model.")
    expect(remove).to_be_focused()
    expect(remove).to_have_attribute("aria-disabled", "true")
    assert stored(page) == {}
    page.reload()
    tab.wait_for("ready")
    assert faulty.faults.requests == ["", ""]
