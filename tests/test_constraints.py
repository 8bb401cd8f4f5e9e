"""constraints.txt can be installed with every extra, `graph` too, whose packages take 2 GB and are not here to be asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

PINS = {
    requirement.name.lower().replace("_", "-"): next(iter(requirement.specifier)).version
    for line in Path(__file__).parents[1].joinpath("constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
    for requirement in [Requirement(line)]
}

OF_GRAPH = [
    "typing-extensions<4.13,>=4.7",
    "absl-py",
    "numpy",
    "protobuf",
    "flatbuffers",
    "rich",
    "pillow",
    "sentencepiece",
]
"""What litert-torch 0.10.0, and what it brings (xdsl 0.28.0 above all), ask of packages that are pinned."""


@pytest.mark.parametrize("wanted", OF_GRAPH)
def test_a_pin_is_one_that_the_extra_graph_takes(wanted: str) -> None:
    requirement = Requirement(wanted)
    assert requirement.specifier.contains(Version(PINS[requirement.name])), PINS[requirement.name]
