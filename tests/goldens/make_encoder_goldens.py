"""Makes encoder_goldens.json: `python -m tests.goldens.make_encoder_goldens` (needs the extra `goldens`: torch, transformers).

The vector of each text by transformers, in float32, as sentence-transformers computes it: pooling, dense layers, length one.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

from tests.goldens.encoder_cases import COUNTS, ENCODER_GOLDENS, ENCODERS, EncoderCase

DIGITS = 6


def vectors(case: EncoderCase) -> list[list[float]]:
    """Of every text of a case."""
    with tempfile.TemporaryDirectory() as name:
        folder = case.write(Path(name) / "model")
        kind = transformers.BertModel if case.is_bert else transformers.Gemma3TextModel
        model = kind.from_pretrained(folder, attn_implementation="eager").eval()
        dense = [load_file(folder / f"{2 + i}_Dense/model.safetensors") for i in range(len(case.dense))]
    found = []
    for count in COUNTS:
        ids = torch.tensor([case.with_ends(case.ids(count))])
        with torch.no_grad():
            hidden = model(input_ids=ids).last_hidden_state[0]
            vector = hidden.mean(0) if case.pooling == "mean_tokens" else hidden[0]
            for said, values in zip(case.dense, dense, strict=True):
                vector = torch.nn.functional.linear(vector, values["linear.weight"], values.get("linear.bias"))
                vector = torch.tanh(vector) if said.activation.endswith("Tanh") else vector
        found.append([round(float(value), DIGITS) for value in vector / vector.norm()])
    return found


if __name__ == "__main__":
    goldens = {name: vectors(case) for name, case in ENCODERS.items()}
    ENCODER_GOLDENS.write_text(json.dumps(goldens, separators=(",", ":")).replace("]],", "]],\n") + "\n")
