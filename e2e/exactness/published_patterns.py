"""Whether MediaPipe writes what transformers writes, in the layers and heads of the published Gemma 3n and 4:
`python -m e2e.exactness.published_patterns [MODEL …] [--seeds N …] [--bits B …]`. Figures only; needs the extra `goldens`.

Weights and prompts are random, and all is narrow but what attention is made of. MediaPipe writes 32 tokens; transformers, with the weights
that the web file has, says after each of them which is the likeliest, and how far its logit is above that of the one that
MediaPipe took: 0 for all where both write the same text, near 0 at the other side of a tie. Logits have a standard deviation near 1.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from builder.formats.web_model import PerLayerTables
from builder.quantize.scheme import SCHEMES, Quantization
from builder.slice.plan import Slice
from builder.synth.web_file import FIRST_WORD, PAD, word
from e2e.bare import BareTab, served
from e2e.exactness.test_exactness import write
from e2e.software_gpu.browser import find_software_gpu
from onpage.bench.browser import ENVIRONMENT, launched
from tests.checkpoints import gemma3n_config, gemma4_config
from tests.goldens.cases import NEW_TOKENS, Case
from tests.goldens.make_goldens import opened

ADDITIONS = 1.5
"""Over the root of the number of layers: the share of what a layer adds to the stream in other random models. With all of it logits move by
0.4 in E2B of 3n, and by 2 in 26B-A4B, where the embedding is off by a millionth."""


def layer_types(period: int, layers: int) -> list[str]:
    """The last of every `period` layers sees everything."""
    return ["sliding_attention" if (i + 1) % period else "full_attention" for i in range(layers)]


def gemma3n(layers: int, shared: int, **changes: Any) -> dict[str, Any]:
    """A narrow E2B or E4B: the first ten layers sparse, every fifth seeing everything."""
    return gemma3n_config(
        num_hidden_layers=layers,
        num_kv_shared_layers=shared,
        layer_types=layer_types(5, layers),
        activation_sparsity_pattern=[0.95] * 10 + [0.0] * (layers - 10),
        num_attention_heads=8,
        num_key_value_heads=2,
        head_dim=256,
        **{"intermediate_size": 256, "hidden_size_per_layer_input": 64, "laurel_rank": 64, "sliding_window": 64}
        | changes,
    )


def gemma4(layers: int, period: int, heads: int, kv: int, **changes: Any) -> dict[str, Any]:
    """A narrow one: every `period`-th layer sees everything."""
    return gemma4_config(
        num_hidden_layers=layers,
        layer_types=layer_types(period, layers),
        num_attention_heads=heads,
        num_key_value_heads=kv,
        head_dim=256,
        global_head_dim=512,
        **{"sliding_window": 64} | changes,
    )


PER_LAYER = {"hidden_size_per_layer_input": 64, "vocab_size_per_layer_input": 4096}
KEYS_ARE_VALUES = {"attention_k_eq_v": True}
EXPERTS = {"enable_moe_block": True, "num_experts": 128, "top_k_experts": 8, "moe_intermediate_size": 32}
WITHOUT_A_GROUP = (*range(20), *range(25, 35))

MODELS: dict[str, tuple[dict[str, Any], Slice | None]] = {
    "gemma3n-e2b": (gemma3n(30, 10), None),
    "gemma3n-e4b-slice": (gemma3n(35, 15), Slice(WITHOUT_A_GROUP, (128,) * 20 + (256,) * 10)),
    "gemma4-e2b": (gemma4(35, 5, 8, 1, num_kv_shared_layers=20, use_double_wide_mlp=True, **PER_LAYER), None),
    "gemma4-270m": (gemma4(18, 6, 4, 1), None),
    "gemma4-31b": (gemma4(12, 6, 32, 16, num_global_key_value_heads=4, **KEYS_ARE_VALUES), None),
    "gemma4-26b-a4b": (gemma4(12, 6, 16, 8, num_global_key_value_heads=2, **KEYS_ARE_VALUES, **EXPERTS), None),
}
"""config.json, and what is kept of it where it is sliced. Of 31B and 26B-A4B twelve layers; 270M is Gemma 3's."""


@dataclass(frozen=True)
class Run:
    """One model that was asked."""

    case: Case
    distances: list[float]
    """Of each token that MediaPipe wrote, how far its logit is below that of transformers' likeliest."""

    @property
    def equal(self) -> int:
        """Tokens that are the likeliest."""
        return self.distances.count(0.0)

    def __str__(self) -> str:
        said = f"seed {self.case.seed}, {self.case.prompt_tokens} tokens, {self.case.tables or 'no'} tables: {self.equal} of {NEW_TOKENS}"
        parted = [(at, one) for at, one in enumerate(self.distances) if one]
        return said + "".join(f"; {at}: {one:.4f}" for at, one in parted)


def run(case: Case, tab: BareTab, models: Path) -> Run:
    """Asks both, `tab` of a server of the folder `models`."""
    prompt = case.prompt(0)
    room = -(-(len(prompt) + NEW_TOKENS) // 32) * 32 - len(prompt)  # a multiple of 32 in all: docs/families.md
    ids = {word(i): i for i in range(FIRST_WORD, case.vocabulary)}
    with tempfile.TemporaryDirectory(dir=models) as folder:
        web_file = case.convert("m", Path(folder)).path
        text = tab.ask(lambda page: write(page, f"{Path(folder).name}/m", prompt, room))
        model = opened(case, web_file)
    written = [ids.get(one, PAD) for one in text.split()[:NEW_TOKENS]]
    with torch.no_grad():
        logits = model(torch.tensor([prompt + written]), use_cache=False).logits[0, len(prompt) - 1 : -1]
    below = logits.max(dim=1).values - logits[range(len(written)), written]
    return Run(case, below.tolist() + [float("inf")] * (NEW_TOKENS - len(written)))


def case_of(model: str, bits: str, seed: int) -> Case:
    """Prompts are longer for each seed, and longer than the window; tables that can be in two places are on demand for odd seeds."""
    config, kept = MODELS[model]
    places: tuple[PerLayerTables, ...] = ("static", "on-demand")
    return Case(
        Quantization.of(bits),
        prompt_tokens=129 + 20 * seed,
        config=config,
        family=dict,
        tables=places[seed % 2] if config["hidden_size_per_layer_input"] else None,
        kept=kept,
        seed=seed,
        additions=ADDITIONS / math.sqrt(config["num_hidden_layers"]),
    )


def main() -> None:
    """Prints a line for each run, with the places where another token was the likeliest, and a table in the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=list(MODELS), help=f"of {', '.join(MODELS)}  [all]")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4])
    parser.add_argument("--bits", nargs="+", choices=SCHEMES, default=list(SCHEMES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # more wait for each other where other programs are busy
    if ENVIRONMENT not in os.environ:
        os.environ[ENVIRONMENT] = str(find_software_gpu().path)
    done: dict[tuple[str, str], list[Run]] = {each: [] for each in itertools.product(arguments.models, arguments.bits)}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address, launched() as browser:
        tab = BareTab(browser, f"{address}/bare/index.html")
        for seed, (model, bits) in itertools.product(arguments.seeds, done):
            done[model, bits].append(run(case_of(model, bits, seed), tab, Path(folder)))
            print(f"{model} {bits} {done[model, bits][-1]}", flush=True)
    print("| model | bits | equal texts | equal tokens | largest distance |\n| --- | --- | --- | --- | --- |")
    for (model, bits), runs in done.items():
        texts, tokens = sum(one.equal == NEW_TOKENS for one in runs), sum(one.equal for one in runs)
        largest = max(max(one.distances) for one in runs)
        print(f"| `{model}` | {bits} | {texts} of {len(runs)} | {tokens} of {NEW_TOKENS * len(runs)} | {largest:.3f} |")


if __name__ == "__main__":
    main()
