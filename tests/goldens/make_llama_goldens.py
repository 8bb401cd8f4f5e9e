"""Makes llama_goldens.json: `python -m tests.goldens.make_llama_goldens` (needs the extra `goldens`: torch and transformers).

transformers opens each random checkpoint as any other, in float32, and its greedy ids are noted. Prompts are tried in order until the
answer varies and has no near tie.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from builder.model.opened import OpenedCheckpoint
from builder.reference.sources import CheckpointSource, HeldSource
from builder.reference.writer import Writer
from tests.checkpoints import write_checkpoint
from tests.goldens.cases import NEW_TOKENS
from tests.goldens.llama_cases import CONFIGS, LLAMA_GOLDENS, prompt

LEAST_MARGIN = 0.01
LEAST_DISTINCT = 20


def make(name: str, config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The golden of one model."""
    write_checkpoint(folder, config, seed=len(name))
    opened = OpenedCheckpoint.open(folder)
    writer = Writer(HeldSource(CheckpointSource(opened.model, opened.weights)), frozenset())
    for seed in range(10_000):
        [answer] = writer.greedy([prompt(config, seed)], NEW_TOKENS)
        if len(set(answer.ids)) >= LEAST_DISTINCT and min(answer.margins) >= LEAST_MARGIN:
            break
    else:
        raise SystemExit("No prompt gives an answer that can be compared.")
    model, loaded = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    assert not any(loaded[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")), loaded
    ids = prompt(config, seed)
    with torch.no_grad():
        out = model.eval().generate(
            torch.tensor([ids]), max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=None, pad_token_id=0
        )
    expected = out[0, len(ids) :].tolist()
    print(f"{name}: prompt {seed}, margin {min(answer.margins):.3f}, reference agrees: {expected == answer.ids}")
    return {"prompt_seed": seed, "ids": expected, "smallest_margin": round(min(answer.margins), 4)}


def main() -> None:
    """Writes llama_goldens.json."""
    cases = {}
    for name, config in CONFIGS.items():
        with tempfile.TemporaryDirectory() as folder:
            cases[name] = make(name, config, Path(folder) / "model")
    made_with = {module.__name__: module.__version__ for module in (np, torch, transformers)}
    LLAMA_GOLDENS.write_text(json.dumps({"made_with": made_with, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
