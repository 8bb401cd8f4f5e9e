"""A model run layer by layer, several texts at once, from a checkpoint as from a web file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import WebFileError
from builder.formats.web_file_reader import WebFile
from builder.model.opened import OpenedCheckpoint
from builder.model.weights import LayerPart
from builder.reference.arithmetic import Array
from builder.reference.attending import Sequences
from builder.reference.decoder import Decoder, Inputs, WeightSource, embedded_texts
from builder.reference.dense import Reference
from builder.reference.sources import CheckpointSource, HeldSource, WebFileSource
from builder.synth.web_file import synthesize
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, write_checkpoint

TEXTS = [[2, *range(300, 317)], [2, 400], [2, *range(500, 530)]]


@pytest.fixture(scope="module", params=[gemma1_config, gemma2_config, gemma3_config])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config: Callable[..., dict[str, object]] = request.param
    return write_checkpoint(tmp_path_factory.mktemp("decoder") / "c", config(vocab_size=1024), dtype="BF16", seed=5)


def through(
    source: WeightSource, texts: list[list[int]], observe: Callable[[int, Inputs, Array], None] | None = None
) -> Array:
    decoder = Decoder(source.model)
    x, attending = embedded_texts(decoder, source, texts)
    for index in range(len(source.model.layers)):
        seen = (lambda inputs, x, index=index: observe(index, inputs, x)) if observe else None
        x = decoder.layer(index, source.layer(index), x, attending, seen)
    return x


def apart(found: Array, expected: Array) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_texts_that_run_together_do_not_see_each_other(checkpoint: Path) -> None:
    opened = OpenedCheckpoint.complete(checkpoint)
    source = CheckpointSource(opened.model, opened.weights)
    alone = np.concatenate([through(source, [text]) for text in TEXTS])
    assert apart(through(source, TEXTS), alone) < 1e-4


def test_a_checkpoint_and_its_web_file_run_alike(checkpoint: Path, tmp_path: Path) -> None:
    """At 8 bits the file is near, and the weights that it holds are what the reference of the file runs, exactly."""
    convert_checkpoint(checkpoint, tmp_path / "m.task")
    opened = OpenedCheckpoint.complete(checkpoint)
    exact = through(CheckpointSource(opened.model, opened.weights), TEXTS)
    source = WebFileSource(WebFile.open(tmp_path / "m.task"))
    rounded = through(source, TEXTS)
    assert 1e-3 < apart(rounded, exact) < 0.15
    np.testing.assert_array_equal(through(HeldSource(source), TEXTS), rounded)
    states = Reference.from_web_file(tmp_path / "m.task").hidden_states(TEXTS[0])
    assert apart(rounded[: len(TEXTS[0])], states) < 1e-4


def test_what_each_matrix_sees_is_shown(checkpoint: Path) -> None:
    opened = OpenedCheckpoint.complete(checkpoint)
    source = CheckpointSource(opened.model, opened.weights)
    seen: dict[tuple[int, Inputs], Array] = {}

    def observe(index: int, inputs: Inputs, x: Array) -> None:
        seen[index, inputs] = x

    through(source, TEXTS, observe)
    groups = [("query", "key", "value"), ("output",), ("gate", "up"), ("down",)]
    assert [inputs for _, inputs in seen] == groups * len(source.model.layers)
    tokens = sum(len(text) for text in TEXTS)
    for (index, inputs), x in seen.items():
        for part in inputs:
            assert x.shape == (tokens, source.layer(index)[part].shape[1])
    # the value's product is what attention mixes: at a text's first token it sees nothing else
    heads = source.model.layers[0].attention
    values = seen[0, ("query", "key", "value")][:1] @ source.layer(0)["value"].T
    repeated = values.reshape(heads.key_value_heads, 1, -1).repeat(heads.heads // heads.key_value_heads, axis=1)
    np.testing.assert_allclose(seen[0, ("output",)][:1], repeated.reshape(1, -1), rtol=1e-4, atol=1e-5)


def test_a_layer_runs_again_with_other_weights(checkpoint: Path) -> None:
    opened = OpenedCheckpoint.complete(checkpoint)
    source = CheckpointSource(opened.model, opened.weights)
    decoder = Decoder(source.model)
    x, attending = embedded_texts(decoder, source, TEXTS)
    before = x.copy()
    weights: dict[LayerPart, Array] = dict(source.layer(0))
    after = decoder.layer(0, weights, x, attending)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(decoder.layer(0, weights, x, attending), after)
    changed = decoder.layer(0, weights | {"down": np.zeros_like(weights["down"])}, x, attending)
    assert not np.allclose(changed, after)


def test_a_window_hides_what_lies_before_it(tmp_path: Path) -> None:
    synthesize("window=4,layers=1", tmp_path / "m.task")
    source = WebFileSource(WebFile.open(tmp_path / "m.task"))
    text = [2, *range(300, 312)]
    other = [2, 999, *text[2:]]
    same = through(source, [text]) == through(source, [other])
    assert same.all(axis=1).tolist() == [place == 0 or place > 1 + 3 for place in range(len(text))]


def test_positions_begin_again_with_each_text() -> None:
    assert Sequences([3, 2]).positions.tolist() == [0, 1, 2, 0, 1]


def test_a_file_whose_matrix_has_another_shape_is_refused(tmp_path: Path) -> None:
    synthesize("layers=1", tmp_path / "m.task")
    file = WebFile.open(tmp_path / "m.task")
    file.parameters.transformer_parameters.hidden_dimension = 256
    with pytest.raises(WebFileError, match=r"does not hold .*ffn_layer1_gate as int8 or int4 of shape \[256, 128\]"):
        through(WebFileSource(file), TEXTS)
