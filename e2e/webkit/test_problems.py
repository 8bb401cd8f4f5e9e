"""The problem screens in WebKitGTK, each with its way on."""

from __future__ import annotations

from e2e.page.servers import FaultyServer, onpage_serve
from e2e.webkit.tab import Tab
from webapp.paths import DEMO_MODEL


def test_no_webgpu(tab: Tab) -> None:
    """The model has no file for the processor."""
    with onpage_serve([DEMO_MODEL]) as server:
        tab.open(server.url)
        assert tab.problem() == "no-webgpu"
        tab.load_by("Check again")
        assert tab.problem() == "no-webgpu"


def test_server_unreachable(tab: Tab, quick_faulty: FaultyServer) -> None:
    quick_faulty.faults.refuse["/api/models"] = 1
    tab.open(quick_faulty.url)
    assert tab.problem() == "server-unreachable"
    tab.load_by("Try again")
    tab.wait_for("ready")


def test_download_refused(tab: Tab, quick_faulty: FaultyServer) -> None:
    quick_faulty.faults.forbid = 1
    tab.open(quick_faulty.url)
    assert tab.problem() == "server-refused"
    tab.load_by("Try again")
    tab.wait_for("ready")


def test_download_is_tried_again(tab: Tab, quick_faulty: FaultyServer) -> None:
    quick_faulty.faults.cut_everything = True
    tab.open(quick_faulty.url)
    tab.wait_for_status("Waiting for the server")
    quick_faulty.faults.cut_everything = False
    tab.wait_for("ready")


def test_model_corrupt(tab: Tab, quick_faulty: FaultyServer) -> None:
    """The hash is compared when the engine has read the whole file."""
    quick_faulty.faults.flip_byte = 5_000_000
    tab.open(quick_faulty.url)
    assert tab.problem() == "model-corrupt"
    quick_faulty.faults.flip_byte = None
    tab.press("Download again")
    tab.wait_for("ready")


def test_engine_failed(tab: Tab, quick_faulty: FaultyServer) -> None:
    """Its script cannot be had, also not at the second try, which the page makes by itself."""
    quick_faulty.faults.refuse["litertlm_wasm_compat_asyncify_internal.js"] = 2
    tab.open(quick_faulty.url)
    assert tab.problem() == "engine-failed"
    tab.press("Start the engine again")
    tab.wait_for("ready")
