"""The examples of a fine-tune, as people write them: JSON Lines of chat messages, or of a prompt and its completion.

    {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}
    {"prompt": "…", "completion": "…"}
    {"messages": […, {"role": "assistant", "tool_calls": [{"function": {"name": "…", "arguments": {…}}}]}], "tools": […]}

`prompt` and `completion` may be lists of messages too, as TRL has them. Every file is refused by file and line where it is
something else: a model that learns from half of what one meant is worse than none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from builder.errors import DataError
from builder.files.reading import shown

Role = Literal["system", "user", "model", "tool"]

MAX_FILE = 1 << 30
MAX_EXAMPLES = 1_000_000
ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "model",
    "model": "model",
    "tool": "tool",
}
"""What files call who speaks."""
SHAPES = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]} or {"prompt": "…", "completion": "…"}'


@dataclass(frozen=True)
class Call:
    """A function that the model calls, with its arguments; of a message of the role tool, with its result."""

    name: str
    value: Any


@dataclass(frozen=True)
class Message:
    """What one side says; the functions that a model calls, or what came of them."""

    role: Role
    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """One example: an optional system message, then user and model by turns, the model last. `place`: where it stands.

    A model that calls functions (`tools`: each a name, a description, a JSON Schema) is followed by what came of them, and speaks again.
    """

    messages: tuple[Message, ...]
    place: str
    tools: tuple[Mapping[str, Any], ...] = ()


def read_conversations(path: Path) -> list[Conversation]:
    """The conversations of a .jsonl file, or of every .jsonl file in a folder, by name; DataError where one is none."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise DataError(
            f"{path} contains no .jsonl file: expected files with one example per line, {SHAPES}.", subject=path
        )
    found: list[Conversation] = []
    for file in files:
        found.extend(_of_file(file))
        if len(found) > MAX_EXAMPLES:
            raise DataError(f"{path} holds more than {MAX_EXAMPLES:,} examples: split it.", subject=path)
    if not found:
        raise DataError(f"{path} contains no example: expected one per line, {SHAPES}.", subject=path)
    return found


def _of_file(file: Path) -> list[Conversation]:
    try:
        if file.stat().st_size > MAX_FILE:
            raise DataError(f"{file} is larger than 1 GB: split it.", subject=file)
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.", subject=file) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 text (byte {error.start:,}): save it as UTF-8.", subject=file) from None
    return [conversation_of(line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def conversation_of(line: str, place: str) -> Conversation:
    """The conversation that one line holds."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise DataError(f"{place} is not valid JSON: expected {SHAPES}.", subject=place) from None
    if isinstance(entry, dict) and "messages" in entry:
        messages = _messages(entry["messages"], place)
    elif isinstance(entry, dict) and {"prompt", "completion"} <= entry.keys():
        messages = _said("user", entry["prompt"], place) + _said("model", entry["completion"], place)
    else:
        keys = (
            f"has {', '.join(map(shown, list(entry)[:5])) or 'nothing'}" if isinstance(entry, dict) else "is no object"
        )
        raise DataError(f"{place} {keys}: expected {SHAPES}.", subject=place)
    messages = _together(messages)
    _check_order(messages, place)
    return Conversation(tuple(messages), place, _tools(entry.get("tools"), place))


def _said(role: Role, value: Any, place: str) -> list[Message]:
    return [Message(role, value)] if isinstance(value, str) else _messages(value, place)


def _messages(value: Any, place: str) -> list[Message]:
    if not isinstance(value, list):
        raise DataError(f"{place}: messages is {shown(value)}: expected a list.", subject=place)
    return [_message(each, place) for each in value]


def _message(value: Any, place: str) -> Message:
    role = value.get("role") if isinstance(value, dict) else None
    if not isinstance(role, str) or role not in ROLES:
        raise DataError(
            f"{place}: {shown(value)} is not a message: expected role {', '.join(ROLES)} and content.", subject=place
        )
    if role == "tool":
        return _result(value, place)
    content = value.get("content")
    calls = _calls(value.get("tool_calls") or [], place) if ROLES[role] == "model" else ()
    if calls and content is None:
        content = ""
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        content = "".join(str(part.get("text", "")) for part in content)
    if not isinstance(content, str):
        raise DataError(f"{place}: the content of {role} is {shown(content)}: expected a text.", subject=place)
    return Message(ROLES[role], content, calls)


def _calls(value: Any, place: str) -> tuple[Call, ...]:
    """Of `{"function": {"name": "…", "arguments": {…}}}`, whose arguments may be the text of an object."""
    found = []
    for each in value if isinstance(value, list) else [value]:
        function = each.get("function", each) if isinstance(each, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        arguments = function.get("arguments", {}) if isinstance(function, dict) else None
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")
            except (ValueError, RecursionError):
                arguments = None
        if not _is_name(name) or not isinstance(arguments, dict):
            raise DataError(
                f'{place}: {shown(each)} is not a call: expected {{"function": {{"name": "…", "arguments": {{…}}}}}}.',
                subject=place,
            )
        found.append(Call(str(name), arguments))
    return tuple(found)


def _result(value: dict[str, Any], place: str) -> Message:
    """Of `{"role": "tool", "name": "…", "content": …}`; the content may be the text of an object, or hold name and response itself."""
    name, content = value.get("name"), value.get("content")
    if name is None and isinstance(content, dict) and {"name", "response"} <= content.keys():
        name, content = content["name"], content["response"]
    if isinstance(content, str):
        with suppress(ValueError, RecursionError):  # a text is a result, too
            content = json.loads(content)
    if not _is_name(name) or content is None:
        raise DataError(
            f'{place}: {shown(value)} is not a result: expected {{"role": "tool", "name": "…", "content": …}}.',
            subject=place,
        )
    return Message("tool", "", (Call(str(name), content),))


def _together(messages: list[Message]) -> list[Message]:
    """Results that follow each other as one message."""
    found: list[Message] = []
    for message in messages:
        if found and message.role == "tool" == found[-1].role:
            found[-1] = Message("tool", "", (*found[-1].calls, *message.calls))
        else:
            found.append(message)
    return found


def _tools(value: Any, place: str) -> tuple[Mapping[str, Any], ...]:
    found = []
    for each in value if isinstance(value, list) else [] if value is None else [value]:
        tool = each.get("function", each) if isinstance(each, dict) else None
        schema = tool.get("parameters") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or not _is_name(tool.get("name")) or not isinstance(schema, dict | None):
            raise DataError(
                f'{place}: {shown(each)} is not a tool: expected {{"name": "…", "description": "…", "parameters": {{…}}}}.',
                subject=place,
            )
        found.append(tool)
    return tuple(found)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w.-]{1,64}", value) is not None


def _check_order(messages: list[Message], place: str) -> None:
    spoken = [message.role for message in messages]
    calling = [message.role == "model" and bool(message.calls) for message in messages]
    turns = spoken[1:] if spoken[:1] == ["system"] else spoken
    plain = [role for role, before in zip(turns, ["", *turns], strict=False) if role != "tool" and before != "tool"]
    wanted = ["user", "model"] * (len(plain) // 2)
    answered = all(calling[i - 1] for i, role in enumerate(spoken) if role == "tool")
    followed = all(spoken[i + 1 : i + 2] in ([], ["tool"]) for i, calls in enumerate(calling) if calls)
    if not plain or plain != wanted or not answered or not followed or spoken[-1] != "model":
        raise DataError(
            f"{place}: the roles are {', '.join(spoken) or 'none'}: expected a user and an assistant by turns, the assistant last, "
            "a tool only between a call and what is said of it, and a system message only in front.",
            subject=place,
        )
    for message in messages:
        if message.role == "model" and not message.text.strip() and not message.calls:
            raise DataError(f"{place}: an answer is empty: there is nothing to learn from it.", subject=place)
