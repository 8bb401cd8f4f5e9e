"""What peers load is sent as our own models are: by sha256, in ranges as fast as whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from onpage.bench.peers.peer_models import PeerModel
from onpage.bench.peers.serving import with_peers
from webapp.app import Config, create_app
from webapp.paths import DEMO_GRAPH
from webapp.sending import FilePart


@pytest.fixture
def model(tmp_path: Path) -> PeerModel:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(range(250)) * 40)
    return PeerModel.read(path)


@pytest.fixture
def client(model: PeerModel) -> FlaskClient:
    return with_peers(create_app(Config(models=[DEMO_GRAPH])), [model]).test_client()


@pytest.mark.parametrize(
    ("field", "status", "start", "stop"),
    [
        ("", 200, 0, None),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=-4", 206, -4, None),
        ("bytes=1-2,3-4", 200, 0, None),
    ],
)
def test_a_peers_model(
    client: FlaskClient, model: PeerModel, field: str, status: int, start: int, stop: int | None
) -> None:
    url = model.to_json()["url"]
    with client.get(url, headers={"Range": field} if field else {}) as response:
        assert (response.status_code, response.data) == (status, model.path.read_bytes()[start:stop])
        assert response.headers["ETag"] == f'"{model.sha256}"'
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    environ = EnvironBuilder(url, headers={"Host": "localhost"} | ({"Range": field} if field else {})).get_environ()
    body = client.application(environ, lambda *_: lambda _: None)
    assert isinstance(body, FilePart), "so that the server's main loop sends it"
    body.close()


def test_a_peers_script_is_asked_for_again(client: FlaskClient) -> None:
    with client.get("/peers/register.js") as response:
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["Content-Type"] == "text/javascript"
        etag = response.headers["ETag"]
    with client.get("/peers/register.js", headers={"If-None-Match": etag}) as response:
        assert response.status_code == 304
