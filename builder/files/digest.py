"""SHA-256 of files of any size, read in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

CHUNK = 4 << 20


def sha256_of(path: Path, progress: Callable[[int], None] | None = None) -> str:
    """The hexadecimal digest of a file; raises OSError. `progress` is called with the numbers of bytes read."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        buffer = memoryview(bytearray(CHUNK))
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            if progress:
                progress(count)
    return digest.hexdigest()
