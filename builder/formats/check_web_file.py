"""Whether the content of a web file is what its sums and its own sense say: every byte is read, a piece at a time.

Without numpy: the command checks files where only the page is served.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from builder.errors import WebFileError
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import sums_size, unpacked_sums
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import PICTURES, are_halves

CHUNK = 1 << 20
AGAIN = "convert or download it again"

_EXPONENT_HIGH = bytes(byte & 0x7F == 0x7F for byte in range(256))
_EXPONENT_LOW = bytes(byte >> 7 for byte in range(256))
"""Of a float32's two upper bytes: whether all of their exponent's bits are set, as in infinities and what is no number."""
_HALF_EXPONENT = bytes(byte & 0x7C == 0x7C for byte in range(256))
"""The same of a float16's upper byte."""


def check_web_file(file: WebFile) -> None:
    """WebFileError where a part is not what the file's sums say, a scale or norm is no finite number, or the engine would read other
    scales than were written."""
    if file.problem:
        raise WebFileError(f"{file.path} {file.problem}: convert it again.", subject=file.path)
    sums = _sums(file)
    parts = iter(sums) if sums else None
    if parts:
        first = min(tensor.offset for tensor in file.tensors.values())
        _compare(file, "the header", _crc(file.path, file.start, first - file.start), next(parts))
    for name, tensor in file.tensors.items():
        crc, finite = 0, True
        floats = tensor.type == TensorType.FLOAT32 and name not in PICTURES  # those are graphs
        not_finite = holds_halves_that_are_not_finite if are_halves(tensor) else holds_what_is_not_finite
        for chunk in _chunks(file.path, tensor.offset, tensor.size):
            crc = zlib.crc32(chunk, crc)
            finite = finite and not (floats and not_finite(chunk))
        if parts:
            _compare(file, f"tensor {name}", crc, next(parts))
        if not finite:
            raise WebFileError(
                f"{file.path} is damaged: tensor {name} holds a value that is infinite or not a number: expected finite scales; "
                f"{AGAIN}.",
                subject=name,
            )


def holds_what_is_not_finite(values: bytes) -> bool:
    """Whether one of these float32, little-endian, is infinite or no number."""
    high = int.from_bytes(values[3::4].translate(_EXPONENT_HIGH), "little")
    low = int.from_bytes(values[2::4].translate(_EXPONENT_LOW), "little")
    return high & low != 0


def holds_halves_that_are_not_finite(values: bytes) -> bool:
    """As `holds_what_is_not_finite`, of float16."""
    return 1 in values[1::2].translate(_HALF_EXPONENT)


def _sums(file: WebFile) -> list[int] | None:
    """The file's own sums; None where it has none."""
    if file.sums_offset is None:
        return None
    packed = b"".join(_chunks(file.path, file.sums_offset, sums_size(file.tensors)))
    sums = unpacked_sums(packed)
    if sums is None:
        raise WebFileError(
            f"{file.path} is damaged: its sums do not have the checksum that they were written with; {AGAIN}.",
            subject=file.path,
        )
    return sums


def _compare(file: WebFile, what: str, found: int, expected: int) -> None:
    if found != expected:
        raise WebFileError(
            f"{file.path} is damaged: {what} has checksum {found:08x}, expected {expected:08x}; {AGAIN}.", subject=what
        )


def _crc(path: Path, offset: int, size: int) -> int:
    crc = 0
    for chunk in _chunks(path, offset, size):
        crc = zlib.crc32(chunk, crc)
    return crc


def _chunks(path: Path, offset: int, size: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while size and (chunk := file.read(min(CHUNK, size))):
            yield chunk
            size -= len(chunk)
    if size:
        raise WebFileError(f"{path} ended early: it was cut while being read.", subject=path)
