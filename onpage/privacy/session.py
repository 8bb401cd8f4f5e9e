"""A person's session with a deployed page, in a browser: every task, every field with a canary, files too, then a reload and an address that
brings a text.

It knows the page by what all tasks share (links with `#/`, fields, forms with a primary button, `data-phase` on the body), not by its
words, so it also goes through a task that is newer than this module, and through a page in another language.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ElementHandle, Error, Page, Response

from builder.errors import BenchError
from onpage.privacy.canaries import Canaries
from onpage.privacy.files import file_for

LOAD_SECONDS = 600
PAUSE_SECONDS = 0.2
MAX_CHOICES = 12
"""Templates of a task that are tried."""

FIELDS = "textarea, input[type=text], input[type=search], input[type=url], input:not([type]), [contenteditable=true]"
MOUNTED = ".task:not([hidden]) :is(input, textarea)"
"""Every task has a field, if only for files; not every one has a form."""
BUSY = "[...document.querySelectorAll('button')].some((b) => b.checkVisibility() && /stop/.test(b.className) && b.ariaDisabled !== 'true')"

Say = Callable[[str], None]


@dataclass
class Seen:
    """What the page itself was in this session."""

    tasks: list[str] = field(default_factory=list)
    fields: int = 0
    answers: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    policy: str = ""
    """Of its meta element."""
    isolated: bool = False
    service_worker: bool = False
    problem: str = ""
    """The code of a problem that the page showed, as where no engine runs."""


class Session:
    """One session; `run` goes through it."""

    def __init__(self, context: BrowserContext, url: str, canaries: Canaries, seconds: float, say: Say) -> None:
        self._context = context
        self._url = url
        self._canaries = canaries
        self._seconds = seconds
        self._say = say
        self.seen = Seen()

    def run(self) -> Seen:
        """BenchError where the address has no page of onpage."""
        page = self._context.pages[0] if self._context.pages else self._context.new_page()
        self._open(page, self._url)
        tasks = self._tasks(page)
        for task in tasks:
            self._say(f"{task}: with a text in every field")
            self.seen.tasks.append(task.removeprefix("#/"))
            page.evaluate("(hash) => { location.hash = hash; }", task)
            self._wait(page, f"document.querySelector('{MOUNTED}') !== null", 30)
            self._through_task(page, task)
        self._say("the page once more, with what it remembers")
        page.reload()
        self._ready(page)
        page.goto(f"{self._url}#/{self.seen.tasks[0]}?text={self._canaries.word('the address')}")
        page.reload()
        self._ready(page)
        self.seen.isolated = bool(page.evaluate("crossOriginIsolated"))
        self.seen.service_worker = bool(
            page.evaluate("(async () => (await navigator.serviceWorker?.getRegistration())?.active != null)()")
        )
        self.seen.policy = page.evaluate(
            "document.querySelector('meta[http-equiv=Content-Security-Policy]')?.content ?? ''"
        )
        return self.seen

    def _open(self, page: Page, url: str) -> None:
        try:
            response: Response | None = page.goto(url, timeout=60_000)
        except Error as error:
            raise BenchError(f"{url} cannot be opened: {error.message.splitlines()[0]}.", subject=url) from None
        if response is None or not response.ok:
            raise BenchError(
                f"{url} answered {response.status if response else 'nothing'}: expected a page of onpage.", subject=url
            )
        self.seen.headers = response.all_headers()
        if not page.locator("meta[name=application-name][content=onpage]").count():
            raise BenchError(
                f"{url} is no page of onpage: expected what onpage serve or onpage export has there.", subject=url
            )
        self._ready(page)

    def _ready(self, page: Page) -> None:
        """Until the engine runs, or the page says why it does not; a page that isolates itself loads twice."""
        self._wait(page, "['ready', 'problem'].includes(document.body?.dataset.phase)", LOAD_SECONDS)
        if page.evaluate("document.body.dataset.phase") == "problem":
            self.seen.problem = page.evaluate("document.querySelector('.problem')?.dataset.code ?? 'problem'")

    def _tasks(self, page: Page) -> list[str]:
        links: list[str] = page.evaluate(
            "[...document.querySelectorAll('a[href^=\"#/\"]')].map((a) => a.getAttribute('href'))"
        )
        return list(dict.fromkeys(link.partition("?")[0] for link in links)) or ["#/post"]

    def _through_task(self, page: Page, task: str) -> None:
        choices: list[str] = page.evaluate(
            "[...document.querySelectorAll('.task:not([hidden]) input[type=radio][name*=template]')].map((e) => e.value)"
        )
        for choice in choices[:MAX_CHOICES] or [""]:
            if choice:
                page.locator(f".task:not([hidden]) input[type=radio][value={json.dumps(choice)}]").first.check(
                    force=True
                )
            name = f"{task} {choice}".strip()
            self._fill(page, name)
            self._submit(page)

    def _fill(self, page: Page, name: str) -> None:
        page.evaluate("for (const each of document.querySelectorAll('.task:not([hidden]) details')) each.open = true")
        for handle in page.query_selector_all(".task:not([hidden]) input[type=file]"):
            self._give_file(handle, name)
        for number in range(page.locator(f".task:not([hidden]) :is({FIELDS})").count()):
            field = page.locator(f".task:not([hidden]) :is({FIELDS})").nth(number)
            with suppress(Error):  # what is hidden, or went away by what was typed before
                if not field.is_visible() or not field.is_editable():
                    continue
                place = field.evaluate(
                    "(e) => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.placeholder || e.className"
                )
                value = field.evaluate("(e) => e.value ?? e.textContent")
                field.fill(with_canary(value, self._canaries, f"{name}: {place}"), timeout=5000)
                self.seen.fields += 1

    def _give_file(self, handle: ElementHandle, name: str) -> None:
        file = file_for(handle.get_attribute("accept") or "", name, self._canaries)
        if file is None:
            return
        with suppress(Error):
            handle.set_input_files(file, timeout=5000)
            self.seen.fields += 1
            time.sleep(1)  # it is read

    def _submit(self, page: Page) -> None:
        for number in range(page.locator(".task:not([hidden]) form").count()):
            button = page.locator(".task:not([hidden]) form").nth(number).locator("button[type=submit]").first
            with suppress(Error):
                if not button.is_visible() or button.get_attribute("aria-disabled") == "true":
                    continue
                button.click(timeout=5000)
                self.seen.answers += 1
                time.sleep(PAUSE_SECONDS)
                if not self._wait(
                    page, f"document.body.dataset.phase !== 'writing' && !({BUSY})", self._seconds, must=False
                ):
                    page.keyboard.press("Escape")
                    self._wait(page, "document.body.dataset.phase !== 'writing'", 60, must=False)

    def _wait(self, page: Page, condition: str, seconds: float, must: bool = True) -> bool:
        """Whether it came true in time; a page that is being loaded is asked again."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(Error):
                if page.evaluate(condition):
                    return True
            time.sleep(PAUSE_SECONDS)
        if must:
            raise BenchError(f"{self._url} did not get so far in {seconds:g} s: {condition}.", subject=self._url)
        return False


def with_canary(value: Any, canaries: Canaries, field: str) -> str:
    """A sample of the page's own with a canary in it, in JSON as one more value; else a sentence."""
    sentence = canaries.sentence(field)
    try:
        data = json.loads(value)
    except (TypeError, ValueError):
        return sentence
    if isinstance(data, dict):
        return json.dumps(data | {"description": sentence}, indent=2)
    return json.dumps([*data, sentence]) if isinstance(data, list) else sentence
