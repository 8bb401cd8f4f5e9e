"""The npm package, packed and installed as its users do it: the three examples, and `<on-page>` from another origin."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
import waitress
from playwright.sync_api import Page, expect
from waitress import wasyncore
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from e2e.page.conftest import LOAD_MS, Watched
from e2e.page.servers import onpage_serve
from webapp.app import Config, create_app
from webapp.paths import DEMO, static_folder

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "package" / "examples"
NODE_MODULES = static_folder() / "node_modules"
BUNDLED = {"react": ("vite", "react", "react-dom"), "vue": ("vite", "vue", "@vitejs")}
"""Examples with a build step → what they need beside onpage."""
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples, built with the package from its tarball, and a page with the element."""
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(["node", ROOT / "package" / "build.js", folder / "packed"], check=True, capture_output=True)
    (tarball,) = (folder / "packed").glob("onpage-*.tgz")
    for example in ("plain", *BUNDLED):
        shutil.copytree(EXAMPLES / example, folder / example)
        (folder / example / "node_modules").mkdir()
        subprocess.run(["tar", "-xzf", tarball, "-C", folder / example / "node_modules"], check=True)
        (folder / example / "node_modules" / "package").rename(folder / example / "node_modules" / "onpage")
    for example, packages in BUNDLED.items():
        for name in packages:
            (folder / example / "node_modules" / name).symlink_to(NODE_MODULES / name)
        build = ["node", NODE_MODULES / "vite" / "bin" / "vite.js", "build", "--logLevel", "warn"]
        built = subprocess.run(build, check=False, cwd=folder / example, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        assert "onpage/" not in built.stdout + built.stderr, "Vite warns of a file of ours"
    return folder


@pytest.fixture(scope="module")
def address(pages: Path) -> Iterator[str]:
    """Serves the folder, and beside it, under /onpage/, the application."""
    app = flask.Flask("pages", static_folder=None)

    app.add_url_rule("/favicon.ico", view_func=lambda: flask.Response(status=204))

    @app.get("/<path:name>")
    def page(name: str) -> flask.Response:
        response = flask.send_from_directory(pages, name)
        response.headers.update(ISOLATED)
        return response

    both = DispatcherMiddleware(app.wsgi_app, {"/onpage": create_app(Config([DEMO])).wsgi_app})
    sockets: dict[int, Any] = {}
    server: Any = waitress.create_server(both, host="127.0.0.1", port=0, threads=8, map=sockets)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(
        lambda: wasyncore.close_all(sockets)
    )  # also the connections that the browser keeps open
    thread.join(5)
    assert not thread.is_alive(), "the server did not end"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """`onpage serve` at another origin, which any page may load from."""
    with onpage_serve(["demo"], "--allow-origin", "*") as server:
        yield server.url


def ask(page: Page) -> None:
    expect(page.locator("#status")).to_have_text("onpage-demo on CPU", timeout=LOAD_MS)
    page.locator("#ask").click()
    expect(page.locator("#status")).to_have_text(re.compile("ended: (limit|model)"), timeout=LOAD_MS)
    expect(page.locator("#answer")).not_to_be_empty()


def test_the_plain_page_asks_and_stops(tab: Watched, address: str) -> None:
    tab.open(f"{address}/plain/index.html")
    ask(tab.page)
    assert tab.page.evaluate("crossOriginIsolated")


@pytest.mark.parametrize("example", BUNDLED)
def test_a_bundled_page_asks(tab: Watched, address: str, elsewhere: str, example: str) -> None:
    site = f"?site={elsewhere}/" if example == "react" else ""
    tab.open(f"{address}/{example}/dist/index.html{site}")
    ask(tab.page)


def test_the_element_of_another_origin_writes_a_post(tab: Watched, pages: Path, address: str, elsewhere: str) -> None:
    script = f'<script type="module" src="{elsewhere}/static/element/on_page.js"></script>'
    text = f'<!doctype html><title>Mine</title><meta charset="utf-8">{script}<on-page task="post"></on-page>'
    (pages / "mine.html").write_text(text)
    tab.expected.append("ERR_FAILED")
    page = tab.page
    for needed in ("/api/models", "/tasks/post/judge.js"):
        page.route(f"**{needed}", lambda route: route.abort(), times=1)
    tab.open(f"{address}/mine.html")
    for _ in range(2):  # its screen's way on begins anew, as far as it comes
        page.locator(".problem[data-code=server-unreachable] .problem-action").click(timeout=LOAD_MS)
    page.get_by_role("button", name="Load 5.4 MB").click(timeout=LOAD_MS)
    expect(page.locator(".problem")).to_be_hidden()
    expect(page.locator("on-page")).to_have_attribute("data-phase", "ready", timeout=LOAD_MS)
    page.get_by_role("button", name="Event").click()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator(".card-text")).to_contain_text("Northfield Choir", timeout=LOAD_MS)
    expect(page.locator("on-page")).to_have_attribute("data-phase", "ready", timeout=LOAD_MS)
    page.evaluate("document.querySelector('on-page').remove()")
    expect(page.locator("on-page")).to_have_count(0)
