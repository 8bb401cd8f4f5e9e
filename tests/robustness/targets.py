"""What is damaged, and who gets to read it. A target makes its sound files once, then case after case."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.robustness.model_files import GraphFile, Litertlm, Task, Web
from tests.robustness.sources import AdapterFolder, CheckpointFolder, GgufFile, TokenizerJson, TokenizerModel, TorchFile
from tests.robustness.target import Target

TARGETS: dict[str, tuple[type[Target], int]] = {
    "web": (Web, 40),
    "graph": (GraphFile, 10),
    "zip .task": (Task, 12),
    ".litertlm": (Litertlm, 13),
    "checkpoint": (CheckpointFolder, 15),
    "GGUF": (GgufFile, 6),
    "pytorch_model.bin": (TorchFile, 4),
    "tokenizer.model": (TokenizerModel, 4),
    "tokenizer.json": (TokenizerJson, 3),
    "adapter": (AdapterFolder, 3),
}
"""Name → target and its share of the cases."""


def made(folder: Path) -> dict[str, Target]:
    """Every target with its sound files, each in a folder of its own under `folder`."""
    targets = {}
    for name, (kind, _) in TARGETS.items():
        place = folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        targets[name] = kind(place)
    return targets
