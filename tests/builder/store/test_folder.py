"""What goes in, comes out, is shared, is refused; kills and second processes are in test_faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.errors import StoreBusyError, StoreError
from builder.store import Store
from tests.builder.store.conftest import everything, manifest_of, put


def test_the_folder_is_the_given_one_the_named_one_or_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONPAGE_HOME", str(tmp_path / "named"))
    assert Store.open(tmp_path / "given").folder == tmp_path / "given"
    assert Store.open().folder == tmp_path / "named"
    monkeypatch.setenv("ONPAGE_HOME", "")
    assert Store.open().folder.name == "onpage"
    monkeypatch.chdir(tmp_path)
    assert Store.open(Path("relative")).folder == tmp_path / "relative"


def test_reading_creates_nothing(store: Store) -> None:
    assert store.models() == [] and store.unfinished() == {} and store.find("0" * 64) is None
    with pytest.raises(StoreError, match=r"No model 'a' is stored in .*\. Stored: none\."):
        store.get("a")
    assert not store.folder.exists()


def test_a_model_comes_back_as_it_went_in(store: Store) -> None:
    put(store, "b", b"some weights")
    put(store, "a", b"other weights")
    assert [model.manifest.id for model in store.models()] == ["a", "b"]
    model = Store.open(store.folder).get("b")
    assert model.manifest == manifest_of("b", b"some weights", added=model.manifest.added)
    assert model.path.read_bytes() == b"some weights"
    assert model.is_untouched and model.problem is None
    assert everything(store) == {f"files/{m.manifest.sha256}" for m in store.models()} | {
        "models/a.json",
        "models/b.json",
    }


def test_two_ids_share_one_content(store: Store) -> None:
    first, second = put(store, "a", b"same"), put(store, "b", b"same")
    assert first.path == second.path and len(store.content_paths()) == 1
    assert store.remove("a").freed == 0
    assert store.get("b").path.read_bytes() == b"same"
    assert store.remove("b").freed == 4
    assert everything(store) == set()


def test_an_id_is_replaced_only_when_asked(store: Store) -> None:
    put(store, "a", b"old")
    with pytest.raises(StoreError, match="a is stored already, with other content"):
        put(store, "a", b"new")
    assert store.get("a").path.read_bytes() == b"old"
    put(store, "a", b"old")
    put(store, "a", b"new", replace=True)
    assert store.get("a").path.read_bytes() == b"new"
    assert len(store.content_paths()) == 1


def test_removing_what_is_not_there_says_what_is(store: Store) -> None:
    put(store, "a", b"x")
    for name in ("b", "../a", "", "a.json"):
        with pytest.raises(StoreError, match=r"Stored: a\."):
            store.remove(name)


def test_a_file_of_another_size_is_not_taken(store: Store) -> None:
    with pytest.raises(StoreError, match="has 3 bytes: expected 4"), store.workspace() as folder:
        (folder / "content").write_bytes(b"abc")
        store.add(folder / "content", manifest_of("a", b"abcd"))
    assert everything(store) == set()


def test_a_content_that_was_cut_or_is_gone_is_no_model(store: Store) -> None:
    model = put(store, "a", b"some weights")
    model.path.chmod(0o644)
    model.path.write_bytes(b"some")
    with pytest.raises(StoreError, match=r"content of a has 4 bytes, not 12: run onpage remove a"):
        store.get("a")
    model.path.unlink()
    with pytest.raises(StoreError, match=r"content of a is missing"):
        store.get("a")
    put(store, "a", b"some weights")
    assert store.get("a").is_untouched


def test_a_content_written_to_after_it_was_added_is_not_trusted(store: Store) -> None:
    model = put(store, "a", b"some weights")
    later = model.manifest_path.stat().st_mtime_ns + 10**9
    model.path.chmod(0o644)
    model.path.write_bytes(b"SOME weights")
    os.utime(model.path, ns=(later, later))
    assert not store.get("a").is_untouched
    assert store.find(model.manifest.sha256) is None
    put(store, "b", b"some weights")
    assert store.get("a").path.read_bytes() == b"some weights", "the next one with the same content mends it"


def test_a_workspace_is_kept_for_the_next_only_when_named_and_failed(store: Store) -> None:
    with store.workspace("download") as folder:
        (folder / "content").write_bytes(b"half")
        with pytest.raises(StoreBusyError, match="already working on download"), store.workspace("download"):
            pass
        put(store, "a", b"x")  # another change leaves it alone
    assert store.unfinished() == {}
    with pytest.raises(KeyError), store.workspace("download") as folder:
        (folder / "content").write_bytes(b"half")
        raise KeyError
    with pytest.raises(KeyError), store.workspace("empty"):
        raise KeyError
    assert store.unfinished() == {"download": 4}
    with store.workspace("download") as folder:
        assert (folder / "content").read_bytes() == b"half"
        assert store.discard_unfinished() == 0, "it is in use"
        (folder / "content").unlink()
    with pytest.raises(KeyError), store.workspace() as folder:
        (folder / "content").write_bytes(b"half")
        raise KeyError
    assert everything(store) == {f"files/{store.get('a').manifest.sha256}", "models/a.json"}


def test_unfinished_downloads_are_discarded_when_asked(store: Store) -> None:
    with pytest.raises(KeyError), store.workspace("download") as folder:
        (folder / "content").write_bytes(b"half")
        raise KeyError
    assert store.discard_unfinished() == 4
    assert everything(store) == set()


def test_a_folder_in_a_workspace_goes_with_it(store: Store) -> None:
    """A conversion has one beside its output; after a kill it is still there, and must not keep other debris."""
    with store.workspace() as folder:
        (folder / "inner" / "more").mkdir(parents=True)
        (folder / "inner" / "more" / "weights").write_bytes(b"w")
    left = store.folder / "unfinished" / ".killed"
    (left / "inner").mkdir(parents=True)
    (left / "inner" / "weights").write_bytes(b"w")
    put(store, "a", b"some weights")
    assert not list((store.folder / "unfinished").iterdir())
