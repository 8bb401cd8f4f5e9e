"""The body of an answer: every byte once, in pieces, and an error rather than fewer bytes than promised."""

from __future__ import annotations

import itertools
from contextlib import closing
from io import FileIO
from pathlib import Path

import pytest
from flask import Flask
from waitress.buffers import ReadOnlyFileBasedBuffer
from werkzeug.test import EnvironBuilder

from webapp.sending import PIECE, TURN, FileCutShortError, FilePart


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(251)) * 5000)
    return path


@pytest.mark.parametrize(("start", "stop"), [(0, 1_255_000), (1, 1_255_000), (700_000, 700_001), (3, PIECE + 3)])
def test_every_byte_once_however_little_the_client_takes(path: Path, start: int, stop: int) -> None:
    expected = path.read_bytes()[start:stop]
    with closing(FilePart(FileIO(path), start, stop)) as part:
        assert b"".join(part) == expected
    part, sent = FilePart(FileIO(path), start, stop), b""
    for take in itertools.cycle((1, 70_000, 0, 300_000)):
        if not len(part):
            break
        data = bytes(part.get(150_000))
        sent += data[:take]
        part.skip(min(take, len(data)), True)
    part.close()
    assert sent == expected


def test_others_have_their_turn_though_one_would_take_all(tmp_path: Path) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.truncate(3 * TURN)
    part = FilePart(FileIO(path), 0, 3 * TURN)
    turns = []
    while len(part):
        taken = 0
        while data := part.get():
            taken += len(data)
            part.skip(len(data))
        turns.append(taken)
    part.close()
    assert turns == [TURN, TURN, TURN]


def test_a_file_that_ends_too_early(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    part = FilePart(FileIO(path), 0, 1_255_001)
    with pytest.raises(FileCutShortError):
        list(part)
    assert f"{str(path)!r} was cut short while it was sent" in caplog.text
    part.close()
    part = FilePart(FileIO(path), 1_254_999, 1_255_001)
    part.skip(len(part.get()))
    with pytest.raises(OSError):
        part.get()
    part.close()


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=5-"}])
def test_whole_files_and_ranges_are_both_sent_by_the_main_loop(app: Flask, url: str, headers: dict[str, str]) -> None:
    environ = EnvironBuilder(url, headers={"Host": "localhost", **headers}).get_environ()
    body = app(environ, lambda *_: lambda _: None)
    assert isinstance(body, FilePart) and isinstance(body, ReadOnlyFileBasedBuffer)
    body.close()
