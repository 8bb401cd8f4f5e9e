"""What the converter knows of a family: how its config.json is read, and what its checkpoints call their tensors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.model.description import ModelDescription
from builder.model.weights import Weight

EMBEDDING = "embed_tokens.weight"


@dataclass(frozen=True)
class Naming:
    """How a program names the tensors of a decoder."""

    decoder: str = "model."
    """In front of `embed_tokens.weight`, `layers.0.…` and `norm.weight`."""
    head: str = "lm_head.weight"
    """The output matrix, where it is not the embedding; some programs save the embedding a second time under this name."""

    @property
    def embedding(self) -> str:
        """The name of the embedding's tensor."""
        return self.decoder + EMBEDDING


@dataclass(frozen=True)
class Family:
    """One `model_type` of config.json."""

    describe: Callable[[dict[str, Any], Path], ModelDescription]
    """config.json and its path → the model; UnsupportedModel or CheckpointError names the key that cannot be."""
    weights: Callable[[ModelDescription, Naming], tuple[Weight, ...]]
    """All of its weights, in the order in which they are applied."""
    namings: tuple[Naming, ...] = (Naming(),)
    """Those that checkpoints are known to have, the likeliest first."""
    left_out: tuple[str, ...] = ()
    """Prefixes of tensors that are no part of the decoder and are left out on purpose: the images' side."""
    heard: tuple[str, ...] = ()
    """Those of them that are the sound's, which is left out where pictures are not."""

    def naming_in(self, names: Collection[str]) -> Naming:
        """The naming of a checkpoint that holds tensors of these `names`; the likeliest where none fits.

        A class of transformers without a head saves no `model.` in front, and a program's own class has one more part there.
        """
        known = next((naming for naming in self.namings if naming.embedding in names), None)
        others = [name for name in names if f".{name}".endswith(f".{EMBEDDING}")]
        if known or len(others) != 1:
            return known or self.namings[0]
        decoder = others[0].removesuffix(EMBEDDING)
        return Naming(decoder, f"{decoder.removesuffix('model.')}lm_head.weight")
