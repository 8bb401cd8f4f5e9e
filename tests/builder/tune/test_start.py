"""An adapter to begin a fine-tune with: what is read of it, and which ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.errors import CheckpointError, UnsupportedModel
from builder.tune.plan import Settings
from builder.tune.start import Start
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import gemma3_config

CONFIG = gemma3_config(num_hidden_layers=2)
Q = "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"


def test_it_decides_rank_scale_and_matrices(tmp_path: Path) -> None:
    start = Start.open(write_adapter(tmp_path / "a", CONFIG, rank=4, lora_alpha=12, targets=ATTENTION + FEED_FORWARD))
    assert start.settings(Settings(rank=16, alpha=1.0, epochs=7)) == Settings(
        rank=4, alpha=12.0, modules="all", epochs=7
    )
    assert Start.open(write_adapter(tmp_path / "b", CONFIG)).modules == "attention"


def test_its_values_come_under_the_names_of_the_model(tmp_path: Path) -> None:
    start = Start.open(write_adapter(tmp_path / "a", CONFIG, prefix="base_model.model."))
    low = start.adapter.modules["layers.1.self_attn.q_proj"]
    found = start.weights({Q: low.a.shape, Q.replace("lora_A", "lora_B"): low.b.shape})
    np.testing.assert_array_equal(found[Q], start.adapter.values(low.a))
    np.testing.assert_array_equal(found[Q.replace("lora_A", "lora_B")], start.adapter.values(low.b))


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    start = Start.open(write_adapter(tmp_path / "a", CONFIG))
    shape = start.adapter.modules["layers.1.self_attn.q_proj"].a.shape
    with pytest.raises(
        CheckpointError, match=r"q_proj.*of shape \[8, 1\], but .* has .*trained for someone/gemma-3-tiny"
    ):
        start.weights({Q: (8, 1)})
    with pytest.raises(CheckpointError, match=r"layers\.2.*does not have it"):
        start.weights({Q.replace("layers.1", "layers.2"): shape})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"use_dora": True}, "more than plain LoRA"),
        ({"rank_pattern": {"q_proj": 4}}, "differ in rank or scale"),
        ({"targets": ("q_proj", "v_proj")}, "it changes q_proj, v_proj"),
    ],
)
def test_what_tune_does_not_make_is_refused(settings: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=sentence):
        Start.open(write_adapter(tmp_path / "a", CONFIG, **settings))


def test_a_fingerprint_is_of_the_weights(tmp_path: Path) -> None:
    one, same, other = (
        Start.open(write_adapter(tmp_path / str(seed) / name, CONFIG, seed=seed)).fingerprint
        for seed, name in ((0, "a"), (0, "b"), (1, "a"))
    )
    assert one == same != other
