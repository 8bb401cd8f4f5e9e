"""The published dimensions are those that they claim to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.model.catalog import published
from builder.model.families import describe, weights_of
from builder.model.shapes import shapes
from builder.model.weights import weight_count

PLANNED = [id for id, shape in shapes().items() if shape.parameters]


@pytest.mark.parametrize("shape", PLANNED)
def test_a_shape_has_as_many_parameters_as_others_count(shape: str) -> None:
    found = shapes()[shape]
    assert weight_count(weights_of(describe(found.config, Path(shape)))) == found.parameters


def test_of_26b_a4b_about_4b_are_active() -> None:
    """It is published as one of 25.2 billion parameters, of which a token meets 3.8."""
    shape = shapes()["gemma4-26b-a4b"]
    model = describe(shape.config, Path(shape.id))
    experts = model.layers[0].experts
    assert experts is not None and len(shape.sources) == 2 and model.size == "26ba4b"
    assert [layer.attention.is_global for layer in model.layers] == [i % 6 == 5 for i in range(30)]
    count = weight_count(weights_of(model))
    asleep = 3 * len(model.layers) * (experts.count - experts.active) * experts.width * model.embedding.width
    assert (round(count / 1e9, 1), round((count - asleep) / 1e9, 1)) == (25.2, 3.8)


def test_every_published_model_has_a_shape_with_its_sources() -> None:
    for model in published().values():
        assert len(shapes()[model.family.architecture].sources) == 2


def test_models_of_the_same_dimensions_share_a_shape() -> None:
    assert shapes()["functiongemma-270m"] is shapes()["gemma3-270m"]
    assert shapes()["medgemma-27b"] is shapes()["translategemma-27b"] is shapes()["gemma3-27b"]
