"""The demo model's other form, for CPUs: the same weights as the web file's, and the same answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tflite
from numpy.typing import NDArray

from builder.formats.graph_reader import Graph
from builder.formats.inspect_model import inspect_model
from builder.formats.inspect_web_file import Sampling
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_file_reader import WebFile
from builder.graph.convert import convert_to_graph
from builder.quantize.rounding import signed_values
from builder.quantize.scheme import INT8
from tests.goldens.cases import GRAPH_GOLDENS
from tests.goldens.native import answers
from webapp.paths import DEMO_GRAPH, DEMO_MODEL

Matrix = tuple[NDArray[np.int8], NDArray[np.float32]]


@pytest.fixture(scope="module")
def file() -> LitertlmFile:
    return LitertlmFile.open(DEMO_GRAPH)


@pytest.fixture(scope="module")
def graph(file: LitertlmFile) -> Graph:
    assert isinstance(file.model, Graph)
    return file.model


@pytest.fixture(scope="module")
def matrices(graph: Graph) -> list[Matrix]:
    """Every 8-bit matrix with a scale for each row, as the graph has them."""
    data = DEMO_GRAPH.read_bytes()[graph.offset : graph.offset + graph.size]
    model = tflite.Model.GetRootAs(data, 0)
    found: dict[int, Matrix] = {}
    for i in range(model.SubgraphsLength()):
        subgraph = model.Subgraphs(i)
        for tensor in (subgraph.Tensors(j) for j in range(subgraph.TensorsLength())):
            scales = tensor.Quantization()
            if tensor.Type() == tflite.TensorType.INT8 and scales and scales.ScaleLength() > 1:
                buffer = model.Buffers(tensor.Buffer())
                values = np.frombuffer(data, np.int8, buffer.Size(), buffer.Offset())
                found[tensor.Buffer()] = (values.reshape(tensor.ShapeAsNumpy()), scales.ScaleAsNumpy())
    return list(found.values())


def test_it_runs_where_it_is_meant_to(graph: Graph) -> None:
    assert DEMO_GRAPH.stat().st_size <= 12_000_000
    assert graph.problem() is None
    assert graph.has_mask and graph.transposed_cache, "MediaPipe writes nonsense otherwise"
    assert (graph.context_length, graph.vocabulary, graph.prefill_lengths) == (512, 4096, [32, 128])


def test_its_weights_are_those_of_the_web_file(matrices: list[Matrix]) -> None:
    web = WebFile.open(DEMO_MODEL)
    names = [name.removesuffix(".w") for name in web.tensors if name.endswith(".w")]
    assert len(names) == 6 * 7 + 1

    def matrix(name: str) -> Matrix:
        scales = np.frombuffer(web.read(f"{name}.w_quantized_scale"), np.float32)
        packed = np.frombuffer(web.read(f"{name}.w"), np.uint8)
        return signed_values(packed, packed.size // scales.size, scales.size, INT8.bits), scales

    expected = {
        name: matrix(name) for name in names if not name.endswith(("attention.q", "attention.k", "attention.v"))
    }
    for i in range(6):  # one matrix in the graph
        parts = [matrix(f"params.lm.transformer.x_layers_{i}.self_attention.{part}") for part in "qkv"]
        expected[f"qkv {i}"] = (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
    assert len(matrices) == len(expected)
    for name, (values, scales) in expected.items():
        assert any(np.array_equal(values, v) and np.allclose(scales, s, rtol=1e-6) for v, s in matrices), name


def test_it_is_what_convert_makes_of_the_web_file(tmp_path: Path) -> None:
    made = convert_to_graph(DEMO_MODEL, tmp_path / "demo.litertlm")
    assert made.path.read_bytes() == DEMO_GRAPH.read_bytes()


def test_its_tokens_are_those_of_the_web_file(file: LitertlmFile) -> None:
    web = WebFile.open(DEMO_MODEL)
    tokenizer = file.section("SP_Tokenizer")
    assert tokenizer
    assert DEMO_GRAPH.read_bytes()[tokenizer.offset : tokenizer.offset + tokenizer.size] == web.tokenizer()
    assert [list(stop.token_ids.ids) for stop in file.metadata.stop_tokens] == [
        [i] for i in web.parameters.stop_token_ids
    ]


def test_the_native_engine_answers_as_transformers_does() -> None:
    cases = json.loads(GRAPH_GOLDENS.read_text())["cases"]
    assert len(cases) >= 8 and max(case["prompt_tokens"] for case in cases) > 200
    found = answers(DEMO_GRAPH, [case["prompt"] for case in cases], 512)
    assert found == [case["text"] for case in cases]


def test_it_recommends_the_sampling_of_the_web_file() -> None:
    recommended = inspect_model(DEMO_GRAPH).sampling
    web = Sampling.noted_in(WebFile.open(DEMO_MODEL))
    assert recommended.top_k == web.top_k == 8
    assert recommended.temperature == pytest.approx(web.temperature)
