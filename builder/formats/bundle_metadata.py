"""The engine's metadata in a bundle that nobody vouches for: a protobuf message of bounded size with few enough stop tokens."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError

from builder.files.untrusted import DamagedError, UntrustedBytes
from builder.formats.llm_metadata import LlmMetadata
from builder.formats.llm_parameters import LlmParameters

MAX_METADATA = 1 << 20
MAX_STOPS = 64

Message = TypeVar("Message", LlmMetadata, LlmParameters)


def read_metadata(content: UntrustedBytes, offset: int, size: int, kind: type[Message], name: str) -> Message:
    """The message in `size` bytes at `offset`, in the part of the bundle called `name`; DamagedError where it is none."""
    if size > MAX_METADATA:
        raise DamagedError(f"has {size:,} bytes of {name}: expected at most {MAX_METADATA:,}")
    try:
        message: Message = kind.deserialize(content.read(offset, size))
    except (DecodeError, ValueError) as error:
        raise DamagedError(f"has {name} that is not a {kind.__name__} ({error})") from None
    if len(message.stop_tokens) > MAX_STOPS:
        raise DamagedError(f"has {len(message.stop_tokens):,} stop tokens: expected at most {MAX_STOPS}")
    return message
