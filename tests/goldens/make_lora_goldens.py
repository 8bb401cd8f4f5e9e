"""Makes lora_goldens.json: `python -m tests.goldens.make_lora_goldens` (needs the extra `goldens`: torch, transformers, peft).

For each adapter file: transformers gets the weights of the base *as they are in the web file*, peft loads the adapter's folder
on top, and its greedy ids are noted. For each merged one: peft merges into the checkpoint's own float32 weights, and
some values of every merged matrix are noted. Prompts are chosen as in make_goldens, and such that the base answers otherwise.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from pathlib import Path

import numpy as np
import peft
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file

from builder.checkpoint.folder import ADAPTER_WEIGHTS
from builder.formats.web_tensor_names import name_of
from builder.lora.adapter import Adapter
from builder.lora.adapter_file import convert_adapter
from builder.model.families import describe, weights_of
from builder.reference.dense import Reference
from tests.adapters import matrices
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.goldens.cases import NEW_TOKENS, Case
from tests.goldens.lora_cases import LORA_CASES, LORA_GOLDENS, MERGED, LoraCase, sampled
from tests.goldens.make_goldens import LEAST_DISTINCT, LEAST_MARGIN, PROMPTS_AT_ONCE


def base_model(case: LoraCase, weights: dict[str, torch.Tensor]) -> torch.nn.Module:
    """Gemma3ForCausalLM with these weights."""
    config = {k: v for k, v in gemma3_config(**case.model.config).items() if k not in ("architectures", "model_type")}
    model = transformers.Gemma3ForCausalLM(transformers.Gemma3TextConfig(attn_implementation="eager", **config)).eval()
    loaded = model.load_state_dict(weights, strict=False)
    assert not loaded.unexpected_keys and set(loaded.missing_keys) <= {"lm_head.weight"}, loaded
    return model


def adapted(model: torch.nn.Module, folder: Path) -> peft.PeftModel:
    """peft's model; what peft would save has the same names, shapes and types of tensors as our folder."""
    model = peft.PeftModel.from_pretrained(model, folder).eval()
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        ours, theirs = load_file(folder / ADAPTER_WEIGHTS), load_file(Path(saved) / ADAPTER_WEIGHTS)
        assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}
        assert {low.module for low in Adapter.open(Path(saved)).modules.values()} == {
            low.module for low in Adapter.open(folder).modules.values()
        }
    return model


def greedy(model: torch.nn.Module, prompt: list[int]) -> list[int]:
    """The ids that follow."""
    with torch.no_grad():
        out = model.generate(
            input_ids=torch.tensor([prompt]),
            max_new_tokens=NEW_TOKENS,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
    return out[0, len(prompt) :].tolist()


def choose_prompt(case: Case, references: tuple[Reference, Reference]) -> tuple[int, list[int], float]:
    """As make_goldens', for the adapted model and for its base: neither answer may have a near tie."""
    for first in range(0, 100_000, PROMPTS_AT_ONCE):
        seeds = range(first, first + PROMPTS_AT_ONCE)
        prompts = [case.prompt(seed) for seed in seeds]
        answers = zip(*(reference.greedy(prompts, NEW_TOKENS) for reference in references), strict=True)
        for seed, (adapted, base) in zip(seeds, answers, strict=True):
            margin = min(*adapted.margins, *base.margins)
            if len(set(adapted.ids)) >= LEAST_DISTINCT and margin >= LEAST_MARGIN:
                return seed, adapted.ids, min(adapted.margins)
    raise SystemExit("No prompt gives answers that can be compared.")


def applied(name: str, case: LoraCase, folder: Path) -> dict:
    """The golden of an adapter file."""
    model = case.model.convert(case.base, folder).path
    adapter = case.write(name, folder)
    convert_adapter(folder / case.base, adapter, folder / f"{name}.bin")
    reference = Reference.from_web_file(model, adapter=folder / f"{name}.bin")
    seed, expected, margin = choose_prompt(case.model, (reference, Reference.from_web_file(model)))
    weights = {
        str(weight.source): torch.from_numpy(np.array(reference.weights[name_of(weight)]))
        for weight in weights_of(describe(gemma3_config(**case.model.config), Path("config.json")))
    }
    prompt = case.model.prompt(seed)
    without = greedy(base_model(case, weights), prompt)
    ids = greedy(adapted(base_model(case, weights), adapter), prompt)
    assert ids[:4] != without[:4], f"{name} hardly changes the answer"
    print(f"{name}: prompt {seed}, smallest margin {margin:.3f}, reference agrees: {ids == expected}", flush=True)
    return {"prompt_seed": seed, "ids": ids, "ids_without": without, "smallest_margin": round(margin, 4)}


def merged(name: str, case: LoraCase, folder: Path) -> dict:
    """The golden of a merged adapter: values of each merged matrix, chosen by `sampled`."""
    config = gemma3_config(**case.model.config)
    checkpoint = write_checkpoint(folder / "base", config, seed=len(case.base), dtype="F32")
    model = adapted(base_model(case, load_file(checkpoint / "model.safetensors")), case.write(name, folder))
    state = model.merge_and_unload().state_dict()
    print(f"{name}: merged", flush=True)
    with safe_open(folder / name / ADAPTER_WEIGHTS, "pt") as file:
        fingerprint = zlib.crc32(file.get_tensor(sorted(file.keys())[0]).float().numpy().tobytes())
    values = {
        name: sampled(state[name].numpy()).tolist() for name in (str(m.source) for m in matrices(config, case.targets))
    }
    return {"adapter_crc32": fingerprint, "values": values}


def main() -> None:
    """Writes lora_goldens.json."""
    goldens: dict = {"made_with": {m.__name__: m.__version__ for m in (np, torch, transformers, peft)}}
    for kind, cases, make in (("applied", LORA_CASES, applied), ("merged", MERGED, merged)):
        goldens[kind] = {}
        for name, case in cases.items():
            with tempfile.TemporaryDirectory() as folder:
                goldens[kind][name] = make(name, case, Path(folder))
    LORA_GOLDENS.write_text(json.dumps(goldens, indent=1) + "\n")


if __name__ == "__main__":
    main()
