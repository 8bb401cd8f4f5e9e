"""The slices of a Gemma 3n to choose from by their size.

All are made of what the model was trained for, feed-forwards whole or halved, and of what the published E2B leaves out; and all are such
that the web format can say them: one width for the layers with keys and values of their own, and one for those without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from builder.errors import OnpageError, UnsupportedModel
from builder.quantize.rounding import BLOCK
from builder.slice.plan import Slice, Sliceable, all_parameters, effective_parameters

WAYS = "Say in one way what to keep: by name (E2B), by a number of parameters, or by layers and widths."

PUBLISHED_LAYERS = 35
"""Of E4B, which E2B is a slice of."""


@dataclass(frozen=True)
class Mix:
    """A slice, and how large it is."""

    kept: Slice
    effective_parameters: int
    """Without the tables of the vocabulary, as E2B and E4B are named."""
    parameters: int

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "layers": self.kept.ranges,
            "ffn": self.kept.runs,
            "effective_parameters": self.effective_parameters,
            "parameters": self.parameters,
        }


def kept_of(
    whole: Sliceable,
    *,
    to: str | None = None,
    target: int | None = None,
    layers: Sequence[int] | None = None,
    widths: Sequence[int] | None = None,
) -> tuple[Slice, list[Mix]]:
    """The slice that is asked for in one of three ways, and what it was chosen from, where it was; OnpageError for none or several."""
    if sum((to is not None, target is not None, layers is not None or widths is not None)) != 1:
        raise OnpageError(WAYS)
    if to is not None:
        if to.upper() != "E2B":
            raise UnsupportedModel(f"{to!r} is no published slice: expected E2B.", subject="to")
        return to_e2b(whole), []
    if target is not None:
        found = mixes(whole)
        return choose(found, target).kept, found
    return whole.of(layers, widths), []


def to_e2b(whole: Sliceable) -> Slice:
    """The slice that Google published as E2B; UnsupportedModel where the checkpoint is no E4B."""
    layers, had = whole.without_a_group, {*whole.widths}
    if len(whole.model.layers) != PUBLISHED_LAYERS or layers is None or len(had) > 1 or not _halves(max(had)):
        raise UnsupportedModel(
            f"{whole.path} has {len(whole.model.layers)} layers with feed-forwards of {', '.join(f'{one:,}' for one in sorted(had))}: E2B is "
            f"a slice of E4B, which has {PUBLISHED_LAYERS} of one width; name --layers and --ffn.",
            subject="to",
        )
    return whole.of(layers, [max(had) // 2])


def mixes(whole: Sliceable) -> list[Mix]:
    """All of them, the largest first."""
    first = whole.first_sharing
    layer_sets = [whole.whole.layers, *([whole.without_a_group] if whole.without_a_group else [])]
    shares = [(own, sharing) for own in (1, 2) for sharing in (1, 2)]
    found = {
        whole.of(layers, [whole.widths[i] // (own if i < first else sharing) for i in layers])
        for layers in layer_sets
        for own, sharing in shares
        if all(_halves(width) for width in whole.widths)
    }
    return sorted((_measured(whole, kept) for kept in found), key=lambda mix: -mix.effective_parameters)


def choose(found: Sequence[Mix], target: int) -> Mix:
    """The largest of at most `target` effective parameters; UnsupportedModel where all have more."""
    fitting = next((mix for mix in found if mix.effective_parameters <= target), None)
    if fitting is None:
        least = found[-1].effective_parameters if found else 0
        raise UnsupportedModel(
            f"No slice to choose from has at most {target:,} parameters without the tables of the vocabulary: the smallest has {least:,}; "
            f"name layers and widths for another.",
            subject="target_params",
        )
    return fitting


def _measured(whole: Sliceable, kept: Slice) -> Mix:
    model = whole.describe(kept)
    return Mix(kept, effective_parameters(model), all_parameters(model))


def _halves(width: int) -> bool:
    return width % (2 * BLOCK) == 0
