"""Makes tower_goldens.json: `python -m tests.goldens.make_tower_goldens` (needs the extra `goldens`: torch, transformers).

The tokens of each picture by transformers, in float32: what `get_image_features` gives for pixels from −1 to 1.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import torch
import transformers

from tests.goldens.tower_cases import TOWER_GOLDENS, TOWERS, TowerCase

DIGITS = 5


def tokens(case: TowerCase) -> list[list[list[float]]]:
    """(pictures, tokens, width)."""
    with tempfile.TemporaryDirectory() as name:
        folder = case.write(Path(name) / "model")
        model = transformers.Gemma3ForConditionalGeneration.from_pretrained(folder, attn_implementation="eager").eval()
    pixels = torch.tensor(case.pictures()).permute(0, 3, 1, 2) * 2 - 1
    with torch.no_grad():
        found = model.get_image_features(pixels)
    vectors = getattr(found, "pooler_output", found)
    return [[[round(float(value), DIGITS) for value in row] for row in picture] for picture in vectors]


if __name__ == "__main__":
    goldens = {name: tokens(case) for name, case in TOWERS.items()}
    TOWER_GOLDENS.write_text(json.dumps(goldens, separators=(",", ":")).replace("]],", "]],\n") + "\n")
