"""The tokens that LiteRT makes of a picture with the two graphs of a Gemma 3n are transformers' and timm's of the same weights."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.estimate.graph import PlannedSchemes
from builder.files.writing import write_beside
from builder.graph.function import Function
from builder.graph.parameters import GraphParameters
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import ALL_INT8
from builder.tower import convolutions
from builder.tower.convolution_numbers import in_a_graph
from builder.tower.graphs import Towers
from builder.tower.mobilenet import MobileNet
from tests.goldens.interpreter import interpreter
from tests.goldens.mobilenet_cases import MOBILENET, MOBILENET_GOLDENS, PUBLISHED, MobileNetCase, tower_shapes

GOLDENS = {name: np.array(values, np.float32) for name, values in json.loads(MOBILENET_GOLDENS.read_text()).items()}

KINDS = (b"conv_2d_", b"average_pool_2d_", b"softmax_")
"""Operators that there are more of where a picture is computed in strips."""


def written(case: MobileNetCase, folder: Path, factor: float = 1.0) -> tuple[Path, Path]:
    """The two graphs of a case as files."""
    opened = OpenedCheckpoint.open(case.write(folder / "checkpoint"))
    paths = []
    for graph in Towers.of(opened.checkpoint, opened.model).graphs:
        paths.append(folder / f"{graph.name}.tflite")
        with write_beside(paths[-1], graph.layout.size) as part:
            graph.write(part.write_at, factor)
    return paths[0], paths[1]


def tokens(case: MobileNetCase, paths: tuple[Path, Path]) -> NDArray[np.float32]:
    """(pictures, tokens and the end, width)."""
    with interpreter(paths[0]) as encoder, interpreter(paths[1]) as adapter:
        found = [adapter.run(encoder.run(picture[None]))[0] for picture in case.pictures()]
    return np.array(found)


def test_tokens_are_those_of_transformers(tmp_path: Path) -> None:
    found, expected = tokens(MOBILENET, written(MOBILENET, tmp_path)), GOLDENS["pictures"]
    assert found[:, :-1].shape == expected.shape == (2, 9, 128)
    assert np.abs(found[:, :-1] - expected).max() < 1e-4
    assert np.abs(expected - expected[::-1]).max() > 0.1, "pictures too alike to tell a wrong token"
    assert np.abs(found[:, -1] - GOLDENS["end"]).max() < 1e-4


def test_tokens_take_the_scale_of_the_text(tmp_path: Path) -> None:
    found = tokens(MOBILENET, written(MOBILENET, tmp_path, factor=1 / 16))
    assert np.abs(16 * found[:, :-1] - GOLDENS["pictures"]).max() < 1e-4
    assert np.abs(16 * found[:, -1] - GOLDENS["end"]).max() < 1e-4


def test_what_no_texture_holds_is_computed_some_rows_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = dataclasses.replace(MOBILENET, side=192, width=256)
    whole = written(case, tmp_path / "whole")
    expected = tokens(case, whole)
    # strips of rows, means of 4 of 12 rows at a time, lines of 144 of 2,304 pixels, and 2 of 3 heads
    monkeypatch.setattr(convolutions, "MAX_ROWS", 400)
    strips = written(case, tmp_path / "strips")
    assert np.abs(tokens(case, strips) - expected).max() < 1e-4
    counts = [[path.read_bytes().count(name) for name in KINDS] for path in (whole[0], strips[0])]
    assert counts == [[38, 1, 2], [76, 3, 3]]


def test_a_published_tower_fits_into_the_textures_and_buffers_of_a_browser() -> None:
    """As of a SigLIP: by the shapes of all that is computed."""
    net = MobileNet.of(tower_shapes(PUBLISHED, 2048, 64), Path("published"))
    weights = tuple(in_a_graph(tuple(net.weights("")), 0))
    assert 290e6 < sum(weight.size for weight in weights) < 300e6
    function = convolutions.encoder(net, GraphParameters(PlannedSchemes(weights, ALL_INT8), as_filters=True), 768, 16)
    [patches] = function.outputs.values()
    assert patches.shape == (1, 1, 256, 2048)
    _assert_fits(function)


def _assert_fits(function: Function) -> None:
    for tensor in function.tensors:
        if tensor.content is None:
            _, height, width, channels = (1,) * (4 - len(tensor.shape)) + tensor.shape
            assert width <= 8192 and height * -(-channels // 4) <= 8192, tensor
            assert 4 * math.prod(tensor.shape) <= 128 << 20, tensor
