"""The front end's pure parts, and that what a model writes is only ever text. No engine is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from e2e.page.conftest import watched
from e2e.page.servers import RunningServer


@pytest.fixture(scope="module")
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """An empty document of this server, so that its modules can be imported."""
    context = browser.new_context()
    tab = watched(context)
    yield tab.open(f"{server.url}/static/icon.svg")
    context.close()
    tab.check()


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    return page.evaluate(
        "async ([module, name, values]) => (await import(`/static/${module}`))[name](...values)",
        [module, function, list(arguments)],
    )


@pytest.mark.parametrize(
    ("text", "characters", "words"),
    [
        ("", 0, 0),
        (" \n", 2, 0),
        ("Two words", 9, 2),
        ("Tabs\tand\nlines  count", 21, 4),
        ("🎉 #Party", 8, 2),
        ("👩‍👩‍👧", 1, 1),
        ("👍🏽👍🏽", 2, 1),
        ("e\u0301", 1, 1),
    ],
)
def test_counting(page: Page, text: str, characters: int, words: int) -> None:
    assert call(page, "text/counting.js", "countCharacters", text) == characters
    assert call(page, "text/counting.js", "countWords", text) == words


def test_prompt(page: Page) -> None:
    task = {"instruction": "A {tone} post, {words} words, {other}.\n\n{text}", "tones": [], "lengths": []}
    template = {"prefix": "<user>", "suffix": "<model>"}
    draft = {"tone": "dry", "words": 25, "text": "  Costs {words} $1 $& and {tone}.\n"}
    made = call(page, "tasks/post/prompt.js", "buildPrompt", task, template, draft)
    assert made == "<user>A dry post, 25 words, {other}.\n\nCosts {words} $1 $& and {tone}.<model>"


@pytest.mark.parametrize(
    ("prompt", "previous", "share"),
    [("abcd", "", 0), ("abcd", "abxx", 0.5), ("abcd", "abcd", 1), ("abcd", "abcdef", 1), ("abcd", "xabcd", 0)],
)
def test_reused_share(page: Page, prompt: str, previous: str, share: float) -> None:
    assert call(page, "tasks/post/prompt.js", "reusedShare", prompt, previous) == share


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        ("size", 999, "1 kB"),
        ("size", 5_232_640, "5.2 MB"),
        ("size", 1_010_000_000, "1.01 GB"),
        ("duration", 340.4, "340 ms"),
        ("duration", 2920, "2.92 s"),
        ("rate", None, "–"),
        ("rate", 8.66, "8.7 tok/s"),
        ("rate", 4339.2, "4,339 tok/s"),
        ("parameters", 4_990_000, "5.0 M"),
        ("parameters", 1_000_000_000, "1.0 B"),
    ],
)
def test_format(page: Page, function: str, value: float | None, shown: str) -> None:
    assert call(page, "text/format.js", function, value) == shown


LATE = """
async () => {
  const { transitions, INITIAL } = await import("/static/app/state.js");
  const states = ["starting", "ready", "problem"].map((phase) => ({ ...INITIAL, now: { phase } }));
  const late = [["wrote", "text"], ["written", {}], ["stopAsked"], ["progressed", {}], ["loaded", {}]];
  return states.every((state) => late.every(([name, payload]) => transitions[name](state, payload) === state));
}
"""


def test_late_messages_change_nothing(page: Page) -> None:
    assert page.evaluate(LATE) is True


STALE_COUNT = """
async () => {
  const { transitions, INITIAL } = await import("/static/app/state.js");
  const counted = { draft: INITIAL.draft, tokens: 5, room: 10 };
  const edited = transitions.drafted(INITIAL, { text: "more" });
  return [transitions.counted(INITIAL, counted).count?.tokens, transitions.counted(edited, counted).count];
}
"""


def test_count_of_an_older_draft_is_dropped(page: Page) -> None:
    assert page.evaluate(STALE_COUNT) == [5, None]


ERRORS = """
async () => {
  const { OnpageError, InputTooLong, PROBLEMS } = await import("/static/engine/errors.js");
  const long = OnpageError.fromJSON(new InputTooLong(900, 400).toJSON());
  return {
    long: [long instanceof InputTooLong, long.tokens, long.room],
    from: OnpageError.from(new Error("raw")).toJSON(),
    same: OnpageError.from(long) === long,
    sentences: Object.values(PROBLEMS).map(({ title, sentence }) => [title, sentence]),
  };
}
"""


def test_errors(page: Page) -> None:
    result = page.evaluate(ERRORS)
    assert result["long"] == [True, 900, 400]
    assert result["from"] == {"code": "engine-failed", "detail": "raw"}
    assert result["same"] is True
    assert len({title for title, _ in result["sentences"]}) == len(result["sentences"])
    assert all(sentence.endswith((".", ":")) for _, sentence in result["sentences"])


MARKUP = """<img src=x onerror="document.title='run'"><script>document.title='run'</script><b>&amp;</b>"""
SHOW_POST = """
async (text) => {
  const { mountPost } = await import("/static/tasks/post/post.js");
  const { INITIAL } = await import("/static/app/state.js");
  const update = mountPost();
  const post = { text: text.slice(0, 20), tone: "friendly", length: "short", seed: 1, reused: 0, figures: null };
  update({ ...INITIAL, now: { phase: "writing", stopping: false }, post });
  update({ ...INITIAL, now: { phase: "writing", stopping: false }, post: { ...post, text } });
}
"""


def test_model_text_is_only_text(browser: Browser, server: RunningServer) -> None:
    context = browser.new_context()
    context.add_init_script("delete Navigator.prototype.gpu")  # the page stops at its problem and loads no engine
    tab = watched(context)
    page = tab.open(server.url)
    assert tab.problem() == "no-webgpu"
    page.evaluate(SHOW_POST, MARKUP)
    assert page.evaluate("document.querySelector('.card-text').textContent") == MARKUP
    assert page.evaluate("document.querySelector('.card-text').childElementCount") == 0
    assert "run" not in page.title()
    context.close()
    tab.check()
