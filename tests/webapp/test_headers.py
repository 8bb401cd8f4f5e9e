"""Every response has the headers, whatever its status and whoever made it; foreign hosts get nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from webapp.app import Config, create_app
from webapp.errors import HostNameError
from webapp.headers import SECURITY_HEADERS, SecureResponses
from webapp.vendor import MEDIAPIPE

WASM = f"/{MEDIAPIPE.url}genai_wasm_module_internal.wasm"

REQUESTS = [
    ("GET", "/", {}, 200),
    ("HEAD", "/", {}, 200),
    ("POST", "/", {}, 405),
    ("OPTIONS", "/", {}, 200),
    ("GET", "/favicon.ico", {}, 204),
    ("GET", "/api/models", {}, 200),
    ("GET", "/nowhere", {}, 404),
    ("GET", "/static/nowhere.js", {}, 404),
    ("GET", "/static/app/main.js", {}, 200),
    ("HEAD", "/static/app/main.js", {}, 200),
    ("DELETE", "/static/app/main.js", {}, 405),
    ("GET", "/static/app/base.css", {}, 200),
    ("GET", WASM, {"Accept-Encoding": "br"}, 200),
    ("GET", WASM, {"Range": "bytes=0-99"}, 206),
    ("GET", WASM, {"Range": "bytes=99999999-"}, 416),
    ("GET", "/models/0/tiny-web.task", {}, 404),
    ("GET", "MODEL", {}, 200),
    ("GET", "MODEL", {"Range": "bytes=0-99"}, 206),
    ("GET", "MODEL", {"Range": "bytes=99999999-"}, 416),
    ("GET", "MODEL", {"If-None-Match": "SHA"}, 304),
    ("GET", "/", {"Host": "evil.example"}, 400),
    ("GET", "/static/app/main.js", {"Host": "evil.example"}, 400),
]


@pytest.mark.parametrize(("method", "path", "headers", "status"), REQUESTS)
def test_every_response(
    client: FlaskClient, url: str, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    headers = {name: value.replace("SHA", f'"{url.split("/")[2]}"') for name, value in headers.items()}
    with client.open(path.replace("MODEL", url), method=method, headers=headers) as response:
        assert response.status_code == status
        for name, value in SECURITY_HEADERS:
            assert response.headers.getlist(name) == [value]


def test_not_modified_static(client: FlaskClient) -> None:
    with client.get("/static/app/main.js") as first:
        etag = first.headers["ETag"]
    with client.get("/static/app/main.js", headers={"If-None-Match": etag}) as second:
        assert second.status_code == 304
        assert second.headers["Content-Security-Policy"]


def test_failure_of_the_application(app: Flask) -> None:
    @app.get("/fails")
    def fails() -> str:
        raise RuntimeError("by the test")

    response = app.test_client().get("/fails")
    assert response.status_code == 500
    assert "RuntimeError" not in response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_headers_of_the_application_do_not_double() -> None:
    def inner(environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [("content-security-policy", "default-src *"), ("X-Own", "kept")])  # type: ignore[operator]
        return []

    seen: list[tuple[str, str]] = []
    SecureResponses(inner)({"HTTP_HOST": "localhost"}, lambda status, headers, _: seen.extend(headers))  # type: ignore[arg-type, return-value, func-returns-value]
    assert ("X-Own", "kept") in seen
    assert [value for name, value in seen if name.lower() == "content-security-policy"] == [SECURITY_HEADERS[0][1]]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST:8000",
        "127.0.0.1:8000",
        "[::1]:8000",
        "localhost.",
        "LocalHost.:8000",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]:8000",
    ],
)
def test_trusted_host(client: FlaskClient, host: str) -> None:
    assert client.get("/api/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "evil.localhost",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "localhost@evil.example",
        "localhost evil.example",
        "",
        "[::1",
        "localhost:8000:8000",
        "localhost..",
        ".",
        "[::2]",
        "[::ffff:192.0.2.1]",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/models", "/static/app/main.js", "MODEL"])
def test_foreign_host(client: FlaskClient, url: str, host: str, path: str) -> None:
    assert client.get(path.replace("MODEL", url), headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("box.test", "box.test:8000"),
        ("box.test", "BOX.test."),
        ("Box.Test.", "box.test"),
        ("box.test:8000", "box.test:9000"),
        ("192.0.2.7", "192.0.2.7:80"),
        ("2001:DB8::7", "[2001:db8:0::7]:80"),
        ("[2001:db8::7]", "[2001:db8::7]"),
    ],
)
def test_allowed_host(model_path: Path, allowed: str, host: str) -> None:
    client = create_app(Config(models=[model_path], allowed_hosts=(allowed,))).test_client()
    assert client.get("/", headers={"Host": host}).status_code == 200
    assert client.get("/", headers={"Host": "other.test"}).status_code == 400


@pytest.mark.parametrize("name", ["", "*", "http://box.test", "box.test/page", "box test", "[::1", "."])
def test_a_name_that_could_never_be_asked_for_is_refused(model_path: Path, name: str) -> None:
    with pytest.raises(HostNameError, match="is not a host name: expected a name such as"):
        create_app(Config(models=[model_path], allowed_hosts=(name,)))


@pytest.mark.parametrize(("address", "main"), [("/", "app"), ("/bench", "bench"), ("/check", "check")])
def test_policy_needs_nothing_inline(client: FlaskClient, address: str, main: str) -> None:
    """A page holds no script, no style and no handler: everything it does comes from files."""
    page = client.get(address).text
    assert page.count("<script") == page.count('<script type="module" src="static/')
    assert f'<script type="module" src="static/{main}/main.js"></script>' in page
    for inline in ("<style", " style=", " onclick=", " onload=", "javascript:"):
        assert inline not in page
    policy = SECURITY_HEADERS[0][1]
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
