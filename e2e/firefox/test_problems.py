"""The problem screens in Firefox: Chromium's tests of the faults that are the server's, and what Firefox itself lacks."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.firefox.browser import INSECURE_HOST
from e2e.page.conftest import EXAMPLE, Watched
from e2e.page.servers import faulty_server
from e2e.page.test_problems import (
    test_download_is_tried_again,
    test_engine_failed,
    test_model_corrupt,
    test_model_missing,
    test_server_unreachable,
)
from webapp.paths import DEMO, DEMO_MODEL

__all__ = [
    "test_download_is_tried_again",
    "test_engine_failed",
    "test_model_corrupt",
    "test_model_missing",
    "test_server_unreachable",
]


def test_no_webgpu(tab: Watched) -> None:
    """The model has no file for the processor."""
    with faulty_server([DEMO_MODEL]) as server:
        tab.open(server.url)
        assert tab.problem() == "no-webgpu"
        expect(tab.page.get_by_role("listitem").first).to_be_visible()
        with tab.page.expect_navigation():
            tab.page.get_by_role("button", name="Check again").click()
        assert tab.problem() == "no-webgpu"
        tab.page.close()  # before its server


def test_an_insecure_address_has_the_processor(tab: Watched) -> None:
    with faulty_server([DEMO], allowed_hosts=(INSECURE_HOST,)) as server:
        page = tab.open(server.url.replace("127.0.0.1", INSECURE_HOST))
        tab.wait_for("ready")
        assert page.evaluate("[isSecureContext, crossOriginIsolated]") == [False, False]
        page.get_by_role("button", name=EXAMPLE).click()
        assert tab.write()
        tab.page.close()  # before its server
