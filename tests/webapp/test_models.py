"""The model list, and a model's bytes: by hash only, in ranges, for ever; refused when the file is another one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest
from flask.testing import FlaskClient
from sentencepiece import sentencepiece_model_pb2

from builder.convert.web_file import convert_checkpoint
from builder.errors import ModelFileError
from builder.formats.web_model import PerLayerTables
from builder.model.families import functiongemma
from builder.synth.web_file import synthetic_tokenizer
from tests.checkpoints import gemma3_config, gemma4_config, write_checkpoint
from tests.goldens.cases import EXPERTS
from webapp import served_files
from webapp.app import Config, create_app
from webapp.errors import ModelFileMissingError
from webapp.served_models import ServedModel


def test_list(client: FlaskClient, model_path: Path) -> None:
    response = client.get("/api/models")
    assert response.headers["Cache-Control"] == "no-store"
    (model,) = response.get_json()
    sha256 = hashlib.sha256(model_path.read_bytes()).hexdigest()
    assert model["sha256"] == sha256
    assert model["id"] == sha256[:16]
    assert model["url"] == f"models/{sha256}/tiny-web.task"
    assert model["name"] == "tiny"
    assert model["size"] == model_path.stat().st_size
    assert model["family"] == "gemma3"
    assert model["quantization"] == "int4"
    assert model["context"] == 1024
    assert model["promptTemplate"]["prefix"] == "<start_of_turn>user\n"
    assert model["promptTemplate"]["suffix"] == "<end_of_turn>\n<start_of_turn>model\n"
    assert model["sampling"] == {"temperature": 0.8, "topK": 40, "seed": 1, "maxTokens": 1024}
    assert str(model_path.parent) not in response.text


def test_the_catalog_has_what_the_page_shows(client: FlaskClient) -> None:
    """Also models that this server does not have: each with the id that `onpage fetch` takes."""
    found = {model["id"]: model for model in client.get("/api/catalog").get_json()}
    web, graph = found["gemma3-1b-int4"], found["smollm2-135m"]
    assert (web["size"], web["engine"], web["speed"]["decode"]) == (700383232, "mediapipe", 133)
    assert web["family"]["licence"]["gated"]
    assert web["family"]["modalities"] == ["text"]
    assert web["family"]["template"]["prefix"] == "<start_of_turn>user\n"
    assert (graph["file"], graph["engine"], graph["size_is_approximate"]) == (None, "litert-lm-cpu", True)
    assert graph["family"]["kind"] == "text"
    comparing = found["minilm-l6"]
    assert (comparing["engine"], comparing["size"], comparing["family"]["kind"]) == (None, 24400000, "embedding")
    assert comparing["family"]["licence"]["name"] == "Apache-2.0" and comparing["family"]["template"] is None


def test_a_functiongemma_is_served_with_the_developers_turn(tmp_path: Path) -> None:
    tokenizer = sentencepiece_model_pb2.ModelProto.FromString(synthetic_tokenizer(4096))
    tokenizer.pieces[-1].piece, tokenizer.pieces[-2].piece = "<start_function_call>", "<start_function_response>"
    folder = write_checkpoint(tmp_path / "c", tokenizer=tokenizer.SerializeToString())
    convert_checkpoint(folder, tmp_path / "m.task")
    shown = ServedModel.read(tmp_path / "m.task").to_json()
    assert shown["family"] == functiongemma.NAME
    assert shown["promptTemplate"]["system"] == asdict(functiongemma.SYSTEM)


def test_list_in_the_order_given_without_copies(model_path: Path, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy-web.task", tmp_path / "other-web.task"
    copy.write_bytes(model_path.read_bytes())
    other.write_bytes(model_path.read_bytes() + bytes(256))
    client = create_app(Config(models=[other, model_path, copy])).test_client()
    assert [model["name"] for model in client.get("/api/models").get_json()] == ["other", "tiny"]


def test_whole(client: FlaskClient, url: str, model: ServedModel) -> None:
    with client.get(url) as response:
        assert response.status_code == 200
        assert response.data == model.path.read_bytes()
        assert response.headers["ETag"] == f'"{model.manifest.sha256}"'
        assert response.headers["Accept-Ranges"] == "bytes"
        assert response.content_type == "application/octet-stream"
        caching = response.cache_control
        assert caching.public
        assert caching.immutable
        assert caching.max_age == 31_536_000
        assert not caching.no_cache


def test_head(client: FlaskClient, url: str, model: ServedModel) -> None:
    with client.head(url) as response:
        assert response.status_code == 200
        assert response.data == b""
        assert response.content_length == model.manifest.size


WHOLE = (0, None)
RANGES = [
    ("bytes=0-0", 206, (0, 1)),
    ("bytes=0-99", 206, (0, 100)),
    ("bytes=100-", 206, (100, None)),
    ("bytes=-100", 206, (-100, None)),
    ("bytes=-99999999", 206, WHOLE),
    ("bytes=5-99999999", 206, (5, None)),
    ("bytes=LAST-", 206, (-1, None)),
    ("BYTES=0-99", 206, (0, 100)),
    ("bytes= 0-99 ", 206, (0, 100)),
    ("bytes=SIZE-", 416, None),
    ("bytes=99999999-", 416, None),
    ("bytes=-0", 416, None),
    # what is not understood, or not one range, is answered as if it had not been said
    ("bytes=0-1,5-6", 200, WHOLE),
    ("bytes=9-5", 200, WHOLE),
    ("bytes=-", 200, WHOLE),
    ("bytes=a-b", 200, WHOLE),
    ("bytes", 200, WHOLE),
    ("pages=1-2", 200, WHOLE),
    ("bytes=0x1-0x2", 200, WHOLE),
    ("bytes=--5", 200, WHOLE),
    ("bytes=٠-٩", 200, WHOLE),
    (f"bytes={'9' * 5000}-", 200, WHOLE),
]


@pytest.mark.parametrize(("value", "status", "part"), RANGES)
def test_range(
    client: FlaskClient,
    url: str,
    model: ServedModel,
    value: str,
    status: int,
    part: tuple[int, int | None] | None,
) -> None:
    whole = model.path.read_bytes()
    value = value.replace("SIZE", str(len(whole))).replace("LAST", str(len(whole) - 1))
    with client.get(url, headers={"Range": value}) as response:
        assert response.status_code == status
        if part is None:
            assert response.data == b""
            assert response.headers["Content-Range"] == f"bytes */{len(whole)}"
            return
        start, stop = part
        expected = whole[start:stop]
        assert response.data == expected
        assert response.content_length == len(expected)
        first = start if start >= 0 else len(whole) + start
        said = f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
        assert response.headers.get("Content-Range") == (said if status == 206 else None)
        assert response.headers["ETag"] == f'"{model.manifest.sha256}"'


@pytest.mark.parametrize(
    ("if_range", "status"),
    [('"SHA"', 206), ('"other"', 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200), ("garbage", 200)],
)
def test_if_range(client: FlaskClient, url: str, model: ServedModel, if_range: str, status: int) -> None:
    headers = {"Range": "bytes=10-19", "If-Range": if_range.replace("SHA", model.manifest.sha256)}
    with client.get(url, headers=headers) as response:
        assert response.status_code == status
        assert len(response.data) == (10 if status == 206 else model.manifest.size)


@pytest.mark.parametrize(
    ("if_none_match", "status"),
    [('"SHA"', 304), ('"other", "SHA"', 304), ("*", 304), ('"other"', 200)],
)
def test_if_none_match(client: FlaskClient, url: str, model: ServedModel, if_none_match: str, status: int) -> None:
    with client.get(url, headers={"If-None-Match": if_none_match.replace("SHA", model.manifest.sha256)}) as response:
        assert response.status_code == status
        assert len(response.data) == (0 if status == 304 else model.manifest.size)


@pytest.mark.parametrize(
    ("headers", "status", "length"),
    [
        ({"If-Match": '"SHA"'}, 200, None),
        ({"If-Match": "*"}, 200, None),
        ({"If-Match": '"other", "SHA"', "Range": "bytes=0-9"}, 206, 10),
        ({"If-Match": '"other"'}, 412, 0),
        ({"If-Match": 'W/"SHA"'}, 412, 0),
        ({"If-Match": '"other"', "Range": "bytes=0-9"}, 412, 0),
        ({"If-Match": '"other"', "If-None-Match": '"SHA"'}, 412, 0),
        ({"If-None-Match": '"SHA"', "Range": "bytes=0-9"}, 304, 0),
        ({"If-None-Match": 'W/"SHA"'}, 304, 0),
        ({"If-None-Match": '"other"', "Range": "bytes=0-9"}, 206, 10),
        ({"If-Range": 'W/"SHA"', "Range": "bytes=0-9"}, 200, None),
        ({"If-Range": "SHA", "Range": "bytes=0-9"}, 200, None),
        ({"If-Range": '"SHA"'}, 200, None),
        ({"If-Range": '"other"', "Range": "bytes=99999999-"}, 200, None),
        ({"If-Modified-Since": "Wed, 21 Oct 2035 07:28:00 GMT"}, 200, None),
        ({"If-Unmodified-Since": "Wed, 21 Oct 2015 07:28:00 GMT"}, 200, None),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_preconditions_come_before_the_range(
    client: FlaskClient,
    url: str,
    model: ServedModel,
    method: str,
    headers: dict[str, str],
    status: int,
    length: int | None,
) -> None:
    headers = {name: value.replace("SHA", model.manifest.sha256) for name, value in headers.items()}
    if method == "HEAD" and status == 206:  # a range is for GET only
        status, length = 200, None
    with client.open(url, method=method, headers=headers) as response:
        assert response.status_code == status
        assert len(response.data) == (0 if method == "HEAD" else model.manifest.size if length is None else length)
        if status == 412:
            assert response.cache_control.no_store, "a refusal must not be kept as the file"
        if status == 304:
            assert response.headers["ETag"] == f'"{model.manifest.sha256}"'


ATTACKS = [
    "/models/{sha}/../../../../etc/passwd",
    "/models/{sha}/..%2f..%2f..%2fetc%2fpasswd",
    "/models/{sha}/%2e%2e/%2e%2e/etc/passwd",
    "/models/{sha}/....//....//etc/passwd",
    "/models/{sha}//etc/passwd",
    "/models/{sha}/%2fetc%2fpasswd",
    "/models/{sha}/..\\..\\windows\\win.ini",
    "/models/{sha}/tiny-web.task%00.txt",
    "/models/{sha}/tiny-web.task/",
    "/models/{sha}/tiny-web.task/../other",
    "/models/{sha}/other-web.task",
    "/models/{sha}/",
    "/models/{sha}",
    "/models/",
    "/models/%2e%2e/tiny-web.task",
    "/models/{SHA}/tiny-web.task",
    "/models/{sha} /tiny-web.task",
    "/models/0/tiny-web.task",
    "/static/../pyproject.toml",
    "/static/%2e%2e/pyproject.toml",
    "/static/..%2fpyproject.toml",
    "/static//etc/passwd",
    "/static/package.json",
    "/static/package-lock.json",
    "/static/tsconfig.json",
    "/static/.npmrc",
    "/static/node_modules/axe-core/package.json",
    "/static/vendor/../package.json",
    "/static/app/main.js/",
    "/static/",
    "/static/app/",
]


@pytest.mark.parametrize("path", ATTACKS)
def test_attack(client: FlaskClient, model: ServedModel, path: str) -> None:
    with client.get(path.format(sha=model.manifest.sha256, SHA=model.manifest.sha256.upper())) as response:
        assert response.status_code == 404
        assert len(response.data) < 1000


def test_file_vanishes(client: FlaskClient, url: str, model: ServedModel) -> None:
    model.path.unlink()
    response = client.get(url)
    assert response.status_code == 404
    assert response.get_json()["error"] == "model_missing"
    assert str(model.path.parent) not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get("/api/models").status_code == 200


def test_file_changes(client: FlaskClient, url: str, model: ServedModel) -> None:
    """Same size, other bytes, other time: its address would be a lie."""
    content = bytearray(model.path.read_bytes())
    content[-1] ^= 1
    model.path.write_bytes(content)
    os.utime(model.path, ns=(0, 0))
    response = client.get(url)
    assert response.status_code == 409
    assert response.get_json()["error"] == "model_changed"


def test_the_same_content_is_sent_whatever_happened_to_its_file(
    client: FlaskClient, url: str, model: ServedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Touched, copied over itself, removed and made again: the address is that of the content."""
    whole, hashed = model.path.read_bytes(), []
    real = served_files.sha256_of
    monkeypatch.setattr(served_files, "sha256_of", lambda path: hashed.append(path) or real(path))

    def served(*statuses: int) -> list[Path]:
        hashed.clear()
        for status in statuses:
            with client.get(url) as response:
                assert response.status_code == status
                assert status != 200 or response.data == whole
        return hashed

    assert served(200, 200) == []
    os.utime(model.path, ns=(0, 0))
    assert served(200, 200) == [model.path], "hashed once, not for every request"
    model.path.unlink()
    assert served(404) == []
    model.path.write_bytes(whole)
    assert served(200, 200) == [model.path]
    model.path.write_bytes(whole[:-1] + b"?")
    assert served(409, 409) == [model.path]
    model.path.write_bytes(whole[:-1])
    assert served(409, 409) == [], "another size needs no hash"
    other = tmp_path / "other"
    other.write_bytes(whole)
    other.rename(model.path)
    assert served(200, 200) == [model.path]


def test_relative_path(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model_path.parent)
    client = create_app(Config(models=[Path(model_path.name)])).test_client()
    (model,) = client.get("/api/models").get_json()
    with client.get(model["url"]) as response:
        assert response.status_code == 200


def test_any_file_name_makes_an_address(model_path: Path) -> None:
    path = model_path.rename(model_path.with_name("my model #1? 100%25 ü.task"))
    client = create_app(Config(models=[path])).test_client()
    (model,) = client.get("/api/models").get_json()
    assert model["file"] == path.name
    assert not set(model["url"]) & set(" #?ü")
    with client.get(model["url"]) as response:
        assert response.status_code == 200


def test_missing_at_start(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissingError, match=r"nothing-web\.task is missing"):
        create_app(Config(models=[tmp_path / "nothing-web.task"]))


@pytest.mark.parametrize("adapter", [False, True])
def test_what_is_no_file_is_not_waited_for(model_path: Path, tmp_path: Path, adapter: bool) -> None:
    pipe = tmp_path / "pipe.task"
    os.mkfifo(pipe)
    for path, reason in (
        (tmp_path, "a folder"),
        (pipe, "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
    ):
        config = Config(models=[model_path], loras=[path]) if adapter else Config(models=[path])
        with pytest.raises(ModelFileMissingError, match=f"{path} cannot be read: it is {reason}"):
            create_app(config)


def test_not_a_model_at_start(tmp_path: Path) -> None:
    path = tmp_path / "text.task"
    path.write_text("not a model")
    with pytest.raises(ModelFileError):
        create_app(Config(models=[path]))


def test_a_model_says_how_much_of_it_stays_out_of_the_gpu(tmp_path: Path) -> None:
    config = gemma4_config(vocab_size=512, hidden_size_per_layer_input=32, vocab_size_per_layer_input=512)
    folder, said = write_checkpoint(tmp_path / "c", config), {}
    for tables in get_args(PerLayerTables):
        written = convert_checkpoint(folder, tmp_path / f"{tables}.task", tables=tables)
        client = create_app(Config(models=[written.path])).test_client()
        ((file,),) = [model["files"] for model in client.get("/api/models").get_json()]
        said[tables] = file["onDemand"]
    values, sums_and_scales = 512 * 32, 2 * 4 * 512
    assert said == {"static": 0, "on-demand": 6 * (values + sums_and_scales)}


def test_a_model_says_what_precision_its_numbers_need(tmp_path: Path) -> None:
    """float16 only where the file says that it was measured to be enough."""
    plain = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512))
    large = write_checkpoint(tmp_path / "large", gemma3_config(vocab_size=512), residual=2.0**14)
    convert_checkpoint(plain, tmp_path / "plain.task")
    convert_checkpoint(large, tmp_path / "scaled.task")
    convert_checkpoint(large, tmp_path / "clipped.task", residual_scale=1.0)
    routed = write_checkpoint(tmp_path / "routed", gemma4_config(vocab_size=512, **EXPERTS))
    convert_checkpoint(routed, tmp_path / "routed.task")
    needed = {}
    for name in ("plain", "scaled", "clipped", "routed"):
        client = create_app(Config(models=[tmp_path / f"{name}.task"])).test_client()
        ((file,),) = [model["files"] for model in client.get("/api/models").get_json()]
        needed[name] = file["precision"]
    assert needed == {"plain": "float16", "scaled": "float16", "clipped": "float32", "routed": "float32"}
