"""A slice is served out of the large file: the bytes of `onpage slice`, in ranges, and its hash is computed once."""

from __future__ import annotations

import json
import random
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from builder.convert.web_file import convert_checkpoint
from builder.errors import UnsupportedModel
from builder.files.digest import sha256_of
from builder.formats.web_file_reader import WebFile
from builder.slice.composed import ComposedFile
from builder.slice.mixes import kept_of
from builder.slice.web_file import open_sliceable, slice_web_file
from tests.checkpoints import SLICEABLE, gemma3n_config, write_checkpoint
from webapp.app import Config, create_app
from webapp.errors import NothingToSliceError
from webapp.export.write import export
from webapp.paths import DEMO_MODEL
from webapp.served_slices import Slices

TARGET = 1_700_000
"""Parameters: fewer layers, and narrower."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slices")
    config = gemma3n_config(**SLICEABLE, vocab_size=512, vocab_size_per_layer_input=512)
    checkpoint = write_checkpoint(folder / "c", config)
    return convert_checkpoint(checkpoint, folder / "gemma-3n-E4B-it-web.task").path


@pytest.fixture(scope="module")
def written(large: Path) -> Path:
    """The same slice as a file."""
    kept, _ = kept_of(open_sliceable(large)[1], target=TARGET)
    return slice_web_file(large, large.with_name("slice-web.task"), kept).path


@pytest.fixture
def client(large: Path, tmp_path: Path) -> FlaskClient:
    return create_app(Config([large], slices=Slices([TARGET], tmp_path / "slices"))).test_client()


def test_it_stands_behind_the_whole_and_is_what_the_file_would_be(
    client: FlaskClient, large: Path, written: Path
) -> None:
    whole, listed = client.get("/api/models").get_json()
    (by_hand,) = create_app(Config([written])).test_client().get("/api/models").get_json()
    assert whole["sha256"] == sha256_of(large)
    named = ("name", "file", "url", "files", "licence")
    assert {key: listed[key] for key in listed if key not in named} == {
        key: by_hand[key] for key in by_hand if key not in named
    }
    unnamed = [{key: value for key, value in one["files"][0].items() if key != "url"} for one in (listed, by_hand)]
    assert unnamed[0] == unnamed[1]
    assert (listed["name"], listed["file"]) == ("gemma-3n-1.60M-it", "gemma-3n-1.60M-it-web.task")


def test_its_bytes_come_whole_and_in_ranges(client: FlaskClient, written: Path) -> None:
    listed, content = client.get("/api/models").get_json()[1], written.read_bytes()
    with client.get(listed["url"]) as response:
        assert response.data == content and response.headers["ETag"] == f'"{listed["sha256"]}"'
    size, chance = len(content), random.Random(1)
    edges = [tensor.offset for tensor in WebFile.open(written).tensors.values()][::9]
    starts = [0, *edges, *(edge - 1 for edge in edges), *(chance.randrange(size) for _ in range(40)), size - 1]
    for start in starts:
        stop = min(size, start + chance.choice((1, 500, 70_000)))
        with client.get(listed["url"], headers={"Range": f"bytes={start}-{stop - 1}"}) as response:
            assert (
                response.status_code == 206 and response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
            )
            assert response.data == content[start:stop]
    assert client.get(listed["url"], headers={"Range": f"bytes={size}-"}).status_code == 416
    assert client.get(listed["url"], headers={"If-None-Match": f'"{listed["sha256"]}"'}).status_code == 304
    assert client.get(f"models/{listed['sha256']}/other-web.task").status_code == 404


def test_its_hash_is_computed_once(
    client: FlaskClient, large: Path, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = client.get("/api/models").get_json()
    measured: list[ComposedFile] = []
    measure = ComposedFile.measure
    monkeypatch.setattr(ComposedFile, "measure", lambda self, file: measured.append(self) or measure(self, file))
    again = create_app(Config([large], slices=Slices([TARGET], tmp_path / "slices"))).test_client()
    assert again.get("/api/models").get_json() == listed and not measured
    with again.get(listed[1]["url"]) as response:
        assert response.data == written.read_bytes()
    (kept,) = (tmp_path / "slices").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    damaged = create_app(Config([large], slices=Slices([TARGET], tmp_path / "slices"))).test_client()
    assert damaged.get("/api/models").get_json() == listed and len(measured) == 1


def test_a_large_file_that_changes_is_not_sent_as_its_slice(large: Path, tmp_path: Path) -> None:
    path = tmp_path / large.name
    path.write_bytes(large.read_bytes())
    client = create_app(Config([path], slices=Slices([TARGET]))).test_client()
    url = client.get("/api/models").get_json()[1]["url"]
    path.write_bytes(path.read_bytes()[:-5] + b"other")
    assert client.get(url).status_code == 409
    path.unlink()
    assert client.get(url).status_code == 404


def test_what_cannot_be_sliced_is_said(large: Path) -> None:
    with pytest.raises(UnsupportedModel, match="E2B is a slice of E4B, which has 35"):
        create_app(Config([large], slices=Slices(["E2B"])))
    with pytest.raises(NothingToSliceError, match=r"\(onpage-demo\) is a web file of a Gemma 3n"):
        create_app(Config([DEMO_MODEL], slices=Slices(["E2B"])))
    models = create_app(Config([large], slices=Slices([10**12]))).extensions["onpage_models"]
    assert len(models) == 1, "the whole is small enough"


@pytest.mark.usefixtures("light")
def test_an_exported_site_has_it_as_a_file(large: Path, written: Path, tmp_path: Path) -> None:
    export(tmp_path / "site", [large], slices=Slices([TARGET]), part_size=1_000_000)
    models = json.loads((tmp_path / "site/onpage-export.json").read_text())["models"]
    parts = models[1]["files"][0]["parts"]
    assert b"".join((tmp_path / "site" / unquote(part)).read_bytes() for part in parts) == written.read_bytes()
