"""The tokens that LiteRT makes of a picture with our two graphs are transformers' of the same weights.

The models' weights are such that 8 bits hold them exactly, so nothing is left but the order of sums.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.estimate.graph import PlannedSchemes
from builder.files.writing import write_beside
from builder.graph import biased
from builder.graph.parameters import GraphParameters
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import ALL_INT8
from builder.tower import siglip
from builder.tower.graphs import Towers
from builder.tower.numbers import in_a_graph
from tests.checkpoints import stored_values
from tests.goldens.interpreter import interpreter
from tests.goldens.tower_cases import TOWER_GOLDENS, TOWERS, TowerCase

GOLDENS = {name: np.array(pictures) for name, pictures in json.loads(TOWER_GOLDENS.read_text()).items()}


def written(case: TowerCase, folder: Path, factor: float = 1.0, prefix: str = "") -> tuple[Path, Path]:
    """The two graphs of a case as files."""
    opened = OpenedCheckpoint.open(case.write(folder / "checkpoint", prefix))
    paths = []
    for graph in Towers.of(opened.checkpoint, opened.model).graphs:
        paths.append(folder / f"{graph.name}.tflite")
        with write_beside(paths[-1], graph.layout.size) as part:
            graph.write(part.write_at, factor)
    return paths[0], paths[1]


def tokens(case: TowerCase, paths: tuple[Path, Path]) -> NDArray[np.float32]:
    """(pictures, tokens, width) of the case's pictures, without what ends them."""
    return with_end(case, paths)[:, :-1]


def with_end(case: TowerCase, paths: tuple[Path, Path]) -> NDArray[np.float32]:
    """(pictures, tokens and the end, width)."""
    with interpreter(paths[0]) as encoder, interpreter(paths[1]) as adapter:
        found = [adapter.run(encoder.run(picture[None]))[0] for picture in case.pictures()]
    return np.array(found)


@pytest.mark.parametrize("name", TOWERS)
def test_tokens_are_those_of_transformers(name: str, tmp_path: Path) -> None:
    case, expected = TOWERS[name], GOLDENS[name]
    found = tokens(case, written(case, tmp_path))
    assert found.shape == expected.shape == (2, case.tokens, case.siglip.text_width)
    assert np.abs(found - expected).max() < 1e-4
    assert np.abs(found - found[::-1]).max() > 0.1, "pictures too alike to tell a wrong token"


def test_names_as_transformers_has_them_in_memory_give_the_same_bytes(tmp_path: Path) -> None:
    case = TOWERS["pooled"]
    one, other = (written(case, tmp_path / prefix / "x", prefix=prefix) for prefix in ("", "model."))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_tokens_take_the_scale_of_the_text(tmp_path: Path) -> None:
    case, expected = TOWERS["pooled"], GOLDENS["pooled"]
    found = tokens(case, written(case, tmp_path, factor=1 / 16))
    assert np.abs(16 * found - expected).max() < 1e-4


def test_the_row_of_the_end_of_a_picture_stands_behind_its_tokens_as_the_text_has_it(tmp_path: Path) -> None:
    case = TOWERS["pooled"]
    found = with_end(case, written(case, tmp_path, factor=1 / 16))
    row = stored_values(tmp_path / "checkpoint")["language_model.model.embed_tokens.weight"][
        case.config["eoi_token_index"]
    ]
    np.testing.assert_allclose(
        found[:, -1], np.tile(row * np.float32(case.siglip.text_width**0.5 / 16), (2, 1)), rtol=1e-6
    )


def test_what_no_texture_or_buffer_holds_is_computed_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, expected = TOWERS["pooled"], GOLDENS["pooled"]
    # 3 of 4 heads, and then one; of these 7 of 36 patches five times, and then one, of that 21 and then 15
    monkeypatch.setattr(biased, "MAX_ROWS", 3 * 36 // biased.LANES)
    monkeypatch.setattr(biased, "MAX_SCORES", 4 * 3 * 36 * 7)
    # 3 of 6 rows of patches, and 2 where two become a row of tokens
    monkeypatch.setattr(siglip, "MAX_ROWS", 3 * 32 // biased.LANES)
    paths = written(case, tmp_path)
    assert np.abs(tokens(case, paths) - expected).max() < 1e-4
    counts = [path.read_bytes().count(name) for path, name in zip(paths, (b"conv_2d_", b"pool_2d_"), strict=True)]
    assert counts == [2 + 4 * case.siglip.layers, 3]
    assert paths[0].read_bytes().count(b"softmax") == (6 + 2) * case.siglip.layers


def test_a_published_tower_fits_into_the_textures_and_buffers_of_a_browser() -> None:
    """By the shapes of all that is computed: as a texture (1, height, width, channels) has `width` columns and `height` · channels / 4 rows."""
    published = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 1, "num_attention_heads": 16}
    case = TowerCase(0, published | {"image_size": 896, "patch_size": 14}, 256, {"hidden_size": 2560})
    weights = (*case.siglip.encoder_weights(""), *case.siglip.adapter_weights("", ""))
    parameters = GraphParameters(PlannedSchemes(tuple(map(in_a_graph, weights)), ALL_INT8), as_filters=True)
    for function in (case.siglip.encoder(parameters), case.siglip.adapter(parameters)):
        for tensor in function.tensors:
            if tensor.content is None:
                _, height, width, channels = (1,) * (4 - len(tensor.shape)) + tensor.shape
                assert width <= 8192 and height * -(-channels // 4) <= 8192, tensor
                assert 4 * math.prod(tensor.shape) <= 128 << 20, tensor
