"""The FlatBuffer of a graph, as MediaPipe's own schema reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.formats.graph_reader import Graph
from builder.formats.web_file_reader import WebFile
from builder.graph import parameters
from builder.graph.convert import convert_to_graph
from builder.quantize.rounding import dequantize
from builder.quantize.scheme import Quantization
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.mediapipe_schema import schema

SMALL = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32}
MIXED = Quantization.of("8", attention="4", feedforward="q4_0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, its web file and its graph."""
    folder = tmp_path_factory.mktemp("layout")
    checkpoint = write_checkpoint(folder / "checkpoint", gemma3_config(**SMALL))
    web = convert_checkpoint(checkpoint, folder / "web.task", quantization=MIXED)
    convert_to_graph(web.path, folder / "graph.tflite", context=64, prefill=[8])
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> bytes:
    return (folder / "graph.tflite").read_bytes()


@pytest.fixture(scope="module")
def model(data: bytes) -> Any:
    return schema.ModelT.InitFromPackedBuf(data, 0)


def tensors(model: Any) -> dict[str, list[tuple[Any, Any]]]:
    """Name → (graph, tensor) in each function that has it."""
    found: dict[str, list[tuple[Any, Any]]] = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            found.setdefault(tensor.name.decode(), []).append((graph, tensor))
    return found


def stored(model: Any, data: bytes, tensor: Any) -> bytes:
    buffer = model.buffers[tensor.buffer]
    return data[buffer.offset : buffer.offset + buffer.size]


def values_of(model: Any, data: bytes, graph: Any, tensor: Any) -> Any:
    """A matrix, dequantized as the schema says."""
    raw = np.frombuffer(stored(model, data, tensor), np.int8)
    if tensor.type == schema.TensorType.INT4:
        raw = np.stack([raw << 4 >> 4, raw >> 4], axis=1)
    values = raw.reshape(tensor.shape).astype(np.float32)
    quantization = tensor.quantization
    if quantization.detailsType == schema.QuantizationDetails.BlockwiseQuantization:
        assert (quantization.details.blockSize, quantization.details.zeroPoints) == (32, -1)
        of_blocks = graph.tensors[quantization.details.scales]
        assert of_blocks.type == schema.TensorType.FLOAT16
        scales = np.frombuffer(stored(model, data, of_blocks), np.float16).reshape(of_blocks.shape)
        return values * np.repeat(scales.astype(np.float32), 32, axis=1)
    assert quantization.quantizedDimension == 0 and not quantization.zeroPoint.any()
    assert len(quantization.scale) == len(quantization.zeroPoint) == tensor.shape[0]
    return values * quantization.scale[:, None]


def test_the_numbers_are_those_of_the_web_file(folder: Path, model: Any, data: bytes) -> None:
    web, found = WebFile.open(folder / "web.task"), tensors(model)

    def matrix(name: str) -> Any:
        shape = web.matrix(name)
        assert shape
        packed, scales = (web.read(f"{name}.{end}") for end in ("w", "w_quantized_scale"))
        return dequantize(
            np.frombuffer(packed, np.uint8), np.frombuffer(scales, np.float32), shape.k, shape.n, shape.scheme.bits
        )

    layer = "params.lm.transformer.x_layers_1."
    names = {
        "embedding": ["params.lm.softmax.logits_ffn"],
        "layer_1.query.key.value": [f"{layer}self_attention.{part}" for part in "qkv"],
        "layer_1.output": [f"{layer}self_attention.post"],
        "layer_1.up": [f"{layer}ff_layer.ffn_layer1"],
        "layer_1.down": [f"{layer}ff_layer.ffn_layer2"],
    }
    for ours, theirs in names.items():
        for graph, tensor in found[ours]:
            expected = np.concatenate([matrix(name) for name in theirs])
            np.testing.assert_allclose(values_of(model, data, graph, tensor), expected, rtol=5e-4, err_msg=ours)
    norm = np.frombuffer(web.read(f"{layer}pre_layer_norm.scale"), np.float32)
    [(_, factors), *_] = found["layer_1.pre_attention_norm"]
    np.testing.assert_array_equal(np.frombuffer(stored(model, data, factors), np.float32), norm + np.float32(1))


def test_functions_share_what_they_take(model: Any) -> None:
    shared = {name: places for name, places in tensors(model).items() if name.startswith(("layer_", "embedding"))}
    assert len(shared) > 20
    for name, places in shared.items():
        assert len({tensor.buffer for _, tensor in places}) == 1, name
    assert len(shared["layer_0.gate"]) == 2  # prefill and decode


def test_all_outside_is_aligned_and_apart(model: Any, data: bytes) -> None:
    outside = sorted((buffer.offset, buffer.size) for buffer in model.buffers if buffer.size)
    end = outside[0][0]
    for offset, size in outside:
        assert offset % 64 == 0 and end <= offset < end + 64
        end = offset + size
    assert end == len(data)


def test_matrices_lie_side_by_side_in_the_order_of_their_use(model: Any) -> None:
    """So that what is packed of them later has room where the first were (static/engine/workers/packing_room.js)."""
    [decode] = [graph for graph in model.subgraphs if graph.name == b"decode"]
    [product] = [
        i for i, code in enumerate(model.operatorCodes) if code.builtinCode == schema.BuiltinOperator.FULLY_CONNECTED
    ]
    used = [decode.tensors[o.inputs[1]].buffer for o in decode.operators if o.opcodeIndex == product]
    layers = [model.buffers[buffer].offset for buffer in used[:-1]]  # the last is the head, which is the embedding
    assert layers == sorted(layers) and len(layers) == 10
    ends = [model.buffers[buffer].offset + model.buffers[buffer].size for buffer in used[:-1]]
    assert all(0 <= begin - end < 64 for end, begin in zip(ends, layers[1:], strict=False)), (
        "no scales lie between them"
    )
    vectors = {tensor.buffer for tensor in decode.tensors if tensor.type == schema.TensorType.FLOAT32}
    assert max(model.buffers[buffer].offset for buffer in vectors) < model.buffers[used[-1]].offset < layers[0]


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
def test_a_large_head_is_multiplied_in_parts_that_take_no_room(
    bits: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = convert_to_graph(
        folder / "checkpoint", tmp_path / "whole.tflite", quantization=Quantization.of("8", embedding=bits), context=64
    )
    monkeypatch.setattr(parameters, "MAX_PART", 20_000)
    parted = convert_to_graph(
        folder / "checkpoint", tmp_path / "parted.tflite", quantization=Quantization.of("8", embedding=bits), context=64
    )
    data = parted.path.read_bytes()
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    found = tensors(model)
    [(graph, table)] = [place for place in found["embedding"] if place[0].name == b"decode"]
    parts = [places[0] for name, places in found.items() if name.startswith("embedding.") and "scales" not in name]
    assert len(parts) > 2
    together = np.concatenate([values_of(model, data, *part) for part in parts])
    np.testing.assert_array_equal(together, values_of(model, data, graph, table))
    assert parted.size - whole.size < 2000 + 12 * table.shape[0]  # scales of outputs, and places
    joins = [
        i for i, code in enumerate(model.operatorCodes) if code.builtinCode == schema.BuiltinOperator.CONCATENATION
    ]
    assert all(len(o.inputs) <= 4 for g in model.subgraphs for o in g.operators if o.opcodeIndex in joins)
    kept = Graph.open(parted.path)
    integers = "int8" if bits == "8" else "int4"
    assert kept.weights[integers] == Graph.open(whole.path).weights[integers]
    assert kept.vocabulary == table.shape[0]


def test_a_prompt_is_read_without_what_nobody_reads(model: Any) -> None:
    prefill, decode = model.subgraphs[:2]
    assert (prefill.name, decode.name) == (b"prefill_8", b"decode")
    names = {tensor.name.decode() for tensor in prefill.tensors}
    assert "layer_1.query.key.value" in names
    unread = {"layer_1.query_norm", "layer_1.output", "layer_1.up", "final_norm"}
    assert not names & unread, "of the last layer only the cache counts"


def test_somebody_reads_what_each_operator_makes(model: Any) -> None:
    """MediaPipe reads a prompt with a function where that is not so, and fails at the first token."""
    for graph in model.subgraphs:
        read = {i for operator in graph.operators for i in operator.inputs} | set(graph.outputs)
        assert {i for operator in graph.operators for i in operator.outputs} <= read, graph.name


def test_a_window_that_sees_the_whole_cache_is_no_window(folder: Path) -> None:
    def selects(context: int) -> int:
        path = convert_to_graph(folder / "web.task", folder / "other.tflite", context=context).path
        made = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        codes = [code.builtinCode for code in made.operatorCodes]
        return codes.count(schema.BuiltinOperator.SELECT_V2)

    assert (selects(512), selects(1024)) == (0, 1)  # the window has 512 tokens
