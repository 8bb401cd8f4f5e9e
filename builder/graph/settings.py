"""How a graph is to be: checked before anything large is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.errors import OnpageError
from builder.formats.tflite_schema import Activations

MAX_CONTEXT = 2048
"""Tokens, unless asked otherwise: the cache is as long as the context, in every signature."""

PREFILL = (32, 128)
"""A long one for speed, a short one for what is left of a prompt."""

MAX_SIGNATURES = 8


@dataclass(frozen=True)
class GraphSettings:
    """What the graph's signatures look like."""

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
        activations: Activations = "int8",
        context: int | None = None,
        prefill: Sequence[int] = (),
    ) -> GraphSettings:
        """For a model made for `context_length` tokens; OnpageError names the setting that cannot be."""
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
        return cls(activations, context, lengths)
