"""First bytes: the engines' own formats, and what arrives instead of one."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ModelFileError
from builder.formats.sniff import FIRST_BYTES, Format, describe, require_format, sniff


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"\x1c\0\0\0TFL3\0\0", Format.WEB),
        (b"PK\x03\x04\x14\0\0\0", Format.TASK),
        (b"\0PK\x03\x04\x14\0\0", Format.TASK),
        (b"\0\0\0\0PK\x03\x04", Format.TASK),
        (b"LITERTLM\x01\0\0\0", Format.LITERTLM),
    ],
)
def test_each_format_is_known_by_its_first_bytes(first: bytes, expected: Format) -> None:
    assert sniff(first) is expected
    assert require_format("model", first) is expected


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (b"", "0 bytes"),
        (b"PK", "2 bytes"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"\xef\xbb\xbf\r\n <html lang='en'>", "a web page"),
        (b'{"error":"Unauthorized"}', "JSON, such as an error"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a git-lfs pointer"),
        (b"GGUF\x03\0\0\0" + bytes(16), "a GGUF model"),
        (b"\x20\x01\0\0\0\0\0\0" + b'{"__metadata__"', "a safetensors file: convert"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "a compressed file"),
        (b"\0\0\0\0\0\0\0\0PK", "bytes 00 00 00 00 00 00 00 00"),
    ],
)
def test_what_is_no_model_is_said(first: bytes, found: str) -> None:
    assert sniff(first) is None
    with pytest.raises(ModelFileError, match=f"^my.task is not a model that a browser runs: .*, found {found}"):
        require_format("my.task", first)


@given(st.binary(max_size=FIRST_BYTES))
def test_any_bytes_are_told_or_described(first: bytes) -> None:
    assert sniff(first) or describe(first).isprintable()


def test_a_zip_of_pythons_own_writer_is_one() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("METADATA", b"")
    assert sniff(data.getvalue()[:FIRST_BYTES]) is Format.TASK
