"""What a graph may be, decided before anything large is imported."""

from __future__ import annotations

from typing import Any

import pytest

from builder.errors import OnpageError
from builder.graph.settings import GraphSettings


def test_the_default_fits_the_model() -> None:
    long = GraphSettings.of(32_768)
    assert (long.context, long.prefill, long.activations) == (2048, (32, 128), "int8")
    assert GraphSettings.of(512).context == 512
    assert GraphSettings.of(100).prefill == (32,)
    assert GraphSettings.of(20).prefill == (19,)


def test_lengths_are_sorted_and_said_once() -> None:
    assert GraphSettings.of(512, prefill=[256, 16, 256]).prefill == (16, 256)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"context": 513}, "expected 2 to 512"),
        ({"context": 1}, "expected 2 to 512"),
        ({"prefill": [0]}, "The prefill lengths are 0"),
        ({"context": 64, "prefill": [65]}, "from 1 to the context of 64 tokens"),
        ({"prefill": range(1, 10)}, "at most 8"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OnpageError, match=sentence):
        GraphSettings.of(512, **options)
