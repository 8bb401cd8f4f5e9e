"""The wheel holds all that serving the page needs. It is built here and run away from the checkout."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from webapp.paths import DEMO_GRAPH, DEMO_MODEL

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, where neither the checkout nor its static folder is near."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def address(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", "from onpage.command import main; main()", "serve", "--port", "0"],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env=os.environ | {"PYTHONPATH": str(unpacked)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        line = server.stdout.readline()
        assert "http://127.0.0.1:" in line
        yield line.split("http://")[1].split("/")[0]
        server.terminate()
        assert server.wait(60) == 0


def get(url: str, **headers: str) -> tuple[bytes, Message]:
    with urlopen(Request(url, headers=headers), timeout=120) as response:
        return response.read(), response.headers  # in which case does not matter: waitress writes Etag


def test_the_page_the_engine_and_the_demo_model_are_inside(address: str, unpacked: Path) -> None:
    page, _ = get(f"http://{address}/")
    assert b"<title>" in page
    [model] = json.loads(get(f"http://{address}/api/models")[0])
    assert [file["engines"] for file in model["files"]] == [["mediapipe"], ["litert-lm"], ["litert-lm-cpu"]]
    for file in model["files"]:
        data, headers = get(f"http://{address}/{file['url']}")
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert headers["ETag"] == f'"{file["sha256"]}"'
    kernel, _ = get(f"http://{address}/static/convert/kernel.wasm")
    assert kernel == (unpacked / "webapp/static/convert/kernel.wasm").read_bytes()
    builds = list((unpacked / "webapp/static/vendor").rglob("*.wasm"))
    assert len(builds) == 3, "MediaPipe's, and LiteRT-LM's for newer browsers and for all"
    for wasm in builds:
        path = wasm.relative_to(unpacked / "webapp").as_posix()
        compressed, headers = get(f"http://{address}/{path}", **{"Accept-Encoding": "br"})
        assert headers["Content-Encoding"] == "br"
        assert len(compressed) < wasm.stat().st_size / 3


def test_the_licences_of_others_are_inside(address: str, unpacked: Path) -> None:
    notices, _ = get(f"http://{address}/static/vendor/NOTICES.txt")
    assert notices == (unpacked / "webapp/static/vendor/NOTICES.txt").read_bytes()
    assert b"hash-wasm" in notices and b"Permission is hereby granted" in notices


def test_the_wheel_runs_from_itself(unpacked: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import builder, webapp; print(builder.__file__, webapp.__file__)"],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count(str(unpacked)) == 2


def test_nothing_that_is_not_served_is_inside(unpacked: Path) -> None:
    names = {path.name for path in unpacked.rglob("*")}
    assert not names & {"node_modules", "package.json", "package-lock.json", "tsconfig.json", "tests"}
    folders = {path.name for path in unpacked.iterdir() if path.is_dir() and not path.name.endswith(".dist-info")}
    assert folders == {"builder", "webapp", "onpage"}
    assert not [name for name in names if name.startswith("test_")]


def test_the_bench_is_inside(unpacked: Path) -> None:
    program = "from onpage.bench import record; print(record.SCHEMA, record.problem_of({}))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"{unpacked}/onpage/bench/results.schema.json it: 'schema' is a required property")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["models", "gemma3-1b"], "gemma3-1b-int4\t"),
        (["estimate", "gemma3-1b"], "model\tgemma3-1b, 999.9 M parameters"),
    ],
)
def test_the_data_is_inside(arguments: list[str], answer: str, unpacked: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "from onpage.command import main; main()", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(unpacked), "ONPAGE_HOME": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(answer)


def test_both_forms_of_the_demo_model_are_inside(unpacked: Path) -> None:
    for path in (DEMO_MODEL, DEMO_GRAPH):
        assert (unpacked / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
