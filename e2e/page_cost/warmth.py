"""What the warm-up and the engine's memory of the last prompt are worth: times to the first text, through the page's own client.

One engine in a fresh browser context each time. All prompts of a comparison have nearly the same length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser

TOKENS = 16
"""Of each answer."""

ASK = """
async ({ id, model, warmUp, prompts, tokens }) => {
  const { Engine, engineOf, message } = await import("/static/engine/index.js");
  const vendor = JSON.parse(document.body.dataset.vendor);
  const engine = new Engine(engineOf(id));
  const started = performance.now();
  await engine.load(model, { maxTokens: 1024, topK: 1, temperature: 1, seed: 1 }, { vendor, warmUp });
  const ready = performance.now() - started;
  const answers = [];
  for (const prompt of prompts) {
    let text = "";
    const generation = engine.generate([message(prompt)], { tokens });
    for await (const piece of generation) text += piece;
    answers.push({ text, ...(await generation.figures) });
  }
  engine.close();
  return { ready, answers };
}
"""


@dataclass(frozen=True)
class Warmth:
    """Milliseconds; medians where there are several."""

    ready: float
    first: float
    """The first answer's first text."""
    later: float

    @property
    def ratio(self) -> float:
        return self.first / self.later


@dataclass(frozen=True)
class Reuse:
    """Milliseconds to the first text of a follow-up that begins with all that was said before."""

    reused: float
    read_again: float
    """The same follow-up, but its first word differs, so that nothing of it is known."""
    tokens: int
    """Of the follow-up's prompt."""


def file_for(browser: Browser, url: str, engine: str) -> dict[str, Any]:
    """What the server says of the first model's file for an engine; StopIteration where it has none."""
    context = browser.new_context()
    try:
        files = context.request.get(f"{url}/api/models").json()[0]["files"]
        return next(dict(file) for file in files if engine in file["engines"])
    finally:
        context.close()


def ask(browser: Browser, url: str, engine: str, prompts: Sequence[str], *, warm_up: bool = True) -> dict[str, Any]:
    """`ready` and the answers in turn, in a context with nothing cached."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{url}/bench?driven")
        wanted = {
            "id": engine,
            "model": file_for(browser, url, engine),
            "warmUp": warm_up,
            "prompts": list(prompts),
            "tokens": TOKENS,
        }
        return dict(page.evaluate(ASK, wanted))
    finally:
        context.close()


def warmth(browser: Browser, url: str, engine: str, prompt: str, *, warm_up: bool, later: int = 2) -> Warmth:
    """The first answer beside `later` others, each to a prompt that is new from its first word on."""
    prompts = [_new(prompt, number) for number in range(1 + later)]
    found = ask(browser, url, engine, prompts, warm_up=warm_up)
    first, *rest = (answer["timeToFirst"] for answer in found["answers"])
    return Warmth(found["ready"], first, median(rest))


def reuse(browser: Browser, url: str, engine: str, prompt: str) -> Reuse:
    """A conversation's second turn, with and without what the engine still holds of the first."""
    follow = "<end_of_turn>\n<start_of_turn>user\nNow shorter, please.<end_of_turn>\n<start_of_turn>model\n"
    answer = ask(browser, url, engine, [prompt])["answers"][0]["text"]
    known = prompt + answer + follow
    _, reused, read_again = ask(browser, url, engine, [prompt, known, _new(known, 7)])["answers"]
    return Reuse(reused["timeToFirst"], read_again["timeToFirst"], read_again["promptTokens"])


def _new(prompt: str, number: int) -> str:
    return f"{number}{prompt}"
