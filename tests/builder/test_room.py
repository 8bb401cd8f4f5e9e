"""Why there is no room, whichever limit was met: the sentence names that one, and what helps against it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.errors import OutputError
from builder.files.room import lack_of, lack_on_disk
from builder.files.writing import NoRoomError, explained, require_room


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.fixture
def two_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(total=9_000_000, free=2_000_000)
    monkeypatch.setattr("builder.files.room.shutil.disk_usage", lambda _: usage)


@pytest.mark.parametrize(
    ("number", "limit", "said"),
    [
        (errno.ENOSPC, None, "it needs 5.0 MB, and 2.0 MB are free there; free some space"),
        (errno.EDQUOT, None, "it needs 5.0 MB, beyond your quota there; delete files of yours there"),
        (errno.EFBIG, None, "it needs 5.0 MB, beyond the largest file there; use a disk with another file system"),
        (errno.EFBIG, 10**6, "it needs 5.0 MB, beyond the limit of 1.0 MB for one file; raise it with ulimit -f"),
    ],
)
@pytest.mark.usefixtures("two_megabytes")
def test_each_limit_is_called_what_it_is(
    number: int, limit: int | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.files.room.limit_of_a_file", lambda: limit)
    error = explained(refused(number), Path("/out/m.task"), 5_000_000)
    assert isinstance(error, NoRoomError)
    assert str(error) == f"No room for /out/m.task: {said}, or choose another folder."


@pytest.mark.usefixtures("two_megabytes")
def test_a_disk_that_takes_no_more_although_it_has_room_is_not_said_to_lack_bytes() -> None:
    lack = lack_of(refused(errno.ENOSPC), Path("/out"), 1_000_000)
    assert lack and lack.what == "it needs 1.0 MB, and the disk takes no more, though 2.0 MB are free there"
    lack = lack_of(refused(errno.ENOSPC), Path("/out"))
    assert lack and lack.what == "the disk takes no more, though 2.0 MB are free there"


@pytest.mark.usefixtures("two_megabytes")
def test_what_is_to_stay_free_is_said_where_it_is_what_lacks() -> None:
    folder = Path("/no/such/folder")
    assert lack_on_disk(folder, 1_500_000, spare=500_000) is None
    lack = lack_on_disk(folder, 1_500_000, spare=500_001, more=True)
    assert lack and lack.what == "it needs 1.5 MB more and 0.5 MB to spare, and 2.0 MB are free there"


def test_a_file_system_that_does_not_say_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.files.room.shutil.disk_usage", lambda _: SimpleNamespace(total=0, free=0))
    require_room(tmp_path / "m.task", 1 << 60)


def test_another_error_is_told_as_it_is() -> None:
    assert lack_of(refused(errno.EACCES), Path("/out")) is None
    error = explained(refused(errno.EACCES), Path("/m.task"), 1)
    assert type(error) is OutputError and str(error) == "/m.task cannot be written: Permission denied."
