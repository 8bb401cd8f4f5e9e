"""What pages of other origins may read, and what isolated ones may load."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from webapp.app import Config, create_app
from webapp.errors import OriginError

MINE = "https://mine.example"


def client_of(model: Path, *origins: str) -> FlaskClient:
    return create_app(Config(models=[model], allowed_origins=origins)).test_client()


def test_without_an_origin_nothing_is_given_to_others(model_path: Path) -> None:
    headers = client_of(model_path).get("/api/models", headers={"Origin": MINE}).headers
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("allowed", [MINE, f"{MINE.upper()}/", "*"])
def test_an_allowed_page_may_read_and_load(model_path: Path, allowed: str) -> None:
    client = client_of(model_path, allowed)
    for path, status in (("/api/models", 200), ("/static/engine/index.js", 200), ("/nowhere", 404)):
        answer = client.get(path, headers={"Origin": MINE})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == ("*" if allowed == "*" else MINE)
        assert answer.headers.getlist("Cross-Origin-Resource-Policy") == ["cross-origin"]
        assert "Origin" in answer.headers["Vary"]
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


def test_a_part_of_a_model_can_be_asked_for(model_path: Path) -> None:
    client = client_of(model_path, MINE)
    (model,) = client.get("/api/models").json or []
    asked = client.options(
        f"/{model['url']}",
        headers={
            "Origin": MINE,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-range,range",
        },
    )
    assert asked.status_code == 200
    assert {"If-Range", "Range"} <= set(asked.headers["Access-Control-Allow-Headers"].split(", "))
    part = client.get(f"/{model['url']}", headers={"Origin": MINE, "Range": "bytes=0-9"}, buffered=True)
    assert (part.status_code, part.headers["Access-Control-Allow-Origin"]) == (206, MINE)


@pytest.mark.parametrize(
    "other", ["https://mine.example.evil", "http://mine.example", "https://mine.example:8443", "null"]
)
def test_another_origin_reads_nothing(model_path: Path, other: str) -> None:
    headers = client_of(model_path, MINE).get("/api/models", headers={"Origin": other}).headers
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "wrong", ["", "mine.example", "https://mine.example/page", "https://*.example", "ftp://mine.example", "null"]
)
def test_what_is_no_origin_is_refused(model_path: Path, wrong: str) -> None:
    with pytest.raises(OriginError, match="is not an origin: expected one such as"):
        client_of(model_path, wrong)
