"""Makes goldens.json: `python -m tests.goldens.make_goldens [CASE …]` (needs the extra `goldens`: torch and transformers).

For each case it converts the random checkpoint, gives transformers a checkpoint with the same config.json and names but the
weights *as they are in the web file*, and notes the greedy ids. Prompts are tried in order until the answer varies and has no near tie, since
either would make the comparison with the engine worthless.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import transformers
from transformers.models.gemma3 import modeling_gemma3

from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described
from builder.formats.web_tensor_names import name_of, tensor_name
from builder.model.families import describe, family_of
from builder.model.families.gemma3 import IMAGES
from builder.reference.dense import Reference
from tests.checkpoints import as_stored, write_shards
from tests.goldens.cases import CASES, GOLDENS, NEW_TOKENS, Case, goldens

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


def opened(case: Case, web_file: Path) -> Any:
    """A checkpoint with the dequantized weights, opened by transformers as any other."""
    with tempfile.TemporaryDirectory() as folder:
        write_dequantized(case, web_file, Path(folder))
        model, loaded = transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            attn_implementation="eager",  # the only one with a soft cap
            output_loading_info=True,
        )
    missing = {name for name in loaded["missing_keys"] if not name.startswith(IMAGES)}
    assert missing <= {"lm_head.weight"} and not loaded["unexpected_keys"] and not loaded["mismatched_keys"], loaded
    return model.eval()


def ask_transformers(case: Case, web_file: Path, prompt: list[int], new_tokens: int = NEW_TOKENS) -> list[int]:
    """Greedy ids with the dequantized weights."""
    model = opened(case, web_file)
    # Gemma3Attention reads attn_logit_softcapping but does not hand it on to its attention function, which can apply it.
    capped = functools.partial(EAGER_ATTENTION, softcap=case.config_json.get("attn_logit_softcapping"))
    with torch.no_grad(), mock.patch.object(modeling_gemma3, "eager_attention_forward", capped):
        if case.config_json["model_type"].startswith("gemma4"):
            return _greedy(model, prompt, new_tokens)
        out = model.generate(
            torch.tensor([prompt]), max_new_tokens=new_tokens, do_sample=False, eos_token_id=None, pad_token_id=0
        )
    return out[0, len(prompt) :].tolist()


def _greedy(model: Any, prompt: list[int], new_tokens: int) -> list[int]:
    """The same without generate, which fails for a Gemma 4 with shared caches and no per-layer embeddings (transformers 5.24)."""
    ids = list(prompt)
    for _ in range(new_tokens):
        last = torch.tensor([len(ids) - 1])  # a number would take the same faulty way
        ids.append(int(model(torch.tensor([ids]), use_cache=False, logits_to_keep=last).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def write_dequantized(case: Case, web_file: Path, folder: Path) -> None:
    """The web file's weights as a checkpoint with the case's config.json and names; rows that it left out are zero."""
    (folder / "config.json").write_text(json.dumps(case.config_json))
    family, model = (read(case.config_json, folder / "config.json") for read in (family_of, describe))
    name = tensor_name("embedding", None, model)
    values = dict(Reference.from_web_file(web_file).weights)
    embedding = values[name]
    values[name] = np.pad(embedding, ((0, model.embedding.vocabulary - len(embedding)), (0, 0)))
    weights = family.weights(model, case.naming or family.namings[0])
    write_shards(folder, as_stored((weight, values[name_of(weight, model)]) for weight in weights))


def embedding_of(path: Path) -> str:
    """The name of a web file's embedding."""
    return f"{tensor_name('embedding', None, described(WebFile.open(path)))}.w"


def make(name: str, case: Case) -> dict[str, Any]:
    """The golden of one case."""
    with tempfile.TemporaryDirectory() as folder:
        written = case.convert(name, Path(folder))
        seed, expected, margin = choose_prompt(case, Reference.from_web_file(written.path))
        ids = ask_transformers(case, written.path, case.prompt(seed))
        fingerprint = zlib.crc32(WebFile.open(written.path).read(embedding_of(written.path)))
    print(f"{name}: prompt {seed}, smallest margin {margin:.3f}, reference agrees: {ids == expected}", flush=True)
    return {
        "prompt_seed": seed,
        "ids": ids,
        "smallest_margin": round(margin, 4),
        "embedding_crc32": fingerprint,
    }


def main() -> None:
    """Writes goldens.json: of the cases that are named, the others stay; of all where none is named."""
    names = sys.argv[1:] or list(CASES)
    known = goldens()["cases"] if sys.argv[1:] else {}
    made = {name: make(name, CASES[name]) for name in names}
    cases = {name: (known | made)[name] for name in CASES if name in known | made}
    made_with = {module.__name__: module.__version__ for module in (np, torch, transformers)}
    GOLDENS.write_text(json.dumps({"made_with": made_with, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
