"""A canary is recognized in whatever a page might make of it, and nothing else is."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import zlib
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from onpage.privacy import canaries
from onpage.privacy.canaries import Canaries
from onpage.privacy.session import with_canary

CANARIES = Canaries()
TEXT = CANARIES.sentence("a field")
MASK = bytes([0x12, 0xFE, 0x00, 0x7A])


def masked(text: str) -> bytes:
    return bytes(byte ^ MASK[index % 4] for index, byte in enumerate(text.encode()))


SENT = {
    "plain": TEXT.encode(),
    "of another case, as in the name of a host": f"{CANARIES.word('a field').upper()}.example".encode(),
    "percent-encoded": f"/?q={quote(TEXT)}".encode(),
    "every byte percent-encoded": "".join(f"%{byte:02x}" for byte in TEXT.encode()).encode(),
    "JSON": json.dumps({"text": TEXT}).encode(),
    "JSON escapes": "".join(f"\\u{ord(c):04X}" for c in TEXT).encode(),
    "hexadecimal": TEXT.encode().hex().encode(),
    "hexadecimal, large": TEXT.encode().hex().upper().encode(),
    "UTF-16": TEXT.encode("utf-16-le"),
    "UTF-16, big": TEXT.encode("utf-16-be"),
    "gzip": b"POST / HTTP/1.1\r\n\r\n" + gzip.compress(TEXT.encode()),
    "zlib": zlib.compress(TEXT.encode()),
    "gzip of base64": gzip.compress(base64.b64encode(TEXT.encode())),
    "a WebSocket's frame": b"\x81\xfe" + MASK + masked(TEXT),
    "base64 in an address": f"/?d={quote(base64.b64encode(TEXT.encode()).decode())}".encode(),
}


@pytest.mark.parametrize("form", SENT)
def test_it_is_found(form: str) -> None:
    assert CANARIES.found_in(b"before " + SENT[form] + b" after"), form


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_it_is_found_in_base64_wherever_it_begins(before: int, encode: object) -> None:
    assert callable(encode)
    assert CANARIES.found_in(encode(b"x" * before + TEXT.encode()))


def test_nothing_else_is() -> None:
    for _ in range(50):
        noise = secrets.token_bytes(20_000)
        assert not CANARIES.found_in(noise) and not CANARIES.found_in(base64.b64encode(noise))
    assert not CANARIES.found_in(b"") and not CANARIES.found_in(b"\0" * 5000)
    assert not CANARIES.found_in(TEXT.replace(CANARIES.stem, "the corner").encode())
    assert not Canaries().found_in(TEXT.encode()), "each session has its own"


def test_each_field_has_a_word_and_is_named() -> None:
    canaries = Canaries()
    words = [canaries.word(name) for name in ("one", "two", "one")]
    assert words[0] == words[2] != words[1]
    assert canaries.fields_in(f"a {words[1]} b".encode()) == ["two"]


def test_a_sample_keeps_its_form() -> None:
    canaries = Canaries()
    assert json.loads(with_canary('{"hours": 7}', canaries, "data"))["hours"] == 7
    assert len(json.loads(with_canary('["a"]', canaries, "list"))) == 2
    for value in ("", "Some text.", "12", None, "{broken"):
        assert with_canary(value, canaries, "text") == canaries.sentence("text")


def test_data_compressed_over_and_over_costs_no_more_than_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    inflated = canaries._inflated

    def counted(data: bytes) -> Iterator[bytes]:
        looked.append(len(data))
        return inflated(data)

    monkeypatch.setattr(canaries, "_inflated", counted)
    data = TEXT.encode()
    for _ in range(8):
        data = zlib.compress(data, level=0)  # so that each inner one is seen in the outer ones
    CANARIES.found_in(data)
    assert len(looked) < 20
    assert CANARIES.found_in(zlib.compress(gzip.compress(TEXT.encode())))
