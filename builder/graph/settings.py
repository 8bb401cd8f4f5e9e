"""How a graph is to be: checked before anything large is imported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from builder.errors import OnpageError
from builder.quantize.scheme import ALL_INT8, INT8, Q4_0, Quantization, Scheme

Activations = Literal["int8", "float32"]
"""Of matrix products on a CPU. int8: quantized as they come, fast, and other words at near ties. float32: exact.
MediaPipe's GPU always takes float32, and no graph that asks for it."""

MAX_CONTEXT = 2048
"""Tokens, unless asked otherwise: the cache is as long as the context, in every signature."""

PREFILL = (32, 128)
"""A long one for speed, a short one for what is left of a prompt."""

MAX_SIGNATURES = 8

RECIPES: dict[tuple[Scheme, Activations], str] = {
    (INT8, "int8"): "dynamic_int8",
    (INT8, "float32"): "weight_only_int8",
    (Q4_0, "int8"): "dynamic_int4_block32",
}
"""litert-torch's names for them."""


@dataclass(frozen=True)
class GraphSettings:
    """What the graph's signatures and weights look like."""

    scheme: Scheme
    activations: Activations
    context: int
    """Tokens that the cache holds, prompt and answer."""
    prefill: tuple[int, ...]
    """Tokens that each prefill signature reads at once, ascending."""

    @classmethod
    def of(
        cls,
        context_length: int,
        *,
        quantization: Quantization = ALL_INT8,
        activations: Activations = "int8",
        context: int | None = None,
        prefill: Sequence[int] = (),
    ) -> GraphSettings:
        """For a model made for `context_length` tokens; OnpageError names the setting that cannot be."""
        scheme = quantization.embedding
        if (scheme, activations) not in RECIPES or quantization != Quantization(scheme, scheme, scheme):
            raise OnpageError(
                f"A graph cannot be {quantization} with {activations} activations: litert-torch makes int8 with either, and "
                f"q4_0 with int8 activations, for the whole model alike.",
                subject="bits",
            )
        if context is None:
            context = min(context_length, MAX_CONTEXT)
        if not 1 < context <= context_length:
            raise OnpageError(
                f"The context is {context:,} tokens: expected 2 to {context_length:,}, what the model was made for.",
                subject="context",
            )
        lengths = tuple(sorted(set(prefill or [n for n in PREFILL if n < context] or [context - 1])))
        if lengths[0] < 1 or lengths[-1] > context or len(lengths) > MAX_SIGNATURES:
            raise OnpageError(
                f"The prefill lengths are {', '.join(map(str, lengths))}: expected at most {MAX_SIGNATURES}, from 1 to the "
                f"context of {context:,} tokens.",
                subject="prefill",
            )
        return cls(scheme, activations, context, lengths)

    @property
    def recipe(self) -> str:
        """litert-torch's name for the quantization."""
        return RECIPES[self.scheme, self.activations]


@dataclass(frozen=True)
class Job:
    """What the exporting process is told."""

    checkpoint: str
    merge: str | None
    """The folder of a LoRA adapter that goes into the weights."""
    output: str
    recipe: str
    context: int
    prefill: tuple[int, ...]

    def to_json(self) -> str:
        """Its argument."""
        return json.dumps(asdict(self))
