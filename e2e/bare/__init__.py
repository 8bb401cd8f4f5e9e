"""The engine on a page with nothing of ours on it, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, Error, Page

HERE = Path(__file__).parent
SILENCE = 150_000
"""Milliseconds; the slowest case takes 40 seconds on two busy cores."""

STATIC = HERE.parent.parent / "static"
NPM = STATIC / "node_modules"
VENDOR = NPM / "@mediapipe/tasks-genai"

T = TypeVar("T")


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: object, models: Path, **more: object) -> None:
        self.models = models
        super().__init__(*arguments, **more)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        folder, _, name = path.partition("?")[0].strip("/").partition("/")
        folders = {"vendor": VENDOR, "npm": NPM, "static": STATIC, "models": self.models, "bare": HERE}
        base = folders.get(folder, HERE)
        return str(base / name.lstrip("/")) if ".." not in name else str(HERE / "none")

    def end_headers(self) -> None:
        # cross-origin isolation makes performance.now() fine enough to measure with
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(models: Path) -> Iterator[str]:
    """Serves the bare pages, the npm packages and the files of `models`; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, models=models))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class EngineSilentError(Exception):
    """The engine neither answered nor failed, as MediaPipe does after an abort that it does not report."""


def call(page: Page, expression: str, argument: object) -> Any:
    """`page.evaluate` with a limit, which Playwright's own has not; EngineSilentError after it."""
    silent = f"new Promise((_, reject) => setTimeout(() => reject(new Error('engine silent')), {SILENCE}))"
    try:
        return page.evaluate(f"(argument) => Promise.race([({expression})(argument), {silent}])", argument)
    except Error as error:
        if "engine silent" in str(error):
            raise EngineSilentError from error
        raise


def generate(page: Page, prompt: str, tokens: int) -> list[str]:
    """MediaPipe's first words after a prompt, of a model with a token a word. It is stopped there, where the context has room for more."""
    answer = call(page, "([prompt, tokens]) => bare.generate(prompt, tokens)", [prompt, tokens])
    return str(answer["text"]).split()[:tokens]


class BareTab:
    """A bare page that takes one model after the other: the engine's WebAssembly is fetched and compiled once for all.

    After anything that failed in it, the next to ask gets a fresh one.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._page: Page | None = None

    def ask(self, ask: Callable[[Page], T]) -> T:
        """What `ask` returns for the page; where the engine falls silent, seen once in some dozens of loads, for a fresh one.

        A wrong answer is never asked for again.
        """
        try:
            return self._once(ask)
        except EngineSilentError:
            return self._once(ask)

    def _once(self, ask: Callable[[Page], T]) -> T:
        if self._page is None:
            self._page = self._browser.new_page()
            self._page.goto(self._url)
        try:
            return ask(self._page)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        if self._page is not None:
            self._page.close()
            self._page = None
