"""What the server answers at each of its addresses, asked of the application itself: so a site of files is what is served, and a new
page or list is in it without a word here.

A route without variables is asked for as it is; of those with variables (`VARIABLE`) the names are known. Nothing is held: a body is
iterated over while it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from builder.errors import OutputError
from webapp.front_end import own_files
from webapp.sending import FileCutShortError
from webapp.vendor import NOTICES

VARIABLE = ("/static/<path:name>", "/models/<sha256>/<name>")
CODINGS = {"": "identity", ".br": "br", ".gz": "gzip"}
"""The forms of a file, by what its name gets."""


@dataclass(frozen=True)
class Answer:
    """What is at one address, relative to the site; "" is the page."""

    path: str
    headers: Mapping[str, str]
    body: Iterator[bytes]


def crawl(app: Flask) -> Iterator[Answer]:
    """Everything but the models, each in every form that the server has of it."""
    client = app.test_client()
    static: Path = app.config["STATIC"]
    names = [path.as_posix() for path in (*own_files(static), NOTICES)]
    vendored = app.extensions["onpage_vendored"]
    for path in [*_fixed(app), *(f"static/{name}" for name in names)]:
        if (answer := _ask(client, path)) is not None:
            yield answer
    for name in vendored:
        for suffix, coding in CODINGS.items():
            answer = _ask(client, f"static/{name}", {"Accept-Encoding": coding})
            assert answer is not None
            if suffix == "" or answer.headers.get("Content-Encoding") == coding:
                yield Answer(answer.path + suffix, answer.headers, answer.body)


def model_bytes(app: Flask, url: str) -> Answer:
    """One file of a model, or an adapter; OutputError where it is no longer the one that was hashed."""
    answer = _ask(app.test_client(), url)
    assert answer is not None
    return answer


def list_of_models(app: Flask) -> list[dict[str, Any]]:
    """What the page is offered."""
    models: list[dict[str, Any]] = app.test_client().get("/api/models").get_json()
    return models


def _fixed(app: Flask) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    unknown = {rule.rule for rule in rules if rule.arguments} - set(VARIABLE)
    assert not unknown, f"{unknown} would not be in an exported site: name their addresses in {__name__}"
    return sorted(rule.rule.removeprefix("/") for rule in rules if not rule.arguments)


def _ask(client: FlaskClient, path: str, headers: Mapping[str, str] | None = None) -> Answer | None:
    """None for what has no content."""
    response = client.get(f"/{path}", headers=headers, buffered=False)
    if response.status_code == 204:
        response.close()
        return None
    if response.status_code != 200:
        said = response.get_json(silent=True) or {}
        raise OutputError(f"{path} cannot be exported: {said.get('message', response.status)}", subject=path)

    def body() -> Iterator[bytes]:
        try:
            yield from response.iter_encoded()
        except FileCutShortError as error:
            raise OutputError(f"{path} cannot be exported: its file ended too soon, {error}.", subject=path) from None
        finally:
            response.close()

    return Answer(path, dict(response.headers), body())


def with_parts(models: list[dict[str, Any]], part_size: int) -> bytes:
    """The list of models as a page gets it, with the parts of each file that is larger than `part_size` bytes."""
    listed = [
        {
            key: [_split(each, part_size) for each in value] if key in ("files", "adapters") else value
            for key, value in model.items()
        }
        for model in models
    ]
    return json.dumps(listed).encode()


def _split(source: dict[str, Any], part_size: int) -> dict[str, Any]:
    parts = parts_of(source["url"], source["size"], part_size)
    return source if len(parts) == 1 else source | {"parts": parts}


def parts_of(url: str, size: int, part_size: int) -> list[dict[str, Any]]:
    """Where the bytes of a file of `size` bytes are, in order: in itself if it is no larger than a part."""
    if size <= part_size:
        return [{"url": url, "size": size}]
    count = -(-size // part_size)
    width = max(3, len(str(count)))
    return [
        {"url": f"{url}.{number + 1:0{width}}", "size": min(part_size, size - number * part_size)}
        for number in range(count)
    ]
