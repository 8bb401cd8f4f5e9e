"""Gemma 3n: the reference computes transformers' logits, each of its tensors matters, and what cannot be converted is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from builder.errors import UnsupportedModel
from builder.model.families import describe
from builder.model.opened import OpenedCheckpoint
from builder.reference.sources import CheckpointSource, HeldSource
from builder.reference.writer import Writer
from builder.synth.web_file import BOS, FIRST_WORD
from tests.checkpoints import gemma3n_config, write_checkpoint, write_shards

HERE = Path("config.json")
CONFIG = gemma3n_config(sliding_window=16)
PROMPT = [BOS, *np.random.Generator(np.random.PCG64(0)).integers(FIRST_WORD, 4096, 39).tolist()]

LIKELIEST = [1064, 3299, 1535, 3612, 2703, 1632, 2252, 2063, 3377, 2169, 606, 1423, 1900, 851, 1574, 946, 1397, 2172, 3479, 2067, 1568, 2447, 2977, 404, 2342, 3553, 2008, 1676, 1679, 1880, 3946, 4007, 3158, 407, 2525, 3651, 2169, 310, 1540, 3225]  # fmt: skip
LAST = {3225: 3.83048, 969: 3.52837, 538: 3.4493, 1079: 3.28744, 4015: 3.27852, 3819: 3.20676}
"""What transformers 5.24 computes with this checkpoint: the likeliest token after each of the prompt, and logits after its last."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenedCheckpoint:
    return OpenedCheckpoint.complete(write_checkpoint(tmp_path_factory.mktemp("gemma3n") / "c", CONFIG, seed=1))


def held(opened: OpenedCheckpoint) -> Writer:
    return Writer(HeldSource(CheckpointSource(opened.model, opened.weights)), frozenset())


def logits(writer: Writer) -> Any:
    return writer.predictions(writer.hidden_states(PROMPT))


def test_the_logits_are_those_of_transformers(opened: OpenedCheckpoint) -> None:
    found = logits(held(opened))
    assert found.argmax(axis=1).tolist() == LIKELIEST
    assert {i: found[-1, i] for i in LAST} == pytest.approx(LAST, abs=1e-4)


def test_a_token_after_the_other_is_the_text_at_once(opened: OpenedCheckpoint) -> None:
    writer = held(opened)
    [answer] = writer.greedy([PROMPT[:8]], 12)
    whole = writer.predictions(writer.hidden_states([*PROMPT[:8], *answer.ids])).argmax(axis=1)
    assert whole[7:-1].tolist() == answer.ids


def test_rows_of_pictures_and_sound_are_left_out(tmp_path: Path, opened: OpenedCheckpoint) -> None:
    """They have none in the tables of the layers."""
    config = {"model_type": "gemma3n", "text_config": CONFIG | {"vocab_size": 4160}}
    folder = write_checkpoint(tmp_path / "c", config, seed=1, tokenizer=opened.tokenizer.model)
    values = load_file(folder / "model.safetensors")
    name = "model.language_model.embed_tokens.weight"
    values[name] = np.concatenate([values[name], np.ones((64, 128), np.float32)])
    write_shards(folder, values)
    with_senses = OpenedCheckpoint.complete(folder)
    assert with_senses.model == opened.model
    np.testing.assert_array_equal(logits(held(with_senses)), logits(held(opened)))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"altup_num_inputs": 2}, "altup_num_inputs"),
        ({"altup_active_idx": 1}, "altup_active_idx"),
        ({"altup_correct_scale": False}, "altup_correct_scale"),
        ({"intermediate_size": [128] * 11 + [66]}, "intermediate_size"),
        ({"intermediate_size": [128] * 11}, "intermediate_size"),
        ({"activation_sparsity_pattern": [0.95] * 11}, "activation_sparsity_pattern"),
        ({"activation_sparsity_pattern": ["much"] * 12}, "activation_sparsity_pattern"),
        ({"hidden_size_per_layer_input": 18}, "hidden_size_per_layer_input"),
        ({"laurel_rank": 18}, "laurel_rank"),
        ({"num_kv_shared_layers": 12}, "num_kv_shared_layers"),
        ({"num_kv_shared_layers": 10}, "num_kv_shared_layers"),
    ],
)
def test_what_cannot_be_converted_is_refused_by_name(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(UnsupportedModel) as caught:
        describe(gemma3n_config(**changes), HERE)
    assert caught.value.subject == key and key in str(caught.value)


def test_sparse_layers_are_the_first_ten_unless_it_is_said() -> None:
    def sparse(**changes: Any) -> list[float | None]:
        model = describe(gemma3n_config(activation_sparsity_pattern=None) | changes, HERE)
        return [layer.feed_forward.sparse_above for layer in model.layers]

    assert sparse() == [pytest.approx(1.6448536)] * 10 + [None] * 2
    assert sparse(num_hidden_layers=6, intermediate_size=128, layer_types=None, num_kv_shared_layers=0) == [None] * 6
    assert sparse(activation_sparsity_pattern=0.5) == [pytest.approx(0)] * 12
