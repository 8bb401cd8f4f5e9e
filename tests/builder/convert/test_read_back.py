from __future__ import annotations

import threading
import time
import zlib
from pathlib import Path

import pytest

from builder.convert import read_back as verify
from builder.convert.read_back import ReadBack


def test_it_reads_what_is_complete_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "CHUNK", 1 << 10)
    (tmp_path / "f").write_bytes(bytes(10_000))
    seen: list[int] = []
    read = threading.Event()

    def progress(count: int) -> None:
        seen.append(count)
        if sum(seen) in (3000, 7000):
            read.set()

    with ReadBack(tmp_path / "f", [], progress) as read_back:
        for position in (3000, 7000):
            read.clear()
            read_back.complete(position)
            assert read.wait(60)
            time.sleep(0.01)
            assert sum(seen) == position
    assert sum(seen) == 7000
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("onpage")]


def test_an_error_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "CHUNK", 1)
    (tmp_path / "f").write_bytes(bytes(1 << 20))
    seen: list[int] = []

    def progress(count: int) -> None:
        seen.append(count)
        time.sleep(0.001)  # twenty minutes for all of it

    with pytest.raises(KeyError), ReadBack(tmp_path / "f", [], progress) as read_back:
        read_back.complete(1 << 20)
        raise KeyError
    assert len(seen) < 1 << 20


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
def test_it_sums_up_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(verify, "CHUNK", chunk)
    data = bytes(range(256)) * 2
    (tmp_path / "f").write_bytes(data + bytes(100))
    parts = [(0, 10), (16, 17), (17, 17), (17, 300), (304, 512)]
    with ReadBack(tmp_path / "f", parts, lambda _: None) as read_back:
        assert read_back.sums() == [zlib.crc32(data[start:end]) for start, end in parts]


def test_an_error_while_reading_ends_the_waiting_for_sums(tmp_path: Path) -> None:
    def progress(count: int) -> None:
        raise KeyError(count)

    (tmp_path / "f").write_bytes(bytes(100))
    with ReadBack(tmp_path / "f", [(0, 50), (50, 200)], progress) as read_back, pytest.raises(KeyError):
        read_back.sums()
