"""Which matrices of a graph the page takes for spent once they are packed, held to what TFLite's own schema says of the graph."""

from __future__ import annotations

from pathlib import Path

import pytest
import tflite

from builder.formats.graph_reader import Graph
from builder.formats.litertlm_reader import LitertlmFile
from builder.graph import parameters
from builder.graph.convert import convert_to_graph
from builder.quantize.scheme import Quantization
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.goldens.llama_cases import CONFIGS
from tests.llama_checkpoints import write_llama
from tests.static.node import evaluate
from webapp.paths import DEMO_GRAPH

ASK = """
import { readFileSync } from "node:fs";
const { multipliedOnly } = await import("./static/engine/workers/graph_matrices.js");
const [path, offset, size, cut] = JSON.parse(readFileSync(0));
const bytes = new Uint8Array(readFileSync(path)).slice(offset, offset + size);
console.log(JSON.stringify([...multipliedOnly(cut === null ? bytes : bytes.subarray(0, cut))]));
"""


def graph_of(path: Path) -> Graph:
    graph = LitertlmFile.open(path).model
    assert isinstance(graph, Graph)
    return graph


def asked(graph: Graph, cut: int | None = None) -> dict[int, tuple[int, int]]:
    found = evaluate(ASK, f'["{graph.path}", {graph.offset}, {graph.size}, {"null" if cut is None else cut}]')
    return {number: (place["begin"], place["end"]) for number, place in found}


def expected(graph: Graph) -> dict[int, tuple[int, int]]:
    """Byte for byte: a buffer's, where every tensor with one of its bytes is the matrix of a product."""
    model = tflite.Model.GetRootAs(graph.path.read_bytes()[graph.offset :], 0)
    ranges = {i: (model.Buffers(i).Offset(), model.Buffers(i).Size()) for i in range(model.BuffersLength())}
    multiplied: set[int] = set()
    others: set[int] = set()
    for subgraph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for operator in map(subgraph.Operators, range(subgraph.OperatorsLength())):
            code = model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
            for i in range(operator.InputsLength()):
                buffer = subgraph.Tensors(operator.Inputs(i)).Buffer() if operator.Inputs(i) >= 0 else 0
                matrix = code == tflite.BuiltinOperator.FULLY_CONNECTED and i == 1
                (multiplied if matrix else others).add(buffer)
    return {
        i: (begin, begin + size)
        for i, (begin, size) in ranges.items()
        if i in multiplied - others
        and all(
            not (other < begin + size and begin < other + more)
            for j, (other, more) in ranges.items()
            if j != i and more
        )
    }


def test_the_demos_are_those_of_its_layers() -> None:
    """Its embedding is the head too, and is looked up."""
    graph = graph_of(DEMO_GRAPH)
    found = asked(graph)
    assert found == expected(graph)
    assert len(found) % 5 == 0, "projections, output, gate, up and down of each layer"
    assert 0.5 < sum(end - begin for begin, end in found.values()) / graph.size < 0.9


def test_blocks_and_heads_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "MAX_PART", 20_000)
    folder = write_checkpoint(tmp_path / "checkpoint", gemma3_config())
    path = tmp_path / "graph.litertlm"
    convert_to_graph(folder, path, quantization=Quantization.of("q4_0", embedding="8"), context=64, prefill=[8])
    graph = graph_of(path)
    assert asked(graph) == expected(graph) != {}


def test_a_head_of_its_own_is_one(tmp_path: Path) -> None:
    path = tmp_path / "graph.litertlm"
    convert_to_graph(write_llama(tmp_path / "model", CONFIGS["untied"], seed=3), path, context=128, prefill=[16])
    graph = graph_of(path)
    found = asked(graph)
    assert found == expected(graph)
    assert len(found) % 5 == 1


def test_a_graph_that_cannot_be_read_has_none() -> None:
    graph = graph_of(DEMO_GRAPH)
    for cut in (9, 500, 20_000):
        assert asked(graph, cut) == {}
