from __future__ import annotations

import tflite

from builder.formats.tflite_schema import TensorType


def test_the_types_are_those_of_the_schema() -> None:
    theirs = {name: value for name, value in vars(tflite.TensorType).items() if name.isupper()}
    assert {kind.name: kind.value for kind in TensorType} == theirs


def test_a_type_of_a_later_schema_has_a_name_too() -> None:
    assert (TensorType.name_of(17), TensorType.name_of(99)) == ("int4", "type 99")
