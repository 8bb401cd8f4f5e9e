"""A file somewhere else, as far as it is known before it is here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from builder.errors import FetchError, GatedError
from builder.fetch.connection import fault_of
from builder.fetch.patience import PassingError
from builder.formats.sniff import require_format


@dataclass(frozen=True)
class Remote:
    """None means that it is not known: a plain address says its size when it is asked for the file, and no sha256."""

    url: str
    file: str
    source: str
    """For people and the manifest; nothing secret."""
    size: int | None = None
    sha256: str | None = None
    blob: str | None = None
    """Git's name of the content, which the hub has for small files in place of a sha256."""
    revision: str | None = None
    licence: str | None = None
    gated: bool = False
    refusal: GatedError | None = None
    """Why the file itself is not to be had yet, though all the rest is known."""
    explain: Callable[[httpx2.Response], FetchError | PassingError] = fault_of
    """What an answer other than success means here."""
    require: Callable[[Path | str, bytes], object] = require_format
    """Raises ModelFileError for a source whose first bytes cannot be the file's."""

    @property
    def workspace(self) -> str:
        """Names the part by what it will be, else by where it comes from."""
        if self.blob and not self.sha256:
            return f"blob-{self.blob}"
        return self.sha256 or f"address-{hashlib.sha256(self.url.encode()).hexdigest()[:32]}"
