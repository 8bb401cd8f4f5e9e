"""Converts the models of the goldens to graphs and asks the native engine: `python -m tests.goldens.check_graphs [NAME …]`.

Needs the extras `graph` and `test` in one environment, 3 GB, so no test does it. Each random model becomes a web file with
8-bit weights, whose answer our reference computes, and a graph with the same weights for float32 activations, which must
answer the same, token for token. (8-bit activations part at near ties, which random models have in every answer.) Exits with
1 where one does not.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from builder.convert.web_file import convert_checkpoint
from builder.graph.from_checkpoint import convert_to_graph
from builder.reference.dense import Reference
from builder.synth.web_file import word
from tests.goldens.cases import CASES, NEW_TOKENS, Case, text_of
from tests.goldens.native import answer

LEAST_MARGIN = 0.01
"""As in make_goldens."""


def check(name: str, case: Case, folder: Path) -> bool:
    """Whether the graph is exact; prints how far it agrees."""
    case.convert(name, folder)
    web = convert_checkpoint(folder / name, folder / f"{name}-web.task")
    prompt, expected, margin = _choose(case, Reference.from_web_file(web.path))
    started = time.monotonic()
    # a round number, as models have: with 73 for 40 + 32 the engine ended after 24 tokens
    context = (len(prompt) + NEW_TOKENS) // 64 * 64 + 64
    graph = folder / f"{name}.litertlm"
    convert_to_graph(folder / name, graph, activations="float32", context=context, prefill=(16,))
    seconds = time.monotonic() - started
    words = answer(graph, text_of(prompt), context).split()[:NEW_TOKENS]
    same = next((i for i, (a, b) in enumerate(zip(words, expected, strict=False)) if a != b), len(words))
    print(
        f"{name:<28} {same:>3} of {len(expected)} equal, smallest margin {margin:.3f}, made in {seconds:.0f} s",
        flush=True,
    )
    return words == expected


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
