"""Makes goldens.json: `python -m tests.goldens.make_goldens` (needs the extra `goldens`: torch and transformers).

For each case it converts the random checkpoint, gives transformers the weights *as they are in the web file*, and notes the
greedy ids. Prompts are tried in order until the answer varies and has no near tie, since
either would make the comparison with the engine worthless.
"""

from __future__ import annotations

import functools
import json
import tempfile
import zlib
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import transformers
from transformers.models.gemma3 import modeling_gemma3

from builder.families import plan_model
from builder.reference import Reference
from builder.web_file_reader import WebFile
from tests.checkpoints import gemma3_config
from tests.goldens.cases import CASES, GOLDENS, NEW_TOKENS, Case

EAGER_ATTENTION = modeling_gemma3.eager_attention_forward
LEAST_MARGIN = 0.01
"""In logits of standard deviation 1; the engine's own error was seen to flip choices at 0.002."""
LEAST_DISTINCT = 28
PROMPTS_AT_ONCE = 8


def choose_prompt(case: Case, reference: Reference) -> tuple[int, list[int], float]:
    """The first seed whose answer can be compared, the answer, and its smallest margin."""
    for first in range(0, 100_000, PROMPTS_AT_ONCE):
        seeds = range(first, first + PROMPTS_AT_ONCE)
        answers = reference.greedy([case.prompt(seed) for seed in seeds], NEW_TOKENS)
        for seed, answer in zip(seeds, answers, strict=True):
            repeats = any(a == b for a, b in zip(answer.ids, answer.ids[1:], strict=False))
            varied = len(set(answer.ids)) >= LEAST_DISTINCT and not repeats
            if varied and min(answer.margins) >= LEAST_MARGIN:
                return seed, answer.ids, min(answer.margins)
    raise SystemExit("No prompt gives an answer that can be compared.")


def ask_transformers(config: dict, reference: Reference, prompt: list[int]) -> list[int]:
    """Greedy ids of Gemma3ForCausalLM with the dequantized weights."""
    model = transformers.Gemma3ForCausalLM(
        transformers.Gemma3TextConfig(
            attn_implementation="eager",  # the only one with a soft cap
            **{k: v for k, v in config.items() if k not in ("architectures", "model_type")},
        )
    ).eval()
    weights = {
        tensor.source: torch.from_numpy(np.array(reference.weights[tensor.name]))
        for tensor in plan_model(config, Path("config.json")).tensors
    }
    unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected.unexpected_keys and set(unexpected.missing_keys) <= {"lm_head.weight"}, unexpected
    # Gemma3Attention reads attn_logit_softcapping but does not hand it on to its attention function, which can apply it.
    capped = functools.partial(EAGER_ATTENTION, softcap=config["attn_logit_softcapping"])
    with torch.no_grad(), mock.patch.object(modeling_gemma3, "eager_attention_forward", capped):
        out = model.generate(
            torch.tensor([prompt]), max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=None, pad_token_id=0
        )
    return out[0, len(prompt) :].tolist()


def main() -> None:
    """Writes goldens.json."""
    cases = {}
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            written = case.convert(name, Path(folder))
            reference = Reference.from_web_file(written.path)
            fingerprint = zlib.crc32(WebFile.open(written.path).read("params.lm.softmax.logits_ffn.w"))
        seed, expected, margin = choose_prompt(case, reference)
        ids = ask_transformers(gemma3_config(**case.config), reference, case.prompt(seed))
        print(f"{name}: prompt {seed}, smallest margin {margin:.3f}, reference agrees: {ids == expected}", flush=True)
        cases[name] = {
            "prompt_seed": seed,
            "ids": ids,
            "smallest_margin": round(margin, 4),
            "embedding_crc32": fingerprint,
        }
    made_with = {module.__name__: module.__version__ for module in (np, torch, transformers)}
    GOLDENS.write_text(json.dumps({"made_with": made_with, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
