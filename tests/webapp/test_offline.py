"""The service worker that the server sends: every file of the page with its hash, another version for every change."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from webapp.app import Config, create_app
from webapp.offline import LARGE
from webapp.paths import static_folder

ADDRESS = "/service_worker.js"


def site_of(client: FlaskClient) -> Any:
    with client.get(ADDRESS) as response:
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Type"].startswith("text/javascript")
        line, _, code = response.text.partition("\n")
    assert code == (static_folder() / "offline" / "service_worker.js").read_text(encoding="utf-8")
    return json.loads(line.removeprefix("globalThis.SITE = ").removesuffix(";"))


def test_every_file_has_the_hash_of_what_is_sent(client: FlaskClient) -> None:
    site = site_of(client)
    for path, integrity in (site["files"] | site["later"]).items():
        with client.get(urljoin("/", path)) as response:
            assert response.status_code == 200, path
            assert integrity == f"sha256-{b64encode(hashlib.sha256(response.data).digest()).decode()}", path
            assert (len(response.data) >= LARGE) == (path in site["later"]), path


def test_what_the_page_needs_is_in_it_and_what_is_measured_is_not(client: FlaskClient) -> None:
    files = set(site_of(client)["files"])
    assert {"./", "static/app/main.js", "static/app/base.css", "static/tasks/post/examples.json"} <= files
    links = re.findall(r'(?:href|src)="([^"]*)"', client.get("/").text)
    assert set(links) <= files
    assert not [path for path in files if path.startswith(("static/bench/", "static/offline/", "models/", "api/"))]


def test_a_file_that_changes_makes_another_version(model_path: Path, tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "app").mkdir(parents=True)
    (static / "offline").mkdir()
    (static / "vendor").symlink_to(static_folder() / "vendor")
    (static / "offline" / "service_worker.js").symlink_to(static_folder() / "offline" / "service_worker.js")
    main = static / "app" / "main.js"
    main.write_text("one();")
    client = create_app(Config(models=[model_path], static=static)).test_client()
    first = site_of(client)["version"]
    assert site_of(client)["version"] == first
    main.write_text("two();")
    assert site_of(client)["version"] != first


def test_a_page_that_is_not_to_be_kept(model_path: Path) -> None:
    client = create_app(Config(models=[model_path], offline=False)).test_client()
    assert site_of(client) is None
    assert "data-offline" not in client.get("/").text


def test_the_mark_by_which_the_worker_knows_the_page(client: FlaskClient) -> None:
    code = (static_folder() / "offline" / "service_worker.js").read_text(encoding="utf-8")
    (mark,) = re.findall(r"const MARK = '([^']*)';", code)
    assert mark in client.get("/").text


@pytest.mark.parametrize("key", ["icons", "shortcuts"])
def test_the_manifest_names_what_is_there(client: FlaskClient, key: str) -> None:
    with client.get("/static/app.webmanifest") as response:
        assert response.headers["Content-Type"].startswith("application/manifest+json")
        manifest = json.loads(response.data)
    assert urljoin("/static/app.webmanifest", manifest["start_url"]) == "/"
    for each in manifest[key]:
        address = urljoin("/static/app.webmanifest", each.get("src") or each["url"])
        with client.get(address.partition("#")[0]) as response:
            assert response.status_code == 200, address
        if key == "shortcuts":
            assert (static_folder() / "tasks" / address.removeprefix("/#/")).is_dir(), address
