"""LiteRT graphs with the signatures of a language model, and nothing behind them: what a bundle and an inspection look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers

from tests.mediapipe_schema import schema

CONTEXT, HEADS, DIMENSION, VOCABULARY = 64, 1, 16, 500
FLOAT32, INT32, INT8 = 0, 2, 9

Ends = dict[str, tuple[int, list[int]]]


def caches(layers: int, transposed: bool = True) -> Ends:
    """The key-value cache of each layer."""
    k = [1, HEADS, CONTEXT, DIMENSION] if transposed else [1, CONTEXT, HEADS, DIMENSION]
    v = [1, HEADS, DIMENSION, CONTEXT] if transposed else k
    return {f"kv_cache_{kind}_{i}": (FLOAT32, shape) for i in range(layers) for kind, shape in (("k", k), ("v", v))}


def function(tokens: int, cache: Ends, *, mask: bool = True, logits: int = 0) -> tuple[Ends, Ends]:
    """Inputs and outputs of one signature."""
    inputs: Ends = {"tokens": (INT32, [1, tokens]), "input_pos": (INT32, [tokens]), **cache}
    if mask:
        inputs["mask"] = (FLOAT32, [1, 1, tokens, CONTEXT])
    return inputs, cache | ({"logits": (FLOAT32, [1, 1, logits])} if logits else {})


def language_model(layers: int = 2, *, transposed: bool = True, mask: bool = True) -> dict[str, tuple[Ends, Ends]]:
    """decode and two prefill signatures, by name."""
    cache = caches(layers, transposed)
    return {
        "prefill_8": function(8, cache, mask=mask),
        "prefill_32": function(32, cache, mask=mask),
        "decode": function(1, cache, mask=mask, logits=VOCABULARY),
    }


def write_graph(path: Path, signatures: dict[str, tuple[Ends, Ends]] | None = None, *, weights: int = 4096) -> Path:
    """Writes a graph with these signatures, one operator each, and `weights` bytes of int8."""
    signatures = language_model() if signatures is None else signatures
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes = [schema.OperatorCodeT()]
    empty, data = schema.BufferT(), schema.BufferT()
    data.data = bytes(i % 251 for i in range(weights))
    model.buffers, model.subgraphs, model.signatureDefs = [empty, data], [], []
    for number, (name, (inputs, outputs)) in enumerate(signatures.items()):
        graph = schema.SubGraphT()
        graph.tensors = [_tensor("weights", INT8, [weights], 1)]
        graph.operators = [schema.OperatorT()]
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = name, number
        signature.inputs, signature.outputs = (_ends(graph, ends) for ends in (inputs, outputs))
        model.subgraphs.append(graph)
        model.signatureDefs.append(signature)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def _tensor(name: str, type_: int, shape: list[int], buffer: int = 0) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.type, tensor.shape, tensor.buffer = name, type_, shape, buffer
    return tensor


def _ends(graph: Any, ends: Ends) -> list[Any]:
    maps = []
    for name, (type_, shape) in ends.items():
        end = schema.TensorMapT()
        end.name, end.tensorIndex = name, len(graph.tensors)
        graph.tensors.append(_tensor(name, type_, shape))
        maps.append(end)
    return maps
