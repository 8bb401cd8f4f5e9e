"""A site of files: the same bytes and headers that the server sends, models in parts, and a folder that is whole or untouched."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from builder.errors import ModelFileError, OutputError
from onpage.command import cli
from webapp.app import Config, create_app
from webapp.errors import ModelFileMissingError, OriginError
from webapp.export import write
from webapp.export.crawl import crawl, parts_of
from webapp.export.headers import content_types, headers_of
from webapp.export.write import KEPT, MANIFEST, export
from webapp.served_files import ServedFile

PART = 1_000_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of several parts, the last one smaller, whose name needs quoting in an address."""
    from builder.synth.web_file import synthesize

    path = tmp_path_factory.mktemp("models") / "large é-web.task"
    synthesize("layers=2,vocab=16384", path)
    assert path.stat().st_size > 2 * PART and path.stat().st_size % PART
    return path


@pytest.fixture(scope="module")
def site(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "site"
    export(folder, [large], part_size=PART)
    return folder


@pytest.fixture(scope="module")
def served(large: Path) -> FlaskClient:
    return create_app(Config([large], pages_suffix=".html")).test_client()


def paths_of(site: Path) -> set[str]:
    return {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}


def test_the_manifest_has_every_file_with_its_hash(site: Path) -> None:
    manifest = json.loads((site / MANIFEST).read_text(encoding="utf-8"))
    assert set(manifest["files"]) == paths_of(site) - {MANIFEST}
    for path, said in manifest["files"].items():
        content = (site / path).read_bytes()
        assert said == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}, path


def test_each_file_is_what_the_server_sends(site: Path, served: FlaskClient) -> None:
    same = [path for path in paths_of(site) if path.startswith("static/") and not path.endswith((".br", ".gz"))]
    assert len(same) > 200
    for path, address in [*((path, path) for path in same), ("index.html", ""), ("bench.html", "bench")]:
        with served.get(f"/{address}") as response:
            assert (site / path).read_bytes() == response.data, path
    assert 'data-pages-suffix=".html"' in (site / "index.html").read_text(encoding="utf-8")
    for address in ("api/published", "api/vendor"):
        assert json.loads((site / address).read_bytes()) == served.get(f"/{address}").json


def test_every_page_has_its_policy_in_itself(site: Path) -> None:
    """For hosts that send no headers."""
    pages = sorted(site.glob("*.html"))
    assert {page.name for page in pages} >= {"index.html", "bench.html"}
    for page in pages:
        (policy,) = re.findall(
            r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page.read_text(encoding="utf-8")
        )
        assert "connect-src &#39;self&#39;" in policy, page.name


def test_the_compressed_forms_are_the_servers(site: Path, served: FlaskClient) -> None:
    forms = sorted(path for path in paths_of(site) if path.endswith((".br", ".gz")))
    assert any(path.endswith(".wasm.br") for path in forms) and any(path.endswith(".wasm.gz") for path in forms)
    for path in forms[:4]:
        coding = {".br": "br", ".gz": "gzip"}[path[-3:]]
        with served.get(f"/{path[:-3]}", headers={"Accept-Encoding": coding}) as response:
            assert response.headers["Content-Encoding"] == coding
            assert (site / path).read_bytes() == response.data


def test_the_service_worker_has_the_hashes_of_these_files(site: Path) -> None:
    line = (site / "service_worker.js").read_text(encoding="utf-8").partition("\n")[0]
    pinned = json.loads(line.removeprefix("globalThis.SITE = ").removesuffix(";"))
    assert "connect-src 'self'" in pinned["headers"]["Content-Security-Policy"]
    assert "frame-ancestors" not in pinned["headers"]["Content-Security-Policy"], "a Space shows the page in a frame"
    for path, integrity in (pinned["files"] | pinned["later"]).items():
        digest = hashlib.sha256((site / ("index.html" if path == "./" else path)).read_bytes()).digest()
        assert integrity == f"sha256-{b64encode(digest).decode()}", path


def test_a_model_lies_in_parts_which_the_list_names(site: Path, large: Path) -> None:
    (model,) = json.loads((site / "api/models").read_bytes())
    (file,) = model["files"]
    assert len(file["parts"]) == -(-large.stat().st_size // PART)
    assert all(part["size"] == (site / unquote(part["url"])).stat().st_size <= PART for part in file["parts"])
    content = b"".join((site / unquote(part["url"])).read_bytes() for part in file["parts"])
    assert content == large.read_bytes()
    assert all(file["sha256"] in part["url"] for part in file["parts"]), "which is why they may be kept for ever"
    assert not (site / unquote(file["url"])).exists()


@pytest.mark.usefixtures("light")
def test_a_model_no_larger_than_a_part_is_one_file(model_path: Path, tmp_path: Path) -> None:
    written = export(tmp_path / "site", [model_path])
    (model,) = json.loads((tmp_path / "site/api/models").read_bytes())
    assert "parts" not in model["files"][0]
    assert (tmp_path / "site" / model["files"][0]["url"]).read_bytes() == model_path.read_bytes()
    assert written.to_json()["files"] == len(paths_of(tmp_path / "site"))


@pytest.mark.parametrize(("size", "sizes"), [(9, [9]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])])
def test_parts(size: int, sizes: list[int]) -> None:
    parts = parts_of("m/f", size, 10)
    assert [part["size"] for part in parts] == sizes
    assert [part["url"] for part in parts] == (
        ["m/f"] if len(sizes) == 1 else [f"m/f.{n + 1:03}" for n in range(len(sizes))]
    )


def test_the_names_of_many_parts_stay_in_order() -> None:
    names = [part["url"] for part in parts_of("f", 12_000, 1)]
    assert names == sorted(names) and names[-1] == "f.12000"


def rules_of(headers_file: str) -> list[tuple[str, dict[str, str]]]:
    """As Netlify and Cloudflare Pages read it."""
    rules: list[tuple[str, dict[str, str]]] = []
    for line in headers_file.splitlines():
        if line.startswith("  "):
            name, _, value = line.strip().partition(": ")
            rules[-1][1][name] = value
        else:
            rules.append((line, {}))
    return rules


def test_the_headers_file_says_what_the_server_sends(site: Path, served: FlaskClient) -> None:
    rules = rules_of((site / "_headers").read_text(encoding="utf-8"))
    pinned = re.compile("immutable|no-store")
    for path in ("index.html", "static/app/main.js", "service_worker.js", "api/models", "static/vendor/NOTICES.txt", *(
        path for path in paths_of(site) if path.endswith(".wasm"))):  # fmt: skip
        said: dict[str, list[str]] = {}
        for pattern, headers in rules:
            if fnmatchcase(f"/{path}", pattern):
                for name, value in headers.items():
                    said.setdefault(name, []).append(value)
        assert all(len(values) == 1 for values in said.values()), f"{path}: a host would join {said}"
        with served.get("/" if path == "index.html" else f"/{path}") as response:
            for name in (
                "Content-Security-Policy",
                "Cross-Origin-Opener-Policy",
                "Cross-Origin-Embedder-Policy",
                "Referrer-Policy",
                "Permissions-Policy",
            ):
                assert said[name] == [response.headers[name]], path
            sent = response.headers["Cache-Control"]
            assert said.get("Cache-Control", [""]) == [sent if pinned.search(sent) else ""], path
    assert dict(rules)["/models/*"]["Cache-Control"].endswith("immutable")
    assert dict(rules)["/api/models"]["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", ["_headers", "hosting/nginx.conf", "hosting/Caddyfile"])
def test_an_exported_page_may_use_camera_and_microphone_and_play_what_it_heard(site: Path, name: str) -> None:
    said = (site / name).read_text(encoding="utf-8")
    assert "camera=(self)" in said and "microphone=(self)" in said and "media-src blob:" in said
    page = (site / "index.html").read_text(encoding="utf-8")
    assert re.search(r'http-equiv="Content-Security-Policy" content="[^"]*media-src blob:', page), (
        "for hosts without headers"
    )


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize("origin", ["https://Your.example/", "*"])
def test_pages_of_another_origin_may_load_from_the_site(model_path: Path, tmp_path: Path, origin: str) -> None:
    export(tmp_path / "site", [model_path], allowed_origin=origin)
    allowed = origin.lower().removesuffix("/")
    said = (tmp_path / "site/_headers").read_text()
    nginx = (tmp_path / "site/hosting/nginx.conf").read_text()
    caddy = (tmp_path / "site/hosting/Caddyfile").read_text()
    assert f"Access-Control-Allow-Origin: {allowed}\n" in said
    assert (
        "Cross-Origin-Resource-Policy: cross-origin\n" in said and "same-origin\n" not in said.partition("Resource")[2]
    )
    assert f'add_header Access-Control-Allow-Origin "{allowed}" always;' in nginx
    assert "if ($request_method = OPTIONS) { return 204; }" in nginx
    assert f'header Access-Control-Allow-Origin "{allowed}"' in caddy
    assert "respond @preflight 204" in caddy
    for text in (said, nginx, caddy):
        assert "If-Range, Range" in text and "Content-Range" in text


@pytest.mark.usefixtures("light")
def test_only_an_origin_is_allowed_and_none_unasked(model_path: Path, tmp_path: Path) -> None:
    with pytest.raises(OriginError):
        export(tmp_path / "site", [model_path], allowed_origin="your.example")
    assert not (tmp_path / "site").exists()
    export(tmp_path / "site", [model_path])
    for name in ("_headers", "hosting/nginx.conf", "hosting/Caddyfile"):
        text = (tmp_path / "site" / name).read_text()
        assert "Access-Control" not in text and "OPTIONS" not in text


def test_rules_are_for_whole_folders_only() -> None:
    sent = {
        path: {"Cache-Control": value}
        for path, value in {"index.html": "no", "a/b/c": "yes", "a/b/d": "yes", "a/e": "no", "f/g/h": "yes"}.items()
    }
    (header,) = headers_of(sent)
    assert header.usual == "no" and dict(header.rules) == {"a/b/": "yes", "f/": "yes"}


def test_a_route_whose_addresses_are_not_known_is_noticed(app: Flask) -> None:
    app.add_url_rule("/new/<name>", view_func=lambda name: name)
    with pytest.raises(AssertionError, match=r"/new/<name>"):
        list(crawl(app))


@pytest.mark.usefixtures("light")
def test_an_export_replaces_an_export_and_leaves_version_control(model_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    assert not export(folder, [model_path]).replaced
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    (folder / "CNAME").write_text("example.org")
    (folder / "static" / "old.js").write_text("gone")
    first = paths_of(folder)
    assert export(folder, [model_path]).replaced
    assert paths_of(folder) == first - {"static/old.js"}
    assert (folder / ".git" / "HEAD").read_text() == "ref"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".onpage")] == []


@pytest.mark.usefixtures("light")
def test_a_folder_with_other_content_is_refused(model_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(
        OutputError, match=r"has other content \(thesis\.txt\).* choose another folder, or say --replace"
    ):
        export(folder, [model_path])
    assert (folder / "thesis.txt").read_text() == "years of work"
    (folder / MANIFEST).write_text('{"format": "another"}')
    with pytest.raises(OutputError, match="other content"):
        export(folder, [model_path])
    export(folder, [model_path], replace=True)
    assert not (folder / "thesis.txt").exists() and (folder / "index.html").exists()


@pytest.mark.parametrize("name", ["", *KEPT[:1]])
@pytest.mark.usefixtures("light")
def test_an_empty_folder_or_a_fresh_clone_is_taken(model_path: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "site"
    (folder / name).mkdir(parents=True)
    assert not export(folder, [model_path]).replaced
    assert (folder / "index.html").exists() and (folder / name).exists()


def test_a_file_in_its_place_and_a_missing_parent(model_path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file: expected a folder"):
        export(tmp_path / "file", [model_path])
    with pytest.raises(OutputError, match="does not exist: create the folder first"):
        export(tmp_path / "no" / "site", [model_path])
    with pytest.raises(OutputError, match="too small"):
        export(tmp_path / "site", [model_path], part_size=1000)


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("when", ["before", "while", "after", "placing"])
@pytest.mark.usefixtures("light")
def test_what_fails_leaves_the_folder_as_it_was(
    model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    folder = tmp_path / "site"
    export(folder, [model_path])
    (folder / ".git").mkdir()
    before = {path: (folder / path).read_bytes() for path in paths_of(folder)}

    def fail(*_: Any) -> Any:
        raise BrokenError

    if when == "before":
        monkeypatch.setattr(write, "crawl", fail)
    elif when == "while":
        monkeypatch.setattr(ServedFile, "open", lambda self: (_ for _ in ()).throw(ModelFileMissingError(self.path)))
    elif when == "after":
        monkeypatch.setattr(write.hosts, "readme", fail)
    else:
        rename = Path.rename
        monkeypatch.setattr(
            Path,
            "rename",
            lambda self, to: (
                fail()
                if self.name == "site" and to == folder and ".onpage" in str(self) and self.parent.name != "before"
                else rename(self, to)
            ),
        )
    with pytest.raises((BrokenError, OutputError)):
        export(folder, [model_path])
    monkeypatch.undo()
    assert {path: (folder / path).read_bytes() for path in paths_of(folder)} == before
    assert (folder / ".git").is_dir()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".onpage")] == []


def test_a_model_that_changes_meanwhile(model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(self: ServedFile) -> Any:
        changed = bytearray(model_path.read_bytes())
        changed[-1] ^= 1
        model_path.write_bytes(changed)
        return self.path.open("rb", buffering=0)

    monkeypatch.setattr(ServedFile, "open", touched)
    with pytest.raises(OutputError.__mro__[1], match="has changed since it was hashed: export it again"):
        export(tmp_path / "site", [model_path])
    assert not (tmp_path / "site").exists()


def test_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "text.task").write_text("not a model")
    with pytest.raises(ModelFileError):
        export(tmp_path / "site", [tmp_path / "text.task"])
    assert not (tmp_path / "site").exists()


@pytest.mark.usefixtures("light")
def test_the_command(model_path: Path, tmp_path: Path) -> None:
    command = ["export", str(tmp_path / "site"), "--model", str(model_path)]
    said = json.loads(CliRunner().invoke(cli, [*command, "--json"], catch_exceptions=False).stdout)
    assert said["files"] == len(paths_of(tmp_path / "site")) and said["replaced"] is False
    assert said["models"][0]["name"] == "tiny"
    printed = CliRunner().invoke(cli, command, catch_exceptions=False).stdout
    assert "tiny\t" in printed and "licence not known" in printed


def test_the_name_of_a_model_never_stands_in_a_servers_settings() -> None:
    page, model = {"Content-Type": "application/json; charset=utf-8"}, {"Content-Type": "application/octet-stream"}
    sent = {"api/models": page, 'models/00/a"; } include /etc/passwd; # {': model, "models/00/b\nX-Header: y": model}
    assert content_types(sent) == ({}, {"api/models": "application/json"})
