"""The examples of a fine-tune, as people write them: JSON Lines of chat messages, or of a prompt and its completion.

    {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}
    {"prompt": "…", "completion": "…"}

`prompt` and `completion` may be lists of messages too, as TRL has them. Every file is refused by file and line where it is
something else: a model that learns from half of what one meant is worse than none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from builder.errors import DataError
from builder.files.reading import shown

Role = Literal["system", "user", "model"]

MAX_FILE = 1 << 30
MAX_EXAMPLES = 1_000_000
ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "model",
    "model": "model",
}
"""What files call who speaks."""
SHAPES = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]} or {"prompt": "…", "completion": "…"}'


@dataclass(frozen=True)
class Message:
    """What one side says."""

    role: Role
    text: str


@dataclass(frozen=True)
class Conversation:
    """One example: an optional system message, then user and model by turns, the model last. `place`: where it stands."""

    messages: tuple[Message, ...]
    place: str


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
    _check_order(messages, place)
    return Conversation(tuple(messages), place)


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
    content = value.get("content")
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        content = "".join(str(part.get("text", "")) for part in content)
    if not isinstance(content, str):
        raise DataError(f"{place}: the content of {role} is {shown(content)}: expected a text.", subject=place)
    return Message(ROLES[role], content)


def _check_order(messages: list[Message], place: str) -> None:
    spoken = [message.role for message in messages]
    turns = spoken[1:] if spoken[:1] == ["system"] else spoken
    wanted = ["user", "model"] * (len(turns) // 2)
    if not turns or turns != wanted:
        raise DataError(
            f"{place}: the roles are {', '.join(spoken) or 'none'}: expected a user and an assistant by turns, the assistant last, "
            "and a system message only in front.",
            subject=place,
        )
    for message in messages:
        if message.role == "model" and not message.text.strip():
            raise DataError(f"{place}: an answer is empty: there is nothing to learn from it.", subject=place)
