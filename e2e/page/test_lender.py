"""A download while another model in the browser has a part of it: the list says what is to come, and no more is sent. Where the quota is
nearly full, the model that lends goes, and the rest comes from the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from builder.convert.web_file import convert_checkpoint
from builder.files.digest import sha256_of
from builder.quantize.scheme import Quantization
from e2e.page.conftest import Watched
from e2e.page.servers import FaultyServer, faulty_server
from e2e.page.test_storage import limit_storage, stored
from tests.checkpoints import gemma3_config, write_checkpoint
from webapp.paths import DEMO_GRAPH

RANGE = re.compile(r"bytes=(\d+)-(\d+)")
ASKED_FIRST = 3
"""Requests for the header of a file, its notes and its sums."""
MOCK_ESTIMATE = """
(told) => {
  navigator.storage.real = navigator.storage.estimate;
  navigator.storage.estimate = async () => told;
}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two of one model, whose embeddings alone are quantized differently. Of several of the pieces that the page stores at a time."""
    folder = tmp_path_factory.mktemp("lender")
    checkpoint = write_checkpoint(folder / "c", gemma3_config(hidden_size=512, intermediate_size=2048))
    convert_checkpoint(checkpoint, folder / "lender.task", quantization=Quantization.of("8"))
    convert_checkpoint(checkpoint, folder / "target.task", quantization=Quantization.of("8", embedding="q4_0"))
    return folder / "lender.task", folder / "target.task"


@pytest.fixture
def server(files: tuple[Path, Path], scripted: Path) -> Iterator[FaultyServer]:
    with faulty_server([DEMO_GRAPH, *files], static=scripted) as running:
        yield running


@pytest.fixture
def page(server: FaultyServer, tab: Watched) -> Page:
    """The list of models, with the one that lends stored; the page looks for a lender of small models, too."""

    def of_any_size(route: Route) -> None:
        response = route.fetch()
        body, count = re.subn(r"(?m)^const WORTH = .*;$", "const WORTH = 0;", response.text())
        assert count == 1
        route.fulfill(response=response, body=body)

    tab.page.context.route("**/engine/lender.js", of_any_size)
    page = tab.open(f"{server.url}/#/models")
    tab.wait_for("ready")
    press(row(page, "lender"), "^Download")
    expect(page.locator(".models-said")).to_contain_text("lender is in this browser now")
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator(".models-item").filter(has=page.get_by_role("heading", name=name, exact=True))


def press(item: Locator, name: str) -> None:
    item.get_by_role("button", name=re.compile(name)).click()


def download(page: Page, server: FaultyServer) -> int:
    """How many bytes of `target` are sent, but for what is asked first."""
    asked = len(server.faults.requests)
    press(row(page, "target"), "^Download")
    expect(page.locator(".models-said")).to_contain_text("target is in this browser now, and its hash is right.")
    ranges = [RANGE.fullmatch(each) for each in server.faults.requests[asked + ASKED_FIRST :]]
    return sum(int(each[2]) + 1 - int(each[1]) for each in ranges if each)


def test_only_what_is_said_comes(page: Page, server: FaultyServer, files: tuple[Path, Path]) -> None:
    said = row(page, "target").locator(".models-state")
    expect(said).to_have_text(
        re.compile(r"Not in this browser · [\d.]+ [kM]B to download: another model here has the rest")
    )
    promised = re.findall(r"([\d.]+) ([kM])B", said.inner_text())[0]
    sent = download(page, server)
    assert 0 < sent < 0.3 * files[1].stat().st_size
    assert promised == ((f"{sent / 1e6:.1f}", "M") if sent >= 1e6 else (f"{sent / 1e3:.0f}", "k"))
    expect(said).to_have_text(re.compile(r"^In this browser"))


def test_where_there_is_no_room_for_both_the_lender_goes(
    page: Page, server: FaultyServer, files: tuple[Path, Path]
) -> None:
    """At first it lends all the same. What was deleted counts for a while."""
    size = files[1].stat().st_size
    lent = row(page, "target").get_by_text("another model here has the rest")
    promised = float(re.findall(r"([\d.]+) MB to download", lent.inner_text())[0]) * 1e6
    guessed = page.evaluate("navigator.storage.estimate().then(({ usage }) => usage)") - DEMO_GRAPH.stat().st_size
    page.evaluate(
        MOCK_ESTIMATE, {"usage": guessed, "quota": guessed + size // 2}
    )  # of its real limit Chromium tells the page nothing
    demo = row(page, DEMO_GRAPH.stem)
    press(demo, "^Delete")
    press(demo, "^Delete")
    page.wait_for_function(
        f"navigator.storage.real().then(({{ usage }}) => usage < {files[0].stat().st_size + (1 << 19)})"
    )
    limit_storage(page, server.url, page.evaluate("navigator.storage.real().then(({ usage }) => usage)") + size // 2)
    target = row(page, "target")
    expect(target).to_contain_text("To make room, lender will be deleted.")
    expect(lent).to_be_hidden()
    sent = download(page, server)
    assert 1.5 * promised < sent < size
    expect(page.locator(".models-said")).to_contain_text("Deleted to make room: lender.")
    assert stored(page) == {sha256_of(files[1]): size}
