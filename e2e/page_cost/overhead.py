"""What our page costs: the same model, prompts and settings in the page and in a bare script, side by side.

Each round takes a fresh browser context (nothing cached) first with the page, then with `e2e/bare`. The page is measured
as a person meets it, from the click on Write to text on the screen, so that our worker, counting and drawing are in it;
the bare script runs the engine on its main thread. Both write greedily, so both decode the same tokens; each prompt is
new to the engine from its first words on. Figures are medians; the ratio is the median over pairs of the same prompt.
"""

from __future__ import annotations

import json
from statistics import median
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from webapp.paths import static_folder

MAX_TOKENS = 512
LOAD_MS = 300_000
PAUSE_MS = 600
"""Before each prompt, in both: the page's live count is done, as it is when a person presses Write, and the processor has rested."""

BARE = {
    "mediapipe": ("index.html", "{ topK: 1, temperature: 0.8, randomSeed: 1, maxTokens }"),
    "litert-lm": ("litert_lm.html", "{ maxTokens, backend: 'GPU_ARTISAN' }"),
    "litert-lm-cpu": ("litert_lm.html", "{ maxTokens, backend: 'CPU' }"),
}
"""Page and options of each engine's bare script. That of LiteRT-LM gives its text whole, as the package's own classes do."""

OBSERVE = """
addEventListener("DOMContentLoaded", () => {
  const times = (window.times = []);
  const note = () => {
    const name = document.body.dataset.phase === "loading" ? document.querySelector(".loading-step").textContent : document.body.dataset.phase;
    if (times.at(-1)?.name !== name) times.push({ name, at: performance.now() });
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
});
"""
WRITE = """
() => new Promise((resolve) => {
  const post = document.querySelector(".card-text");
  const seen = [];
  let writing = false;
  const watch = new MutationObserver(() => {
    const text = post.textContent;
    const { phase } = document.body.dataset;
    writing ||= phase === "writing";
    if (writing && text && seen.at(-1)?.text !== text && !post.hidden) seen.push({ text, at: performance.now() });
    if (writing && phase === "ready") {
      watch.disconnect();
      resolve({ text, first: seen[0].at - clicked, last: seen.at(-1).at - clicked });
    }
  });
  watch.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  const clicked = performance.now();
  document.querySelector(".composer-write").click();
})
"""
BARE_WRITE = """
async (prompt) => {
  const started = performance.now();
  const { text, callbacks = [] } = await bare.generate(prompt);
  const spoken = callbacks.filter(({ characters }) => characters);
  return { text, first: spoken.length ? spoken[0].time - started : null, last: (spoken.at(-1)?.time ?? performance.now()) - started };
}
"""
BYTES = "performance.getEntriesByType('resource').map(({ name, transferSize }) => [name, transferSize])"


def prompts() -> list[tuple[str, str]]:
    """(text, prompt) with the instruction of the page."""
    post = static_folder() / "tasks" / "post"
    task = json.loads((post / "social_post.json").read_text(encoding="utf-8"))
    texts = [example["text"] for example in json.loads((post / "examples.json").read_text(encoding="utf-8"))]
    values = {"tone": task["tones"][0]["prompt"], "words": str(task["lengths"][0]["words"])}
    made = []
    for text in texts:
        instruction = task["instruction"]
        for name, value in {**values, "text": text}.items():
            instruction = instruction.replace("{" + name + "}", value)
        made.append((text, f"<start_of_turn>user\n{instruction}<end_of_turn>\n<start_of_turn>model\n"))
    return made


def in_page(context: BrowserContext, url: str, engine: str) -> dict[str, Any]:
    """Load and write in our page, with the first model that it offers."""
    context.add_init_script(OBSERVE)
    page = context.new_page()
    page.goto(f"{url}/?engine={engine}")
    page.wait_for_selector("body[data-phase=ready]", timeout=LOAD_MS)
    times = {entry["name"]: entry["at"] for entry in page.evaluate("times")}
    entries = page.evaluate(BYTES) + page.workers[0].evaluate(BYTES)
    document = page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
    load, warm = times["Warming up"], times["ready"] - times["Warming up"]
    greedy(page)
    answers = []
    for text, _ in prompts():
        page.locator(".composer-text").fill(text)
        page.wait_for_selector(".composer-write[aria-disabled=false]")
        page.wait_for_timeout(PAUSE_MS)
        answers.append(page.evaluate(WRITE))
    return {"load": load, "warm": warm, "answers": answers, "bytes": [("/", document), *entries]}


def greedy(page: Page) -> None:
    """Top K 1. LiteRT-LM takes it without loading anything, so quickly that only `times` sees the phase in between."""
    before = page.evaluate("times.length")
    page.locator(".details > summary").click()
    page.locator("[name=topK]").fill("1")
    page.locator(".settings-apply").click()
    page.wait_for_function(
        "before => times.length > before && times.at(-1).name === 'ready'", arg=before, timeout=LOAD_MS
    )


def in_bare_script(context: BrowserContext, url: str, engine: str, model: str) -> dict[str, Any]:
    """The same without us."""
    html, options = BARE[engine]
    page = context.new_page()
    page.set_default_timeout(LOAD_MS)
    page.goto(f"{url}/bare/{html}")
    page.evaluate(
        "new Promise((done) => { const t = setInterval(() => { if (window.bare) { clearInterval(t); done(); } }, 5); })"
    )
    ready = page.evaluate("performance.now()")
    load = ready + page.evaluate(
        f"([model, maxTokens]) => bare.load(model, {options})",
        [f"/models/{model}", MAX_TOKENS],
    )
    warm = page.evaluate(
        "(async () => { const t = performance.now(); await bare.generate('Hello'); return performance.now() - t; })()"
    )
    answers = []
    for _, prompt in prompts():
        page.wait_for_timeout(PAUSE_MS)
        answers.append(page.evaluate(BARE_WRITE, prompt))
    return {"load": load, "warm": warm, "answers": answers}


def compare(browser: Browser, url: str, bare: str, engine: str, model: str, rounds: int) -> dict[str, Any]:
    """All rounds, raw: `url` serves our page, `bare` the bare one and the file `model`."""
    ours, theirs = [], []
    for _ in range(rounds):
        with browser.new_context() as context:
            ours.append(in_page(context, url, engine))
        with browser.new_context() as context:
            theirs.append(in_bare_script(context, bare, engine, model))
    return {"page": ours, "bare": theirs}


def report(raw: dict[str, Any]) -> str:
    """Two columns and their ratio."""

    def column(name: str, pick: Any) -> list[float]:
        return [pick(run) for run in raw[name]]

    def paired(pick: Any) -> tuple[float, float, float]:
        ours = [pick(answer) for run in raw["page"] for answer in run["answers"]]
        theirs = [pick(answer) for run in raw["bare"] for answer in run["answers"]]
        return median(ours), median(theirs), median(a / b for a, b in zip(ours, theirs, strict=True))

    streamed = all(answer["first"] is not None for run in raw["bare"] for answer in run["answers"])

    lines = [f"{'milliseconds':34} {'page':>9} {'bare':>9} {'ratio':>7}"]
    load = median(column("page", lambda run: run["load"])), median(column("bare", lambda run: run["load"]))
    lines.append(f"{'load, nothing cached':34} {load[0]:9.0f} {load[1]:9.0f} {load[0] / load[1]:7.3f}")
    for name, pick in (
        ("time to first text", lambda answer: answer["first"]),
        ("decode, first to last text", lambda answer: answer["last"] - answer["first"]),
        ("whole post", lambda answer: answer["last"]),
    )[0 if streamed else 2 :]:
        ours, theirs, ratio = paired(pick)
        lines.append(f"{name:34} {ours:9.0f} {theirs:9.0f} {ratio:7.3f}")
    same = [
        ours["text"].strip() == theirs["text"].strip()
        for a, b in zip(raw["page"], raw["bare"], strict=True)
        for ours, theirs in zip(a["answers"], b["answers"], strict=True)
    ]
    lines.append(f"same text: {sum(same)} of {len(same)}")
    sizes = dict(raw["page"][0]["bytes"])
    model = sum(size for name, size in sizes.items() if "/models/" in name)
    engine = sum(size for name, size in sizes.items() if "/vendor/" in name)
    rest = sum(sizes.values()) - model - engine
    lines.append(f"first load: model {model:,} B, engine {engine:,} B, our page {rest:,} B in {len(sizes)} requests")
    return "\n".join(lines)
