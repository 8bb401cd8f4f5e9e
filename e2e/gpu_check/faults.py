"""Faults drawn at random, each in a program that the model really runs: `python -m e2e.gpu_check.faults COUNT [--seed N] [--out FILE]`.

A fault counts where it matters: it changes a logit by `EFFECT`, ten times what float16 itself does, or a token. Those that do less are
listed apart. Results are added to FILE, a line each; what is in it is not run again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from playwright.sync_api import Browser, Error, Page

from e2e.bare import EngineSilentError, served
from e2e.conftest import QUICKER
from e2e.gpu_check import MODELS, check_models, load, words
from onpage.bench.browser import SOFTWARE_WEBGPU, launched

EFFECT = 0.25
KINDS = ("window", "causal", "no_dispatch", "no_block", "fewer_bits", "too_large", "too_small", "noise", "no_lane")
AMOUNTS: dict[str, tuple[float, ...]] = {
    "window": (-1, 1),
    "causal": (-1, 1),
    "fewer_bits": (3, 4, 5),
    "too_large": (2, 16, 128),
    "too_small": (0.05, 0.25),
    "noise": (0.05, 0.1, 0.2),
    "no_lane": (0, 1, 2, 3),
}
"""bits: of the fraction that are left of float16's ten; the largest and the smallest number; the share that is added or taken away."""


def watch(browser: Browser, address: str, model: dict[str, Any]) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    """The programs of a model, and the logits of each answer, on a GPU without a fault."""
    page = load(browser, address, model["id"], {"logits": True})
    logits = [answer(page, asked)[1] for case in model["cases"] for asked in case["asked"]]
    programs = page.evaluate("gpuWatch.programs")
    page.close()
    return programs, logits


def answer(page: Page, asked: dict[str, Any]) -> tuple[int, np.ndarray]:
    """How many of the answer's words are right from the first on, and the logits (tokens, vocabulary)."""
    page.evaluate("gpuWatch.logits()")
    expected = asked["answer"]
    found = words(page, asked["prompt"], len(expected))
    pairs = zip(found, expected, strict=False)
    right = next((i for i, (ours, theirs) in enumerate(pairs) if ours != theirs), min(len(found), len(expected)))
    return right, np.array(page.evaluate("gpuWatch.logits()"))[: len(expected)]


def draw(random: np.random.Generator, programs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """A fault of a kind in a model's program where that kind can be."""
    kind = str(random.choice(KINDS))
    fault: dict[str, Any] = {"kind": kind}
    if kind in AMOUNTS:
        fault["amount"] = float(random.choice(AMOUNTS[kind]))
    model = str(random.choice(["gemma2", "gemma3"] if kind == "window" else list(programs)))
    if kind not in ("window", "causal"):
        axis = int(random.integers(3))
        used = [
            place
            for place, program in enumerate(programs[model])
            if program["dispatches"]
            and (kind not in AMOUNTS or ", vec4<f32>(" in program["code"])
            and (kind != "no_block" or max(program["most"]) > 1)
        ]
        fault["program"] = int(random.choice(used))
        if kind == "no_block":
            most = programs[model][fault["program"]]["most"]
            fault["axis"] = axis if most[axis] > 1 else int(np.argmax(most))
        if kind == "no_dispatch":
            fault["period"] = int(random.choice((1, 2)))
    return fault | {"model": model}


def run(
    browser: Browser, address: str, fault: dict[str, Any], model: dict[str, Any], right: list[np.ndarray]
) -> dict[str, Any]:
    """What the check makes of a fault: `caught` by the case of so many tokens, or its largest effect on a logit."""
    page = None
    try:
        page = load(browser, address, model["id"], fault | {"logits": True})
        effect = 0.0
        asked = [(case["tokens"], each) for case in model["cases"] for each in case["asked"]]
        for (tokens, each), expected in zip(asked, right, strict=True):
            correct, logits = answer(page, each)
            if correct < len(each["answer"]):
                return {"caught": tokens, "changed": page.evaluate("gpuWatch.changed()")}
            count = min(len(logits), len(expected))
            effect = max(effect, float(np.abs(logits[:count] - expected[:count]).max()))
        return {"caught": None, "effect": round(effect, 4), "changed": page.evaluate("gpuWatch.changed()")}
    except (Error, EngineSilentError) as error:
        return {"caught": "failed", "error": str(error)[:120]}
    finally:
        if page:
            page.close()


@click.command()
@click.argument("count", type=int)
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("faults.jsonl"), show_default=True)
def main(count: int, seed: int, out: Path) -> None:
    """Draw COUNT faults and see whether the check catches them."""
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    random = np.random.default_rng(seed)
    models = {model["id"]: model for model in check_models()}
    with served(MODELS) as address, launched((*SOFTWARE_WEBGPU, *QUICKER)) as browser:
        watched = {name: watch(browser, address, model) for name, model in models.items()}
        programs = {name: found[0] for name, found in watched.items()}
        for number in range(count):
            fault = draw(random, programs)
            if number < len(done):
                continue
            name = fault["model"]
            found = run(browser, address, fault, models[name], watched[name][1])
            done.append(fault | found)
            with out.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
    report(done)


def report(done: list[dict[str, Any]]) -> None:
    """The table of the docs."""
    print("| fault | drawn | caught | missed | without effect |\n| --- | --- | --- | --- | --- |")
    for kind in (*KINDS, None):
        some = [each for each in done if kind in (None, each["kind"])]
        some = [each for each in some if each["caught"] != "failed"]
        caught = [each for each in some if each["caught"] is not None]
        missed = [each for each in some if each["caught"] is None and each["effect"] >= EFFECT]
        print(
            f"| {kind or 'all'} | {len(some)} | {len(caught)} | {len(missed)} | {len(some) - len(caught) - len(missed)} |"
        )


if __name__ == "__main__":
    main()
