"""A file somewhere else, as far as it is known before it is here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from builder.errors import FetchError, GatedError
from builder.fetch.connection import fault_of
from builder.fetch.patience import PassingError


@dataclass(frozen=True)
class Remote:
    """None means that it is not known: a plain address says its size when it is asked for the file, and no sha256."""

    url: str
    file: str
    source: str
    """For people and the manifest; nothing secret."""
    size: int | None = None
    sha256: str | None = None
    revision: str | None = None
    licence: str | None = None
    gated: bool = False
    refusal: GatedError | None = None
    """Why the file itself is not to be had yet, though all the rest is known."""
    explain: Callable[[httpx2.Response], FetchError | PassingError] = fault_of
    """What an answer other than success means here."""

    @property
    def workspace(self) -> str:
        """Names the part by what it will be, else by where it comes from."""
        return self.sha256 or f"address-{hashlib.sha256(self.url.encode()).hexdigest()[:32]}"
