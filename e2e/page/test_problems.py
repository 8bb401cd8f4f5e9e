"""Every problem has its own screen: what happened, in a sentence, and a way on that works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from playwright.sync_api import Browser, expect

from e2e.page.conftest import STEP_MS, Watched, begin_worker_with, cut_when_arrived, insecure, watched
from e2e.page.servers import FaultyServer, RunningServer, onpage_serve
from onpage.bench.browser import SOFTWARE_WEBGPU, launch
from webapp.paths import DEMO_GRAPH

FAILED_RESOURCE = "Failed to load resource"
LONG_PAUSES = """
Math.random = () => 500;
const { get } = Object.getOwnPropertyDescriptor(WorkerNavigator.prototype, "onLine");
Object.defineProperty(WorkerNavigator.prototype, "onLine", {
  get() {
    const online = get.call(this);
    self.sawOffline ||= !online;
    return online;
  },
});
"""
"""The first pause lasts two minutes, and the worker says when it has seen that the browser is offline."""


def test_no_webgpu(server: RunningServer, tab: Watched) -> None:
    """Chromium cannot be started without WebGPU any more, so it loses the property that the page looks for."""
    tab.page.add_init_script("delete Navigator.prototype.gpu")
    tab.open(server.url)
    assert tab.problem() == "no-webgpu"
    expect(tab.page.get_by_role("listitem").first).to_be_visible()
    with tab.page.expect_navigation():
        tab.page.get_by_role("button", name="Check again").click()
    assert tab.problem() == "no-webgpu"


def test_no_adapter(server: RunningServer, browser: Browser) -> None:
    """A headless browser on a machine without a GPU, and without leave to use the software adapter."""
    with launch(browser.browser_type, ("--disable-gpu",)) as bare:
        tab = watched(bare.new_context())
        tab.open(server.url)
        assert tab.problem() == "no-adapter"
        expect(tab.page.get_by_role("listitem").first).to_be_visible()
        with tab.page.expect_navigation():
            tab.page.get_by_role("button", name="Check again").click()
        assert tab.problem() == "no-adapter"
        tab.check()


def test_insecure_origin(model_file: Path, browser: Browser) -> None:
    with insecure(browser, [model_file], "", *SOFTWARE_WEBGPU) as (server, tab):
        assert tab.problem() == "insecure-origin"
        expect(tab.page.get_by_role("button", name="Open at localhost")).to_be_visible()
        expect(tab.page.locator(".problem")).to_contain_text("http://localhost")
        assert not server.faults.requests


def test_server_unreachable(scripted_faulty: FaultyServer, tab: Watched) -> None:
    tab.expected.append(FAILED_RESOURCE)
    scripted_faulty.faults.refuse["/api/models"] = 1
    tab.open(scripted_faulty.url)
    assert tab.problem() == "server-unreachable"
    with tab.page.expect_navigation():
        tab.page.get_by_role("button", name="Try again").click()
    tab.wait_for("ready")


def test_model_missing(tmp_path: Path, tab: Watched) -> None:
    copy = tmp_path / DEMO_GRAPH.name
    shutil.copy(DEMO_GRAPH, copy)
    with onpage_serve([copy]) as server:
        copy.rename(tmp_path / "away")
        tab.expected.append(FAILED_RESOURCE)
        tab.open(server.url)
        assert tab.problem() == "model-missing"
        expect(tab.page.locator(".problem")).to_contain_text("moved or deleted")
        (tmp_path / "away").rename(copy)
        with tab.page.expect_navigation():
            tab.page.get_by_role("button", name="Try again").click()
        tab.wait_for("ready")
        tab.page.close()  # before its server


def test_model_corrupt(scripted_faulty: FaultyServer, tab: Watched) -> None:
    scripted_faulty.faults.flip_byte = 200_000
    tab.open(scripted_faulty.url)
    assert tab.problem() == "model-corrupt"
    expect(tab.page.locator(".problem")).to_contain_text("sha256")
    scripted_faulty.faults.flip_byte = None
    tab.page.get_by_role("button", name="Download again").click()
    tab.wait_for("ready")


def test_download_resumes(faulty: FaultyServer, tab: Watched) -> None:
    """Nobody sees these cuts: each time it goes on from the last byte that arrived."""
    tab.expected.append("ERR_")
    faulty.faults.cut_at = [500_000, 800_000, 1_100_000]
    tab.open(faulty.url)
    cuts = [cut_when_arrived(tab, faulty) for _ in range(3)]
    tab.wait_for_engine()
    assert faulty.faults.starts() == [0, *cuts]


def test_download_is_tried_again(scripted_faulty: FaultyServer, tab: Watched) -> None:
    """The page says what it waits for, and goes on by itself when the server is back."""
    tab.expected.append("ERR_")
    scripted_faulty.faults.cut_everything = True
    tab.open(scripted_faulty.url)
    detail = tab.page.locator(".loading-detail")
    expect(detail).to_have_text(
        re.compile(r"^\d+(\.\d)? [kM]B of [\d.]+ MB · The server does not answer: trying again in \d+ s$")
    )
    scripted_faulty.faults.cut_everything = False
    tab.wait_for("ready")


def test_online_again(scripted_faulty: FaultyServer, tab: Watched) -> None:
    """The worker sees it, and its pause ends long before its time."""
    tab.expected.append("ERR_")
    page = tab.page
    begin_worker_with(page, "litert_lm.worker.js", LONG_PAUSES)
    scripted_faulty.faults.cut_everything = True
    tab.open(scripted_faulty.url)
    expect(page.locator(".loading-detail")).to_contain_text("trying again in 3 min")
    page.context.set_offline(True)
    for _ in range(STEP_MS // 100):
        if page.workers[-1].evaluate("self.sawOffline"):
            break
        page.wait_for_timeout(100)
    scripted_faulty.faults.cut_everything = False
    page.context.set_offline(False)
    tab.wait_for("ready", timeout=60_000)


def test_download_refused(scripted_faulty: FaultyServer, tab: Watched) -> None:
    """As by a proxy that wants a sign-in: named for what it is, and gone when the page is opened anew."""
    tab.expected.append(FAILED_RESOURCE)
    scripted_faulty.faults.forbid = 1
    tab.open(scripted_faulty.url)
    assert tab.problem() == "server-refused"
    expect(tab.page.locator(".problem")).to_contain_text("403")
    with tab.page.expect_navigation():
        tab.page.get_by_role("button", name="Try again").click()
    tab.wait_for("ready")


def test_engine_restarts_by_itself(scripted_faulty: FaultyServer, tab: Watched) -> None:
    """Once: the page only says so. What was typed is still there, and the model is not sent again."""
    tab.expected.append(FAILED_RESOURCE)
    scripted_faulty.faults.refuse["litertlm_wasm_internal.js"] = 1
    page = tab.open(scripted_faulty.url)
    page.get_by_label("Your text").fill("Something typed while it loads.")
    tab.wait_for("ready")
    expect(page.get_by_role("alert")).to_contain_text("started again")
    expect(page.get_by_label("Your text")).to_have_value("Something typed while it loads.")
    sent = len(scripted_faulty.faults.requests)
    page.get_by_text("Details", exact=True).click()
    page.get_by_label("Seed").fill("9")
    with tab.through("loading", "ready"):
        page.get_by_role("button", name="Apply", exact=True).click()
    assert len(scripted_faulty.faults.requests) == sent, "the model was sent again, though its address is immutable"


def test_engine_failed(scripted_faulty: FaultyServer, tab: Watched) -> None:
    tab.expected.append(FAILED_RESOURCE)
    script = "litertlm_wasm_internal.js"
    scripted_faulty.faults.refuse[script] = 2
    tab.open(scripted_faulty.url)
    assert tab.problem() == "engine-failed"
    assert scripted_faulty.faults.refuse[script] == 0
    tab.page.get_by_role("button", name="Start the engine again").click()
    tab.wait_for("ready")


def test_unreadable_model_ends_in_a_screen(faulty: FaultyServer, tmp_path: Path, tab: Watched) -> None:
    """A file with the right hash that the engine cannot read is the engine's failure, not an endless wait."""
    tab.expected.append("Failed to get metadata: odml.infra.proto.LlmParameters")
    (model,) = faulty.models.values()
    content = bytearray(model.path.read_bytes())
    content[8:4096] = bytes(4088)
    broken = tmp_path / model.path.name
    broken.write_bytes(content)
    faulty.serve_instead(broken)
    tab.open(faulty.url)
    assert tab.problem() == "engine-failed"
