"""Layers at the end of a decoder that read the keys and values of earlier ones (Gemma 3n and 4), as config.json says it."""

from __future__ import annotations

from builder.errors import UnsupportedModel
from builder.files.reading import shown
from builder.model.families.config import Config


def read_shared_layers(c: Config, layers: int) -> int:
    """How many of the last layers have no keys and values of their own."""
    value = c.values["num_kv_shared_layers"]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < layers:
        raise UnsupportedModel(
            f"{c.says('num_kv_shared_layers')}: expected 0 to {layers - 1}, fewer than there are layers.",
            subject="num_kv_shared_layers",
        )
    return value


def last_like(c: Config, windows: list[int | None], window: int | None, layer: int) -> int:
    """The last of the layers with keys and values of their own that sees as far as this one."""
    found = [i for i, other in enumerate(windows) if other == window]
    if not found:
        raise UnsupportedModel(
            f"{c.says('num_kv_shared_layers')}: layer {layer} ({shown(window)} tokens) has none like it before, whose keys and values it "
            f"could read.",
            subject="num_kv_shared_layers",
        )
    return found[-1]
