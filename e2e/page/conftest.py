"""What every test of the page shares: the model, servers, and a tab that fails its test on any violation or error."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, TimeoutError, expect

from builder.store import Store
from builder.store.importing import import_file
from builder.synth import synthesize
from e2e.page.servers import CUT_SECONDS, FaultyServer, RunningServer, faulty_server, onpage_serve
from webapp.paths import DEMO_MODEL

MODEL_ENVIRONMENT = "ONPAGE_TEST_MODEL"
LOAD_MS = 120_000
"""SwiftShader compiles the engine's shaders on the processor; two busy cores need most of a minute."""
WRITE_MS = 90_000

STEP_MS = 20_000
"""For what takes no engine. Long, because the engine's shaders may be keeping both cores busy."""
expect.set_options(timeout=STEP_MS)

EXAMPLE = "Event"
"""The example that tests write about."""


@dataclass
class Watched:
    """A tab, with everything it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Patterns of complaints that the test provokes, such as the browser's own line about a 404."""

    def listen(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def choose_model(self, name: str) -> None:
        """In the picker, whose lines also say the quantization and the size."""
        option = self.page.locator("#model option", has_text=name)
        self.page.get_by_label("Model", exact=True).select_option(option.get_attribute("value"))

    def check(self) -> None:
        left = [text for text in self.complaints if not any(re.search(pattern, text) for pattern in self.expected)]
        assert not left, "the page complained:\n" + "\n".join(left)

    def open(self, url: str) -> Page:
        self.page.goto(url)
        return self.page

    def wait_for(self, phase: str, timeout: float = LOAD_MS) -> None:
        """Until the page is in `phase`; a problem's screen instead fails with what it says."""
        self.page.wait_for_selector(f"body[data-phase={phase}], body[data-phase=problem]", timeout=timeout)
        if phase != "problem" and self.page.locator("body[data-phase=problem]").count():
            raise AssertionError(f"expected {phase}, got a problem: {self.page.locator('#problem').inner_text()}")

    def wait_for_engine(self) -> None:
        """Until the model is in the engine: whole, with the right hash, accepted. What is left is the warm-up."""
        status = re.compile("Warming up|Ready")  # on some machines the warm-up is over before one can look
        expect(self.page.get_by_role("status")).to_have_text(status, timeout=LOAD_MS)

    def problem(self, timeout: float = LOAD_MS) -> str:
        """The code of the problem on the screen, once there is one; the screen has a title, a sentence and focus."""
        self.wait_for("problem", timeout)
        box = self.page.locator("#problem")
        expect(box).to_be_visible()
        expect(self.page.locator("#workspace")).to_be_hidden()
        expect(box.get_by_role("heading")).to_be_focused()
        assert box.locator(".problem-sentence").inner_text().endswith((".", ":"))
        return box.get_attribute("data-code") or ""


ARRIVED = "(share) => document.querySelector('.loading-bar').value === share"


def cut_when_arrived(tab: Watched, server: FaultyServer) -> int:
    """Lets the next cut happen once the page shows all that was sent before it; how much that was.

    The page shows its progress ten times a second at most, so perhaps not that of the last bytes: a further byte, after a
    while, makes it do so.
    """
    cut = server.faults.cuts.get(timeout=CUT_SECONDS)
    (model,) = server.models.values()
    while True:
        try:
            tab.page.wait_for_function(ARRIVED, arg=cut.position / model.manifest.size, timeout=500)
        except TimeoutError:
            cut.send_another()
        else:
            cut.happen()
            return cut.position


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The demo model, or the file that ONPAGE_TEST_MODEL names."""
    path = Path(os.environ.get(MODEL_ENVIRONMENT) or DEMO_MODEL)
    assert path.is_file(), f"{path} is not there: the page's tests need the demo model (or {MODEL_ENVIRONMENT})"
    return path


@pytest.fixture(scope="session")
def noise_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second model, whose answers never stop by themselves."""
    path = tmp_path_factory.mktemp("models") / "noise-web.task"
    synthesize("layers=2,context=1024", path)
    return path


@pytest.fixture(scope="module")
def server(model_file: Path, noise_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """`onpage serve` with both models: the demo model as a file first, the other from a store."""
    store = Store(tmp_path_factory.mktemp("store"))
    import_file(store, noise_model)
    with onpage_serve([model_file, "noise"], store=store.folder) as running:
        yield running


@pytest.fixture
def faulty(model_file: Path) -> Iterator[FaultyServer]:
    with faulty_server([model_file]) as running:
        yield running


@pytest.fixture
def new_tab(browser: Browser) -> Iterator[Callable[[], Watched]]:
    """Makes watched tabs of one fresh context; afterwards each must be free of complaints."""
    context = browser.new_context(locale="en-GB")
    tabs: list[Watched] = []

    def make() -> Watched:
        tab = watched(context)
        tabs.append(tab)
        return tab

    yield make
    context.close()
    for tab in tabs:
        tab.check()


@pytest.fixture
def tab(new_tab: Callable[[], Watched]) -> Watched:
    return new_tab()


def watched(context: BrowserContext) -> Watched:
    context.set_default_timeout(STEP_MS)
    tab = Watched(context.new_page())
    tab.listen()
    return tab
