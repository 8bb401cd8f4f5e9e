"""Which kind of model file some bytes begin: the three that the browser's engines take, told apart as they tell them apart.

Only the first FIRST_BYTES are looked at, so this says what a file claims to be; whether it is sound is for `builder.formats.inspect_web_file`.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from builder.errors import ModelFileError
from builder.files.untrusted import opened

FIRST_BYTES = 64
"""Enough to tell every format, and what else arrives where a model was expected."""


class Format(Enum):
    """A container; the value is what people call it."""

    WEB = "web file"
    """TFL3 at byte 4: the weights, streamed to WebGPU (`*-web.task`), or a LiteRT graph (`.tflite`) with operators."""
    TASK = "zip .task"
    """A stored-only zip of a LiteRT graph, its tokenizer and its metadata; MediaPipe's begin with four zero bytes."""
    LITERTLM = ".litertlm"
    """A FlatBuffer header and aligned sections."""


GGUF = b"GGUF"
"""How llama.cpp's model files begin."""


def is_gguf(path: Path) -> bool:
    """Whether a file begins as one of llama.cpp's; False where it cannot be read."""
    try:
        with opened(path) as window:
            return window.size >= len(GGUF) and window.read(0, len(GGUF)) == GGUF
    except ModelFileError:
        return False


def sniff(first: bytes) -> Format | None:
    """The format that a file with these first bytes claims to have, None where it is no model that a browser runs."""
    if first[4:8] == b"TFL3":
        return Format.WEB
    if first.startswith(b"LITERTLM"):
        return Format.LITERTLM
    if len(first) >= 8 and b"PK" in first[:8]:  # the web task's own test is stricter: TaskFile.problem
        return Format.TASK
    return None


OTHERS = (
    (b"<", "a web page, such as a login or error page"),
    (b"version https://git-lfs", "a git-lfs pointer: fetch the file itself"),
    (GGUF, "a GGUF model for llama.cpp: convert it with onpage convert"),
    (b"{", "JSON, such as an error message"),
    (b"\x1f\x8b", "a compressed file: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a compressed file: unpack it first"),
)
"""What else arrives where a model was expected, by how it begins (white space left out)."""


def describe(first: bytes) -> str:
    """What bytes that are no model file are, in words that follow "found": for somebody who wonders what they downloaded."""
    if len(first) < 8:
        return f"{len(first)} bytes"
    if first[8:9] == b"{" and 2 <= int.from_bytes(first[:8], "little") <= 1 << 32:
        return "a safetensors file: convert the checkpoint folder that it is part of with onpage convert"
    text = first.lstrip(b"\xef\xbb\xbf \t\r\n")
    unknown = f"bytes {first[:8].hex(' ')}"
    return next((words for start, words in OTHERS if text.startswith(start)), unknown)


def sniff_file(path: Path) -> Format:
    """The format that a file claims to have; ModelFileError where it is no model, or cannot be read."""
    with opened(path) as window:
        return require_format(path, window.read(0, min(window.size, FIRST_BYTES)))


def require_format(path: Path | str, first: bytes) -> Format:
    """The format; ModelFileError with one sentence that names `path` (or whatever the bytes came from) where it is none."""
    found = sniff(first)
    if found is None:
        raise ModelFileError(
            f"{path} is not a model that a browser runs: expected a web file, a zip .task or a .litertlm, found "
            f"{describe(first)}.",
            subject=path,
        )
    return found
