"""FunctionGemma's declarations, calls and responses as text: what its chat template makes of them, and what the page writes.

    <start_function_call>call:get_time{place:<escape>Tokyo<escape>}<end_function_call>

Every text stands between two `<escape>`, names and numbers are bare, entries are ordered by their names. The front end has the same
in static/tasks/functions/formats/function_gemma.js; tests hold both to the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.model.families.functiongemma import CALL, RESPONSE

ESCAPE = "<escape>"
DECLARATION, END_OF_DECLARATION = "<start_function_declaration>", "<end_function_declaration>"
END_OF_CALL, END_OF_RESPONSE = "<end_function_call>", "<end_function_response>"
PIECES = (ESCAPE, DECLARATION, END_OF_DECLARATION, CALL, END_OF_CALL, RESPONSE, END_OF_RESPONSE)

TRIGGER = "You are a model that can do function calling with the following functions"
"""The developer's text, by which the model was taught to call."""


def declaration(tool: Mapping[str, Any]) -> str:
    """A function as the developer's turn declares it: `name`, `description`, and `parameters`, a JSON Schema."""
    schema = _schema(tool.get("parameters") or {"type": "object"}, outer=True)
    described = f"description:{_text(tool.get('description', ''))}"
    return f"{DECLARATION}declaration:{tool['name']}{{{described},parameters:{schema}}}{END_OF_DECLARATION}"


def call(name: str, arguments: Mapping[str, Any]) -> str:
    """A call as the model writes it."""
    return f"{CALL}call:{name}{_value(arguments)}{END_OF_CALL}"


def response(name: str, result: Any) -> str:
    """What came of a call; a result that is no object gets a name."""
    return f"{RESPONSE}response:{name}{_value(result if isinstance(result, Mapping) else {'value': result})}{END_OF_RESPONSE}"


def _schema(schema: Mapping[str, Any], *, outer: bool = False) -> str:
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    fields = []
    if schema.get("description") and not outer:
        fields.append(f"description:{_text(schema['description'])}")
    if isinstance(schema.get("enum"), list) and kind == "string":
        fields.append(f"enum:{_value(schema['enum'])}")
    if schema.get("properties"):
        fields.append(f"properties:{{{_entries(schema['properties'], _schema)}}}")
    if schema.get("items") and kind == "array":
        fields.append(f"items:{_schema(schema['items'])}")
    if schema.get("required"):
        fields.append(f"required:{_value(schema['required'])}")
    return f"{{{','.join([*fields, f'type:{_text(str(kind).upper())}'])}}}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return f"{{{_entries(value, _value)}}}"
    if isinstance(value, Sequence):
        return f"[{','.join(map(_value, value))}]"
    if value is None:
        return "null"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _entries(values: Mapping[str, Any], write: Any) -> str:
    return ",".join(f"{name}:{write(values[name])}" for name in sorted(values, key=str.lower))


def _text(text: str) -> str:
    return f"{ESCAPE}{text}{ESCAPE}"
