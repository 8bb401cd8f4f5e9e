"""A model description as JSON, which a graph carries: its operators say what is computed, and this says it in one place.

Read back from files that nobody vouches for: every field is there, of its type, and a number that can be. Only those of LATER are left
out where they are as in a Gemma.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from builder.model.description import ModelDescription

LATER = {
    "norm_epsilon",
    "norm_offset",
    "long_waves",
    "biases",
    "proportion",
    "value_norms",
    "values_are_keys",
    "scaled",
    "sparse_above",
}
"""Fields that the first graphs did not have, which are still read and made byte for byte."""

MAX_NUMBER = 1 << 31
MAX_LAYERS = 1024


def to_json(model: ModelDescription) -> dict[str, Any]:
    """As dictionaries, lists, texts and numbers."""
    found: dict[str, Any] = json.loads(json.dumps(_said(model)))
    return found


def _said(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_said(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = dataclasses.fields(value)
    kept = (one for one in fields if one.name not in LATER or getattr(value, one.name) != one.default)
    said = {one.name: _said(getattr(value, one.name)) for one in kept}
    if "query_scale" in said:
        # a web file has it in float32, as operators do: so it is the same from there and from a checkpoint
        (said["query_scale"],) = struct.unpack("<f", struct.pack("<f", said["query_scale"]))
    return said


def from_json(value: Any) -> ModelDescription:
    """Back from `to_json`; ValueError says what is not so."""
    model: ModelDescription = _made(ModelDescription, value, "model")
    return model


def _made(kind: Any, value: Any, name: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, name)
    if origin in (types.UnionType, Union):
        return _one_of(arguments, value, name)
    if origin is tuple and isinstance(value, list) and len(value) <= MAX_LAYERS:
        return tuple(_made(arguments[0], item, f"{name}[{i}]") for i, item in enumerate(value))
    if not _is_plain(kind, value):
        raise ValueError(f"{name} is not {getattr(kind, '__name__', kind)}")
    return float(value) if kind is float else value


def _is_plain(kind: Any, value: Any) -> bool:
    """Whether a value of JSON that holds no others is one of this type."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    if kind is int:
        return isinstance(value, int) and 0 <= value < MAX_NUMBER
    return isinstance(kind, type) and isinstance(value, kind)


def _dataclass(kind: Any, value: Any, name: str) -> Any:
    hints = get_type_hints(kind)
    names = {field.name for field in dataclasses.fields(kind)}
    if not isinstance(value, dict) or not names - LATER <= value.keys() <= names:
        raise ValueError(f"{name} does not have the fields of a {kind.__name__}")
    return kind(**{field: _made(hints[field], value[field], f"{name}.{field}") for field in names & value.keys()})


def _one_of(kinds: tuple[Any, ...], value: Any, name: str) -> Any:
    for kind in kinds[:-1]:
        try:
            return _made(kind, value, name)
        except ValueError:
            continue
    return _made(kinds[-1], value, name)
