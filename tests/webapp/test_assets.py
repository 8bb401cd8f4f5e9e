"""Static files: which there are, how they are cached, and the engine's WebAssembly as small as the browser can take it."""

from __future__ import annotations

import gzip
import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound
from werkzeug.test import Client

from webapp.app import Config, create_app
from webapp.errors import FrontEndMissingError
from webapp.front_end import own_files
from webapp.paths import static_folder
from webapp.vendor import MEDIAPIPE, NOTICES, PACKAGES, Package, build, main, write_notices

WASM = f"/{MEDIAPIPE.url}genai_wasm_module_internal.wasm"


@pytest.mark.parametrize("path", ["/", "/bench"])
def test_page_links_only_what_is_there_and_relative_to_itself(client: FlaskClient, path: str) -> None:
    """A proxy may serve all of it below a path that this server never hears of."""
    page = client.get(path).text
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert len(links) > 5
    vendor = json.loads(unescape(re.findall(r'data-vendor="([^"]*)"', page)[0]))
    for link in [*links, *vendor.values()]:
        assert not link.startswith("/") and "://" not in link, link
    for link in links:
        with client.get(urljoin(path, link)) as response:
            assert response.status_code == 200, link


def test_no_address_in_our_own_files_begins_at_the_root() -> None:
    static = static_folder()
    for path in own_files(static):
        if path.suffix in (".js", ".css", ".json"):
            text = (static / path).read_text(encoding="utf-8")
            assert not re.findall(r"""["'(]/(?:api|static|models|bench)\b""", text), path


def test_no_text_field_lets_the_browser_send_the_text_away() -> None:
    """A cloud spell checker, a writing assistant, what a form remembers: none of them is this computer."""
    static = static_folder()
    private = 'NOT_SENT_AWAY = { spellcheck: "false", writingsuggestions: "false", autocomplete: "off" };'
    fields = 0
    for path in own_files(static):
        text = (static / path).read_text(encoding="utf-8") if path.suffix == ".js" else ""
        for field in re.findall(r'h\("(?:textarea|input)", \{(.*?)\}', text, re.DOTALL):
            if re.search(r'type: "(?:radio|checkbox|number|range|file)"', field):
                continue
            assert "...NOT_SENT_AWAY" in field, f"{path}: {field}"
            fields += 1
        assert "contenteditable" not in text, path
        if "NOT_SENT_AWAY =" in text:
            assert private in text, path
    assert fields > 2


def test_the_page_links_the_licences() -> None:
    assert f'href: "static/{NOTICES.as_posix()}"' in (static_folder() / "app/footer.js").read_text(encoding="utf-8")


def test_everything_works_below_a_path_that_a_proxy_takes_away(app: Flask) -> None:
    """The server never hears of the path: page, styles, scripts, list and models are found from the page's own address."""

    def proxy(environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if not path.startswith("/deep/page/"):
            return NotFound()(environ, start_response)
        return app(environ | {"PATH_INFO": path.removeprefix("/deep/page")}, start_response)

    client = Client(proxy)

    def found(page: str, link: str, **headers: str) -> str:
        with client.get(urljoin(page, link), headers=headers) as response:
            assert response.status_code == (206 if headers else 200), link
            return "" if headers or response.mimetype == "image/png" else response.text

    for page in ("/deep/page/", "/deep/page/bench"):
        for link in re.findall(r'(?:href|src)="([^"]*)"', found(page, "")):
            found(page, link)
    for model in json.loads(found("/deep/page/", "api/models")):
        for each in (model, *model["files"], *model["adapters"]):
            found("/deep/page/", each["url"], Range="bytes=0-9")


def test_models_are_listed_relative_to_the_page(client: FlaskClient) -> None:
    for model in client.get("/api/models").json or []:
        for url in [model["url"], *(file["url"] for file in model["files"])]:
            assert url.startswith("models/")


def test_modules_import_only_what_is_there(client: FlaskClient) -> None:
    """Relative imports with their suffix: the page has no import map and no bundler."""
    static = static_folder()
    for module in (static / path for path in own_files(static) if path.suffix == ".js"):
        text = module.read_text(encoding="utf-8")
        assert text.startswith("// @ts-check"), module
        for target in re.findall(r'^(?:import|export|}) [^"]*? ?from "([^"]+)"', text, re.MULTILINE):
            assert target.startswith("."), f"{module}: {target}"
            resolved = (module.parent / target).resolve().relative_to(static.resolve())
            with client.get(f"/static/{resolved.as_posix()}") as response:
                assert response.status_code == 200, f"{module}: {target}"


def test_own_files_are_revalidated(client: FlaskClient) -> None:
    with client.get("/static/app/main.js") as response:
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["Content-Type"].startswith("text/javascript")
        etag = response.headers["ETag"]
    with client.get("/static/app/main.js", headers={"If-None-Match": etag}) as response:
        assert response.status_code == 304
        assert response.data == b""


def test_etag_is_of_the_content(client: FlaskClient, model_path: Path, tmp_path: Path) -> None:
    """Two versions of a file can have the same size and, from a wheel, the same time."""
    static = static_folder()
    copy = tmp_path / "static"
    copy.mkdir()
    (copy / "vendor").symlink_to(static / "vendor")
    content = (static / "app" / "main.js").read_bytes()
    (copy / "app").mkdir()
    (copy / "app" / "main.js").write_bytes(content[:-2] + b"; ")
    with client.get("/static/app/main.js") as response:
        before = response.headers["ETag"]
    with create_app(Config(models=[model_path], static=copy)).test_client().get("/static/app/main.js") as response:
        assert response.headers["ETag"] != before


def test_own_file_changes_under_a_running_server(model_path: Path, tmp_path: Path) -> None:
    """A checkout is updated while it serves: whole new files, never the old length of a new one."""
    (tmp_path / "vendor").symlink_to(static_folder() / "vendor")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.js").write_text("first();")
    client = create_app(Config(models=[model_path], static=tmp_path)).test_client()
    assert client.get("/static/app/main.js").text == "first();"
    (tmp_path / "app" / "main.js").write_text("something.much.longer();")
    assert client.get("/static/app/main.js").text == "something.much.longer();"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("app/main.js", "text/javascript"),
        ("app/base.css", "text/css"),
        ("tasks/post/examples.json", "application/json"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_types(client: FlaskClient, name: str, content_type: str) -> None:
    with client.get(f"/static/{name}") as response:
        assert response.headers["Content-Type"] == f"{content_type}; charset=utf-8"


def test_vendored_files_are_immutable(client: FlaskClient) -> None:
    for package in PACKAGES:
        assert package.version in package.url
        for target in package.targets():
            with client.head(f"/static/{target.as_posix()}") as response:
                assert response.status_code == 200
                assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br", "br"),
        ("gzip, deflate", "gzip"),
        ("identity", None),
        ("", None),
        (None, None),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0, br;q=0", None),
        ("gzip;q=0,br", "br"),
        ("br;q=0, *", "gzip"),
        ("*;q=0", None),
        ("gzip;q=1, br;q=0.1", "gzip"),
        ("identity, br;q=0.5", None),
        ("zebra, bread", None),
        ("BR", "br"),
    ],
)
def test_wasm_is_compressed(client: FlaskClient, accepted: str | None, encoding: str | None) -> None:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    with client.get(WASM, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers.get("Content-Encoding") == encoding
        assert response.headers["Content-Type"] == "application/wasm"
        assert response.headers["Vary"] == "Accept-Encoding"
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
        content = unpack(response.data)
        assert content.startswith(b"\0asm")
        assert len(content) == (static_folder() / MEDIAPIPE.folder / Path(WASM).name).stat().st_size
        if encoding == "br":
            assert len(response.data) < 7_000_000


FORMS = {"br": ".br", "gzip": ".gz", None: ""}


@pytest.mark.parametrize("encoding", FORMS)
def test_a_range_and_a_validator_belong_to_one_form(client: FlaskClient, encoding: str | None) -> None:
    """A range of the compressed file under the plain one's validator would be put together to nonsense."""
    path = static_folder() / MEDIAPIPE.folder / Path(WASM).name
    whole = path.with_name(path.name + FORMS[encoding]).read_bytes()
    accepted = {"Accept-Encoding": encoding or "identity"}
    with client.head(WASM, headers=accepted) as response:
        etag = response.headers["ETag"]
        assert response.content_length == len(whole)
    for value, expected in (("bytes=0-0", whole[:1]), ("bytes=-5", whole[-5:]), ("bytes=7-8", whole[7:9])):
        with client.get(WASM, headers=accepted | {"Range": value, "If-Range": etag}) as response:
            assert (response.status_code, response.data) == (206, expected)
            assert response.headers.get("Content-Encoding") == encoding
    for other in FORMS:
        with client.get(WASM, headers={"Accept-Encoding": other or "identity", "If-None-Match": etag}) as response:
            assert response.status_code == (304 if other == encoding else 200)
            assert response.headers["Vary"] == "Accept-Encoding"
    with client.get(WASM, headers=accepted | {"If-Match": '"other"'}) as response:
        assert (response.status_code, response.data) == (412, b"")


def test_a_precondition_that_fails_carries_no_file(client: FlaskClient) -> None:
    with client.get("/static/icon.svg", headers={"If-Match": '"other"'}) as response:
        assert (response.status_code, response.data) == (412, b"")


def test_the_licences_of_what_is_vendored_are_served(client: FlaskClient) -> None:
    with client.get(f"/static/{NOTICES.as_posix()}") as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        text = response.text
    for package in PACKAGES:
        assert f"{package.name} {package.version}\n" in text
    assert "Copyright (c) 2020 Dani Bir" in text, "the notice that the MIT License asks for"
    assert "Copyright (c) Jeremy Danyow" in text, "whose package says MIT and has no text of it"
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text


def test_a_licence_whose_text_is_nowhere_is_noticed(package: Package, tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (tmp_path / "node_modules").rename(static / "node_modules")
    (tmp_path / "LICENSE").write_text("Apache")
    about = static / "node_modules/@scope/engine/package.json"
    about.write_text('{"version": "1.2.3", "license": "BSD-3-Clause"}')
    with pytest.raises(ValueError, match="has no text of its licence, BSD-3-Clause"):
        write_notices(static, [package])
    about.with_name("LICENSE.md").write_text("Redistribution and use")
    assert "Redistribution and use" in write_notices(static, [package]).read_text()


def test_engine_missing(model_path: Path, tmp_path: Path) -> None:
    with pytest.raises(FrontEndMissingError, match="make serve"):
        create_app(Config(models=[model_path], static=tmp_path))


@pytest.fixture
def package(tmp_path: Path) -> Package:
    source = tmp_path / "node_modules" / "@scope" / "engine"
    (source / "wasm").mkdir(parents=True)
    (source / "package.json").write_text('{"version": "1.2.3"}')
    (source / "wasm" / "engine.wasm").write_bytes(b"\0asm" * 1000)
    return Package("@scope/engine", "1.2.3", ("wasm/engine.wasm",))


def test_build(package: Package, tmp_path: Path) -> None:
    folder = build(tmp_path, package)
    assert folder == tmp_path / "vendor" / "scope-engine-1.2.3"
    assert sorted(path.name for path in folder.iterdir()) == ["engine.wasm", "engine.wasm.br", "engine.wasm.gz"]
    assert brotli.decompress((folder / "engine.wasm.br").read_bytes()) == b"\0asm" * 1000
    assert gzip.decompress((folder / "engine.wasm.gz").read_bytes()) == b"\0asm" * 1000
    assert [path.name for path in folder.parent.iterdir()] == ["scope-engine-1.2.3"]


def test_build_skips_what_is_there(package: Package, tmp_path: Path) -> None:
    folder = build(tmp_path, package)
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    build(tmp_path, package)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_build_completes_what_was_cut_short(package: Package, tmp_path: Path) -> None:
    folder = build(tmp_path, package)
    (folder / "engine.wasm.br").unlink()
    build(tmp_path, package)
    assert package.is_fresh(tmp_path)


def test_build_refuses_another_version(package: Package, tmp_path: Path) -> None:
    other = Package(package.name, "2.0.0", package.files)
    with pytest.raises(ValueError, match=r"version 1\.2\.3, expected 2\.0\.0"):
        build(tmp_path, other)
    assert not (tmp_path / "vendor").exists()


def test_build_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("webapp.vendor.static_folder", lambda: tmp_path)
    assert main() == 1
    assert "webapp.vendor: " in capsys.readouterr().err


def test_versions_agree_with_npm() -> None:
    text = (static_folder() / "package.json").read_text(encoding="utf-8")
    for package in PACKAGES:
        assert f'"{package.name}": "{package.version}"' in text
