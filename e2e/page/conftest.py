"""What every test of the page shares: the model, servers, and a tab that fails its test on any violation or error."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Route, expect

from builder.bundle import Conversation, graph_source, write_litertlm
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_file_reader import WebFile
from builder.model.families.dense import GEMMA_TURNS
from builder.model.tokenizer import Tokenizer
from builder.store import Store
from builder.store.importing import import_file
from builder.synth.web_file import synthesize
from e2e.page.scripted_engine import scripted_static
from e2e.page.servers import CUT_SECONDS, Cut, FaultyServer, RunningServer, faulty_server, onpage_serve
from onpage.bench.browser import launch
from webapp.paths import DEMO, DEMO_GRAPH, DEMO_MODEL
from webapp.served_models import Offer

MODEL_ENVIRONMENT = "ONPAGE_TEST_MODEL"
LOAD_MS = 240_000
"""A software GPU compiles the engine's shaders on the processor; two busy cores need most of a minute."""
WRITE_MS = 180_000

STEP_MS = 60_000
"""For what takes no engine. Long, because the engines of several tests may be keeping all cores busy."""
expect.set_options(timeout=STEP_MS)

EXAMPLE = "Event"
"""The example that tests write about."""

SHOW_PROBLEM = """
async (code) => {
  const { mountProblem } = await import("/static/app/problem.js");
  const root = document.querySelector(".problem");
  root.replaceChildren();
  mountProblem(root).update({ code, detail: "detail ".repeat(30) });
}
"""
"""Puts a problem's screen, by its code, into the place of the page's own."""

RECORD_PHASES = """
new MutationObserver(() => {
  const { phase } = document.body.dataset;
  const { dataset } = document.documentElement;
  if (!dataset.phases?.endsWith(` ${phase}`)) dataset.phases = `${dataset.phases ?? ""} ${phase}`;
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-phase"] });
"""
"""In an attribute, which a test can wait for in every browser."""


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
        option = self.page.locator(".header-model option", has_text=name)
        self.page.get_by_label("Model", exact=True).select_option(option.get_attribute("value"))

    def open_details(self) -> None:
        """Unfolds what is folded away: the engine, the figures, the settings."""
        details = self.page.locator(".details")
        if details.get_attribute("open") is None:
            self.page.get_by_text("Details", exact=True).click()

    def check(self) -> None:
        left = [text for text in self.complaints if not any(re.search(pattern, text) for pattern in self.expected)]
        assert not left, "the page complained:\n" + "\n".join(left)

    def open(self, url: str) -> Page:
        self.page.goto(url)
        return self.page

    def write(self, button: str = "Write") -> str:
        """Presses the button, waits until the page is ready again, and returns the post."""
        with self.through("writing", "ready"):
            self.page.get_by_role("button", name=button, exact=True).click()
        expect(self.page.locator(".composer-stop")).to_be_hidden(timeout=WRITE_MS)  # it may have been written again
        return self.post

    @property
    def post(self) -> str:
        """What is written so far, also where the page has put it away."""
        return self.page.locator(".card-text").inner_text()

    @property
    def status(self) -> Locator:
        """The line of the page's phase; a post that is being written again has a status of its own beside it."""
        return self.page.locator(".status")

    def wait_for(self, phase: str, timeout: float = LOAD_MS) -> None:
        """Until the page is in `phase`; a problem's screen instead fails with what it says."""
        self.page.wait_for_selector(f"body[data-phase={phase}], body[data-phase=problem]", timeout=timeout)
        if phase != "problem" and self.page.locator("body[data-phase=problem]").count():
            raise AssertionError(f"expected {phase}, got a problem: {self.page.locator('.problem').inner_text()}")

    @contextmanager
    def through(self, *phases: str) -> Iterator[None]:
        """What is done inside takes the page through these phases, each perhaps over before one could look."""
        record = self.page.locator("html")
        seen = re.escape(record.get_attribute("data-phases") or "")
        yield
        through = "".join(rf"( .*)? {phase}\b" for phase in phases)
        expect(record).to_have_attribute("data-phases", re.compile(f"^{seen}({through}|.* problem)"), timeout=LOAD_MS)
        if not re.match(seen + through, record.get_attribute("data-phases") or ""):
            raise AssertionError(f"expected {phases}, got a problem: {self.page.locator('.problem').inner_text()}")

    def wait_for_engine(self) -> None:
        """Until the model is in the engine: whole, with the right hash, accepted. What is left is the warm-up."""
        status = re.compile("Warming up|Ready")  # on some machines the warm-up is over before one can look
        expect(self.status).to_have_text(status, timeout=LOAD_MS)

    def problem(self, timeout: float = LOAD_MS) -> str:
        """The code of the problem on the screen, once there is one; the screen has a title, a sentence and focus."""
        self.wait_for("problem", timeout)
        box = self.page.locator(".problem")
        expect(box).to_be_visible()
        expect(box.get_by_role("heading")).to_be_focused()
        assert box.locator(".problem-sentence").inner_text().endswith((".", ":"))
        return box.get_attribute("data-code") or ""


HOLD = """
(isHeld) => {
  const post = self.postMessage.bind(self);
  const held = [];
  self.postMessage = (message) => (isHeld(message) ? held.push(message) : post(message));
  self.release = () => {
    self.postMessage = post;
    for (const message of held) post(message);
  };
}
"""
ENDS = "(message) => typeof message.result === 'object'"
ANSWERS = "(message) => message.type === 'text' || typeof message.result === 'object'"


def hold_end(page: Page) -> Callable[[], None]:
    """Keeps the engine's word that it has finished from the page until the result is called: so long it writes, however fast
    the engine is."""
    return _hold(page, ENDS)


def hold_answer(page: Page) -> Callable[[], None]:
    """As `hold_end`, and the text as well: so long the page waits for the first word."""
    return _hold(page, ANSWERS)


def _hold(page: Page, is_held: str) -> Callable[[], None]:
    worker = page.workers[-1]
    worker.evaluate(f"() => ({HOLD})({is_held})")
    return lambda: worker.evaluate("self.release()")


def begin_worker_with(page: Page, worker: str, script: str) -> None:
    """Workers of this file that the page starts from now on run `script` before their own first line."""

    def changed(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=f"{{ {script} }}\n{response.text()}")

    page.context.route(f"**/{worker}", changed)


def wait_for_stop(pieces: int) -> str:
    """For a worker to begin with: that many pieces of its first answer are all until the page has stopped it, however slow the
    page is."""
    return f"""
      const post = self.postMessage.bind(self);
      let [left, stop] = [{pieces}, null];
      self.addEventListener("message", ({{ data }}) => {{ stop = data.stop && new Int32Array(data.stop); }});
      self.postMessage = (message) => {{
        post(message);
        if (message.type !== "text" || --left) return;
        const until = Date.now() + 60_000;
        while (!Atomics.load(stop, 0) && Date.now() < until) Atomics.wait(stop, 0, 0, 50);
      }};
    """


def cut_when_arrived(tab: Watched, server: FaultyServer) -> int:
    """Lets the next cut happen once the page shows all that was sent before it; how much that was."""
    cut = standing_cut(tab, server)
    cut.happen()
    return cut.position


def standing_cut(tab: Watched, server: FaultyServer) -> Cut:
    """The next cut, before it happens, once the page shows all that was sent.

    The page shows its progress ten times a second at most, so perhaps not that of the last bytes: a further byte, after a
    while, makes it do so.
    """
    cut = server.faults.cuts.get(timeout=CUT_SECONDS)
    (model,) = server.models.values()
    bar = tab.page.locator(".loading-bar")
    patience = time.monotonic() + 0.5
    # the engine's own bytes are in the bar as well: so it is what is missing that counts
    while bar.evaluate("(bar) => bar.max - bar.value") != model.manifest.size - cut.position:
        if time.monotonic() > patience:
            cut.send_another()
            patience = time.monotonic() + 0.5
        time.sleep(0.02)
    return cut


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


@pytest.fixture(scope="session")
def endless_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model for the processor, under another name, and with a token that it never writes as its only end."""
    folder = tmp_path_factory.mktemp("endless")
    decoder = LitertlmFile.open(DEMO_GRAPH).decoder
    graph = folder / "demo.tflite"
    graph.write_bytes(DEMO_GRAPH.read_bytes()[decoder.offset : decoder.offset + decoder.size])
    tokenizer = Tokenizer.from_bytes(DEMO_MODEL, WebFile.open(DEMO_MODEL).tokenizer())
    conversation = Conversation.of(tokenizer, GEMMA_TURNS, stop_tokens=["<pad>"])
    path = folder / "endless.litertlm"
    write_litertlm(path, graph_source(graph, tokenizer, conversation, "gemma3"))
    return path


@pytest.fixture(scope="session")
def quick_server(endless_model: Path) -> Iterator[RunningServer]:
    """`onpage serve` with two models that the page runs on the processor: loaded in a second, for what is not the engine's."""
    with onpage_serve(["demo", endless_model]) as running:
        yield running


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, with an engine in them that writes by a script: for what is around an engine."""
    return scripted_static(tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="session")
def scripted_server(scripted: Path, endless_model: Path) -> Iterator[FaultyServer]:
    """The models of `quick_server` in the scripted engine."""
    with faulty_server([DEMO, endless_model], static=scripted) as running:
        yield running


@pytest.fixture(scope="session")
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
def quick_faulty() -> Iterator[FaultyServer]:
    """As `faulty`, on the processor."""
    with faulty_server([DEMO_GRAPH]) as running:
        yield running


@pytest.fixture
def scripted_faulty(scripted: Path) -> Iterator[FaultyServer]:
    """As `quick_faulty`, in the scripted engine."""
    with faulty_server([DEMO_GRAPH], static=scripted) as running:
        yield running


@pytest.fixture
def new_tab(browser: Browser) -> Iterator[Callable[[], Watched]]:
    """Makes watched tabs of one fresh context; afterwards each must be free of complaints."""
    with watched_context(browser) as make:
        yield make


@pytest.fixture
def tab(new_tab: Callable[[], Watched]) -> Watched:
    return new_tab()


@pytest.fixture
def no_complaints(tab: Watched) -> Iterator[None]:
    """For a module whose tests share a tab of its own: the one that it complained in fails."""
    yield
    tab.check()


@pytest.fixture
def loaded(tab: Watched, scripted_server: FaultyServer) -> Watched:
    """Ready in the scripted engine, with an example in it."""
    tab.open(scripted_server.url)
    tab.wait_for("ready")
    tab.page.get_by_role("button", name=EXAMPLE).click()
    return tab


@contextmanager
def watched_context(browser: Browser, **options: Any) -> Iterator[Callable[[], Watched]]:
    """Makes watched tabs of one fresh context, which has these `options` of Playwright's; in the end each must be free of
    complaints. Without service workers, unless a test is about them: they would fetch every file of the page a second time."""
    context = browser.new_context(**{"locale": "en-GB", "service_workers": "block", **options})
    tabs: list[Watched] = []

    def make() -> Watched:
        tabs.append(watched(context))
        return tabs[-1]

    try:
        yield make
    finally:
        context.close()
    for tab in tabs:
        tab.check()


@contextmanager
def watched_tab(browser: Browser, **options: Any) -> Iterator[Watched]:
    """The only tab of such a context."""
    with watched_context(browser, **options) as new_tab:
        yield new_tab()


def watched(context: BrowserContext) -> Watched:
    context.set_default_timeout(STEP_MS)
    tab = Watched(context.new_page())
    tab.page.add_init_script(RECORD_PHASES)
    tab.listen()
    return tab


@contextmanager
def insecure(
    browser: Browser, models: Sequence[Offer], path: str = "", *flags: str, static: Path | None = None
) -> Iterator[tuple[FaultyServer, Watched]]:
    """A tab at an address of no https and not of this machine, where browsers give no GPU and no storage."""
    rule = "--host-resolver-rules=MAP onpage.test 127.0.0.1"
    with (
        faulty_server(models, allowed_hosts=("onpage.test",), static=static) as server,
        launch(browser.browser_type, (*flags, rule)) as mapped,
    ):
        tab = watched(mapped.new_context())
        tab.expected.append("Cross-Origin-Opener-Policy")  # Chromium says that it ignores it here
        tab.open(server.url.replace("127.0.0.1", "onpage.test") + path)
        yield server, tab
        tab.check()
