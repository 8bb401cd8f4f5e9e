"""Which slices a Gemma 3n has, what config.json says of one, and how many parameters are left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.errors import UnsupportedModel
from builder.formats.web_model import transformer_parameters
from builder.model.families import describe
from builder.model.families.gemma3n import sliced
from builder.slice.mixes import choose, mixes, to_e2b
from builder.slice.plan import Slice, Sliceable, all_parameters, effective_parameters, ranges_of
from tests.checkpoints import SLICEABLE, gemma3_config, gemma3n_config

HERE = Path("config.json")
E4B = {"model_type": "gemma3n_text"}
"""All that is left out is E4B's."""


def small(**changes: Any) -> Sliceable:
    return Sliceable.read(gemma3n_config(**(SLICEABLE | changes)), HERE)


def test_e2b_is_the_slice_that_was_published() -> None:
    whole = Sliceable.read(E4B, HERE)
    kept = to_e2b(whole)
    assert (kept.ranges, kept.runs) == ("0-19,25-34", "8192")
    config = sliced(E4B, HERE, kept.layers, kept.widths)
    assert config["num_hidden_layers"] == 30 and config["num_kv_shared_layers"] == 10
    assert config["intermediate_size"] == [8192] * 30
    assert config["activation_sparsity_pattern"] == [0.95] * 10 + [0.0] * 20
    assert config["layer_types"] == (["sliding_attention"] * 4 + ["full_attention"]) * 6
    model = describe(config, HERE)
    assert model.size == "2b" and whole.describe(kept) == replace(model, size=None)
    assert [model.layers[i].attention.cache_of for i in (19, 20, 24, 29)] == [None, 18, 19, 19]
    transformer_parameters(model)
    # E2B is called 1.91 B, E4B 3.98 B
    assert effective_parameters(model) == pytest.approx(1.91e9, rel=0.02)
    assert effective_parameters(whole.model) == pytest.approx(3.98e9, rel=0.02)


def test_a_text_part_is_sliced_within_the_whole() -> None:
    text = gemma3n_config(**SLICEABLE)
    both = {"model_type": "gemma3n", "text_config": text, "vision_config": {"a": 1}}
    whole = Sliceable.read(both, HERE)
    kept = whole.of([*range(12), 15, 16, 17], [128])
    config = sliced(both, HERE, kept.layers, kept.widths)
    assert config["vision_config"] == {"a": 1} and config["model_type"] == "gemma3n"
    assert config["text_config"] == text | {
        "num_hidden_layers": 15,
        "intermediate_size": [128] * 15,
        "layer_types": text["layer_types"][:15],
        "activation_sparsity_pattern": [0.95] * 10 + [0.0] * 5,
        "num_kv_shared_layers": 3,
    }


@pytest.mark.parametrize(
    ("layers", "widths", "sentence"),
    [
        ([*range(1, 18)], None, "Layer 0 of config.json is one of the sparse ones"),
        ([*range(10), 12, 13, 14, 15, 16, 17], None, "Layer 12 of config.json reads the keys and values of layer 10"),
        ([*range(13), 14, 15, 16, 17], None, "Leave out groups of 3, such as 12-14"),
        ([*range(12)], None, "none of config.json's layers 12-17"),
        ([*range(19)], None, "Layers 0-18: expected numbers from 0 to 17"),
        ([1, 0], None, "each once and in order"),
        ([], None, "Layers none"),
        (None, [130], "A feed-forward of 130 in layer 0: expected a multiple of 4 up to the 256"),
        (None, [512], "up to the 256"),
        (None, [0], "A feed-forward of 0 in layer 0"),
        (None, [128] * 3, "3 widths for 18 layers"),
    ],
)
def test_what_no_slice_can_be_is_refused(layers: list[int] | None, widths: list[int] | None, sentence: str) -> None:
    with pytest.raises(UnsupportedModel, match=sentence.replace("(", r"\(")):
        small().of(layers, widths)


def test_another_family_and_another_model_than_e4b_are_refused() -> None:
    with pytest.raises(UnsupportedModel, match="only a Gemma 3n"):
        Sliceable.read(gemma3_config(), HERE)
    with pytest.raises(UnsupportedModel, match="has 18 layers with feed-forwards of 256: E2B is a slice of E4B"):
        to_e2b(small())


def test_the_mix_is_the_largest_that_fits() -> None:
    whole = Sliceable.read(E4B, HERE)
    found = mixes(whole)
    sizes = [mix.effective_parameters for mix in found]
    assert sizes == sorted(sizes, reverse=True)
    assert {mix.kept for mix in found} >= {whole.whole, to_e2b(whole)}
    for mix in found:
        assert mix.effective_parameters == effective_parameters(whole.describe(mix.kept))
        assert mix.parameters == all_parameters(whole.describe(mix.kept))
        transformer_parameters(whole.describe(mix.kept))
    assert choose(found, 10**12).kept == whole.whole
    assert choose(found, sizes[2]) == found[2]
    assert choose(found, sizes[2] - 1) == found[3]
    with pytest.raises(UnsupportedModel, match="the smallest has 1,884,521,568"):
        choose(found, 10**9)


def test_numbers_are_written_as_ranges() -> None:
    assert ranges_of([0, 1, 2, 5, 7, 8]) == "0-2,5,7-8"
    assert Slice((0, 1, 2), (8, 8, 16)).runs == "8x2,16x1"
