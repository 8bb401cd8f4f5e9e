"""Converts the models of the goldens to graphs and asks the native engine: `python -m tests.goldens.check_graphs [NAME …]`.

Needs the extras `graph` and `test`, which is why no test does it: see CONTRIBUTING in README. Each random model becomes a
web file with 8-bit weights, whose answer our reference computes, and two graphs with the same weights: one for float32
activations, which must answer the same, token for token, and one for int8 activations, whose agreement is printed. Exits
with 1 where a float32 graph answers otherwise.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from builder.convert import convert_checkpoint
from builder.graph.convert import convert_to_graph
from builder.reference import Reference
from builder.synth import word
from tests.goldens.cases import CASES, NEW_TOKENS, Case, text_of
from tests.goldens.native import answer

LEAST_MARGIN = 0.01
"""As in make_goldens."""


def check(name: str, case: Case, folder: Path) -> bool:
    """Whether the float32 graph is exact; prints both."""
    case.convert(name, folder)
    web = convert_checkpoint(folder / name, folder / f"{name}-web.task")
    reference = Reference.from_web_file(web.path)
    prompt, expected, margin = _choose(case, reference)
    exact = False
    for activations in ("float32", "int8"):
        path = folder / f"{name}-{activations}.litertlm"
        started = time.monotonic()
        # the engine needs room for one token more than it writes
        context = len(prompt) + NEW_TOKENS + 1
        convert_to_graph(folder / name, path, activations=activations, context=context, prefill=(16,))
        words = answer(path, text_of(prompt), context).split()[:NEW_TOKENS]
        same = next((i for i, (a, b) in enumerate(zip(words, expected, strict=False)) if a != b), len(words))
        print(
            f"{name:<28} {activations:<8} {same:>3} of {len(expected)} tokens equal, smallest margin {margin:.3f}, "
            f"exported in {time.monotonic() - started:.0f} s",
            flush=True,
        )
        exact = exact or (activations == "float32" and words == expected)
    return exact


def _choose(case: Case, reference: Reference) -> tuple[list[int], list[str], float]:
    """A prompt whose answer has no near tie and no stop, the words of the answer, and its smallest margin."""
    for seed in range(1000):
        prompt = case.prompt(seed)
        [found] = reference.greedy([prompt], NEW_TOKENS)
        if min(found.margins) >= LEAST_MARGIN and not found.stopped and len(set(found.ids)) > NEW_TOKENS // 2:
            return prompt, [word(i) for i in found.ids], min(found.margins)
    raise SystemExit("No prompt gives an answer that can be compared.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        results = [check(name, CASES[name], Path(directory)) for name in sys.argv[1:] or CASES]
    sys.exit(not all(results))
