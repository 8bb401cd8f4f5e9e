"""Per-layer embeddings: the reference computes transformers' logits, and each of their tensors matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.checkpoint.sources import tensor_names
from builder.model.opened import OpenedCheckpoint
from builder.reference.compact import CompactSource
from builder.reference.sources import CheckpointSource, HeldSource
from builder.reference.writer import Writer
from builder.synth.web_file import BOS, FIRST_WORD
from tests.checkpoints import gemma4_config, write_checkpoint

CONFIG = gemma4_config(
    hidden_size_per_layer_input=32,
    vocab_size_per_layer_input=4096,
    num_kv_shared_layers=3,
    use_double_wide_mlp=True,
    sliding_window=16,
)
PROMPT = [BOS, *np.random.Generator(np.random.PCG64(0)).integers(FIRST_WORD, 4096, 39).tolist()]

LIKELIEST = [1151, 2686, 808, 3095, 2686, 1480, 2709, 404, 3069, 1293, 1564, 2141, 1356, 3862, 510, 614, 1558, 2696, 2319, 3117, 664, 421, 1503, 1579, 2234, 886, 3657, 720, 3284, 1652, 389, 2100, 1288, 2500, 916, 1071, 3725, 1048, 1743, 2610]  # fmt: skip
LAST = {2610: 4.29931, 2752: 3.7797, 1870: 3.74035, 3898: 3.56513, 3164: 3.53886, 3693: 3.50921}
"""What transformers 5.24 computes with this checkpoint: the likeliest token after each of the prompt, and logits after its last."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenedCheckpoint:
    return OpenedCheckpoint.complete(write_checkpoint(tmp_path_factory.mktemp("per-layer") / "c", CONFIG, seed=1))


@pytest.fixture
def held(opened: OpenedCheckpoint) -> Writer:
    return Writer(HeldSource(CheckpointSource(opened.model, opened.weights)), frozenset())


def logits(writer: Writer) -> Any:
    return writer.predictions(writer.hidden_states(PROMPT))


def test_the_logits_are_those_of_transformers(held: Writer) -> None:
    found = logits(held)
    assert found.argmax(axis=1).tolist() == LIKELIEST
    assert {i: found[-1, i] for i in LAST} == pytest.approx(LAST, abs=1e-4)


def test_rows_are_the_same_whether_a_source_streams_holds_or_rounds_them(
    opened: OpenedCheckpoint, held: Writer
) -> None:
    ids, streamed = np.array(PROMPT), CheckpointSource(opened.model, opened.weights)
    compact = CompactSource(opened.model, opened.weights)
    for layer in (None, 0, 5):
        expected = held.source.embedding_rows(ids, layer)
        assert expected.shape == (len(ids), 128 if layer is None else 32)
        np.testing.assert_array_equal(streamed.embedding_rows(ids, layer), expected)
        np.testing.assert_allclose(compact.embedding_rows(ids, layer), expected, atol=0.02)
    assert not np.array_equal(held.source.embedding_rows(ids, 0), held.source.embedding_rows(ids, 1))


def test_a_token_after_the_other_is_the_text_at_once(held: Writer) -> None:
    [answer] = held.greedy([PROMPT[:8]], 12)
    whole = held.predictions(held.hidden_states([*PROMPT[:8], *answer.ids])).argmax(axis=1)
    assert whole[7:-1].tolist() == answer.ids


def test_every_tensor_matters(opened: OpenedCheckpoint, held: Writer) -> None:
    """Of the last layer's number nothing is seen: only a norm follows, which divides by the size of what it is given."""
    expected, random, last = logits(held), np.random.Generator(np.random.PCG64(1)), len(opened.model.layers) - 1
    source: Any = held.source
    places = [(source._whole, part) for part in source._whole]
    places += [(layer, part) for layer in source._layers for part in layer]
    unseen = []
    for holder, part in places:
        values = holder[part]
        holder[part] = values * random.uniform(0.5, 2, values.shape).astype(np.float32)
        if np.abs(logits(held) - expected).max() < 0.01:
            unseen.append((part, holder is source._layers[last]))
        holder[part] = values
    assert unseen == [("layer_scale", True)]
    assert len(places) + 1 == len(opened.weights.tensors), "the embedding is changed nowhere here"


def test_a_layer_has_columns_of_the_one_table(opened: OpenedCheckpoint) -> None:
    tables = [weight for weight in opened.weights.tensors if weight.part == "per_layer_embedding"]
    assert [weight.layer for weight in tables] == list(range(6))
    assert {name for weight in tables for name in tensor_names(weight.source)} == {
        "model.embed_tokens_per_layer.weight"
    }
    assert opened.checkpoint.tensors["model.embed_tokens_per_layer.weight"].shape == (4096, 6 * 32)


def test_the_table_is_cut_to_the_tokenizer(tmp_path: Path) -> None:
    config = {"model_type": "gemma4", "text_config": CONFIG | {"vocab_size": 4160, "vocab_size_per_layer_input": 4160}}
    opened = OpenedCheckpoint.complete(write_checkpoint(tmp_path / "c", config))
    assert opened.model.embedding.vocabulary == 4096
    tables = [weight for weight in opened.weights.tensors if weight.part == "per_layer_embedding"]
    assert {weight.shape for weight in tables} == {(4096, 32)}
    assert sum(rows.shape[0] for _, rows in opened.weights.bands(tables[1])) == 4096
