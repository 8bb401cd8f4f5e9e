"""A checkpoint's weights under the names, and in the layout, of litert-torch's Gemma 3 decoder. No torch here."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.folder import check_finite
from builder.checkpoint.stored_types import to_float32
from builder.convert.write_tensors import Weights
from builder.formats.llm_parameters import TransformerParameters
from builder.model.families.plan import ModelPlan, VectorPlan

WHOLE = {"params.lm.softmax.logits_ffn": "tok_embedding.weight", "params.lm.final_ln.scale": "final_norm.weight"}
LAYER = {
    "pre_layer_norm.scale": "pre_atten_norm.weight",
    "self_attention.q_norm.scale": "atten_func.query_norm.weight",
    "self_attention.k_norm.scale": "atten_func.key_norm.weight",
    "self_attention.post": "atten_func.output_projection.weight",
    "post_layer_norm.scale": "post_atten_norm.weight",
    "ff_layer.pre_layer_norm.scale": "ff.pre_ff_norm.weight",
    "ff_layer.ffn_layer1_gate": "ff.w1.weight",
    "ff_layer.ffn_layer1": "ff.w3.weight",
    "ff_layer.ffn_layer2": "ff.w2.weight",
    "ff_layer.post_layer_norm.scale": "ff.post_ff_norm.weight",
}
"""A web file's name of a tensor, after that of its layer → litert-torch's, after that of its block."""

QKV = "atten_func.qkv_projection.weight"


def placed_weights(plan: ModelPlan, weights: Weights) -> Iterator[tuple[str, int, NDArray[np.float32]]]:
    """(parameter, first row, rows) for all of the model, in bands; a vector is one row."""
    places, factors = dict(_places(plan)), dict(_query_factors(plan.transformer))
    for tensor in plan.tensors:
        parameter, at = places[tensor.name]
        factor = factors.get(tensor.name)
        for first, rows in weights.bands(tensor):
            check_finite(tensor.source, first, rows)
            values = to_float32(rows[:])
            if factor is not None:
                # a norm holds the distance from one
                values = (values + 1) * factor - 1 if isinstance(tensor, VectorPlan) else values * factor
            yield parameter, at + first, values


def _places(plan: ModelPlan) -> Iterator[tuple[str, tuple[str, int]]]:
    """Name of a tensor → the parameter, and the row in it where it begins."""
    p = plan.transformer
    q, kv = p.num_heads * p.head_dimension, p.num_kv_heads * p.head_dimension
    for ours, theirs in WHOLE.items():
        yield ours, (theirs, 0)
    for i in range(p.num_stacks):
        layer, block = f"params.lm.transformer.x_layers_{i}.", f"transformer_blocks.{i}."
        for ours, theirs in LAYER.items():
            yield layer + ours, (block + theirs, 0)
        # all queries, all keys, all values: what qkv_transpose_before_split stands for
        for name, row in (("q", 0), ("k", q), ("v", q + kv)):
            yield f"{layer}self_attention.{name}", (block + QKV, row)


def _query_factors(p: TransformerParameters) -> Iterator[tuple[str, np.float32]]:
    """litert-torch divides queries by the root of the head dimension; another factor goes into what makes them."""
    if p.query_rescale_factor:
        name = "q_norm.scale" if p.self_attention_parameters.qk_norm else "q"
        for i in range(p.num_stacks):
            factor = p.query_rescale_factor / math.sqrt(p.head_dimension)
            yield f"params.lm.transformer.x_layers_{i}.self_attention.{name}", np.float32(factor)
