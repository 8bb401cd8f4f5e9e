"""What an audit gives to the fields of a page that take files."""

from __future__ import annotations

import struct
import zlib

import pytest

from onpage.privacy.canaries import Canaries
from onpage.privacy.files import file_for


@pytest.mark.parametrize(
    ("accepted", "suffix"),
    [
        ("", ".txt"),
        ("*/*", ".txt"),
        (".pdf,.docx,.md,.txt", ".txt"),
        ("text/html,image/*", ".txt"),
        ("image/*,audio/*", ".png"),
        (".png", ".png"),
    ],
)
def test_a_file_is_of_a_kind_that_is_taken_and_can_be_recognized(accepted: str, suffix: str) -> None:
    canaries = Canaries()
    file = file_for(accepted, "#/senses describe", canaries)
    assert file is not None
    assert file["name"].endswith(suffix)
    assert canaries.fields_in(file["name"].encode()) == ["#/senses describe: a file's name"]
    assert canaries.fields_in(file["buffer"]) == ["#/senses describe: a file"]
    assert "plain" in canaries.found_in(file["buffer"])


@pytest.mark.parametrize("accepted", [".json,application/json", ".task,.litertlm,.bin", "audio/*"])
def test_nothing_is_given_where_neither_is_taken(accepted: str) -> None:
    canaries = Canaries()
    assert file_for(accepted, "field", canaries) is None
    assert canaries.words == {}, "a word that was not typed is not said to be typed"


def test_the_picture_is_one() -> None:
    file = file_for("image/*", "field", Canaries())
    assert file is not None
    content, chunks = file["buffer"], {}
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        body = content[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(body),)
        chunks[body[:4]] = body[4:]
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"tEXt", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (8, 8, 8, 0, 0, 0, 0), "eight bits of grey"
    assert len(zlib.decompress(chunks[b"IDAT"])) == 8 * (1 + 8), "a filter and eight pixels a row"
