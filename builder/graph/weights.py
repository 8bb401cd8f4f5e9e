"""A checkpoint's weights under the names, and in the layout, of litert-torch's Gemma 3 decoder. No torch here."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.checkpoint import check_finite
from builder.checkpoint.stored_types import to_float32
from builder.model.description import ModelDescription
from builder.model.weights import Part, Weight, Weights

PARAMETERS: dict[Part, str] = {
    "embedding": "tok_embedding.weight",
    "final_norm": "final_norm.weight",
    "pre_attention_norm": "pre_atten_norm.weight",
    "query": "atten_func.qkv_projection.weight",
    "key": "atten_func.qkv_projection.weight",
    "value": "atten_func.qkv_projection.weight",
    "query_norm": "atten_func.query_norm.weight",
    "key_norm": "atten_func.key_norm.weight",
    "output": "atten_func.output_projection.weight",
    "post_attention_norm": "post_atten_norm.weight",
    "pre_feed_forward_norm": "ff.pre_ff_norm.weight",
    "gate": "ff.w1.weight",
    "up": "ff.w3.weight",
    "down": "ff.w2.weight",
    "post_feed_forward_norm": "ff.post_ff_norm.weight",
}
"""litert-torch's names; those of a layer follow that of its block."""


def placed_weights(model: ModelDescription, weights: Weights) -> Iterator[tuple[str, int, NDArray[np.float32]]]:
    """(parameter, first row, rows) for all of the model, in bands; a vector is one row."""
    for weight in weights.tensors:
        parameter, at, factor = _place(model, weight)
        for first, rows in weights.bands(weight):
            check_finite(str(weight.source), first, rows)
            values = to_float32(rows[:])
            if factor is not None:
                # a norm holds the distance from one
                values = values * factor if weight.is_matrix else (values + 1) * factor - 1
            yield parameter, at + first, values


def _place(model: ModelDescription, weight: Weight) -> tuple[str, int, np.float32 | None]:
    """The parameter, the row in it where the weight begins, and what it is multiplied by."""
    if weight.layer is None:
        return PARAMETERS[weight.part], 0, None
    attention = model.layers[weight.layer].attention
    # all queries, all keys, all values: what qkv_transpose_before_split stands for
    rows = {"key": attention.query_width, "value": attention.query_width + attention.key_width}
    # litert-torch divides queries by the root of the head dimension; another factor goes into what makes them
    factor = attention.query_scale * math.sqrt(attention.head_dimension)
    makes_queries = "query_norm" if attention.query_key_norms else "query"
    scaled = weight.part == makes_queries and not math.isclose(factor, 1)
    name = f"transformer_blocks.{weight.layer}.{PARAMETERS[weight.part]}"
    return name, rows.get(weight.part, 0), np.float32(factor) if scaled else None
