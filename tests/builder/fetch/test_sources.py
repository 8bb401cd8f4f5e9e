"""What may be typed as the model to fetch, what each request may carry where, and how long an answer asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from builder.errors import FetchError
from builder.fetch.connection import connect, fault_of
from builder.fetch.patience import PassingError
from builder.fetch.sources import Address, HubFile, parse_source
from builder.model.catalog import published

COMMIT = "0" * 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b/c.task", HubFile("a/b", "c.task")),
        ("a/b/folder/c.task", HubFile("a/b", "folder/c.task")),
        ("a/b/c.task@v1", HubFile("a/b", "c.task", "v1")),
        ("a/b/c.task@refs/pr/3", HubFile("a/b", "c.task", "refs/pr/3")),
        ("a/b", HubFile("a/b", "")),
        ("https://huggingface.co/a/b", HubFile("a/b", "")),
        ("https://huggingface.co/a/b/blob/main/c.task", HubFile("a/b", "c.task")),
        (f"https://huggingface.co/a/b/resolve/{COMMIT}/f/c.task?download=true", HubFile("a/b", "f/c.task", COMMIT)),
        ("https://example.org/x/c.task?key=1#part", Address("https://example.org/x/c.task?key=1")),
        ("http://127.0.0.1:8000/c.task", Address("http://127.0.0.1:8000/c.task")),
        ("http://localhost/c%20d.task", Address("http://localhost/c%20d.task")),
    ],
)
def test_a_source_is_what_it_looks_like(text: str, expected: HubFile | Address) -> None:
    assert parse_source(text) == expected


def test_every_id_of_the_catalog_is_its_file_on_the_hub() -> None:
    for key, model in published().items():
        for text in (key, key.upper(), f"{model.repo}/{model.file}", f"{model.page}/blob/main/{model.file}"):
            source = parse_source(text)
            assert isinstance(source, HubFile)
            assert (source.repo, source.file, source.id, source.known) == (model.repo, model.file, key, model)


def test_an_address_keeps_no_secret() -> None:
    address = Address("https://example.org/m.task?X-Amz-Signature=abc#x")
    assert (address.source, address.file, address.id) == ("https://example.org/m.task", "m.task", "m")


@pytest.mark.parametrize(
    ("text", "revision", "sentence"),
    [
        ("gemma3-1b-int", None, r"'gemma3-1b-int' names no model \(did you mean gemma3-1b-int\d\?\): expected an id"),
        ("nothing-like-it", None, "'nothing-like-it' names no model: expected an id"),
        ("", None, "'' names no model"),
        (__file__, None, "is on this machine: use onpage import"),
        ("./a/b/c.task", None, "names no model"),
        ("a/../c.task", None, "is not a repository"),
        ("a/b/../../etc/passwd", None, "is not a file of a repository"),
        ("a/b/c\x1b[31m.task", None, "is not a file of a repository"),
        ("a/b/c.task@x", "y", "Two revisions, @x and --revision y: give one"),
        ("a/b/c.task", "x\ny", "is not a revision"),
        ("http://example.org/m.task", None, "http://example.org/m.task is not secure: expected an https address"),
        ("ftp://example.org/m.task", None, "is not secure"),
        ("https://me:secret@example.org/m.task", None, "https://example.org/m.task contains a user name or a password"),
        ("https://example.org/", None, "names no file"),
        ("https://example.org/m.task", "v1", "--revision is for files on Hugging Face"),
        ("https://[::1", None, "is not an address"),
    ],
)
def test_what_names_nothing_is_one_sentence(text: str, revision: str | None, sentence: str) -> None:
    with pytest.raises(FetchError, match=sentence) as raised:
        parse_source(text, revision)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("home", "place", "carried"),
    [
        ("https://hub.example", "https://hub.example/a/b", True),
        ("https://hub.example", "https://hub.example:8443/a", False),
        ("https://hub.example", "https://cdn.hub.example/a", False),
        ("https://hub.example", "https://hub.example.evil/a", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/a", True),
        ("http://127.0.0.1:8000", "http://localhost:8000/a", False),
        ("http://127.0.0.1:8000", "https://127.0.0.1:8000/a", False),
        ("http://mirror.lan", "http://mirror.lan/a", False),
        ("https://hub.example", "http://hub.example/a", None),
        ("https://hub.example", "http://127.0.0.1/a", None),
        ("https://hub.example", "file:///etc/passwd", None),
        ("http://mirror.lan", "http://other.lan/a", None),
        ("http://127.0.0.1:8000", "http://10.0.0.1/a", None),
    ],
)
def test_the_token_is_for_one_origin(home: str, place: str, carried: bool | None) -> None:
    """`carried` None: the request is not made at all."""
    with connect(home, 1) as client:
        request = client.build_request("GET", place, headers={"Authorization": "Bearer hf_x"})
        (rules,) = client.event_hooks["request"]
        if carried is None:
            with pytest.raises(FetchError, match=r"redirects to .*: expected an https address"):
                rules(request)
        else:
            rules(request)
            assert ("Authorization" in request.headers) is carried


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "7"}, 7, 7),
        ({"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)}, 3000, 3600),
        ({"Retry-After": format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)}, 0, 0),
        ({"RateLimit": '"api";r=0;t=55'}, 55, 55),
    ],
)
def test_an_answer_may_say_how_long_to_wait(headers: dict[str, str], least: float, most: float) -> None:
    fault = fault_of(httpx2.Response(429, headers=headers, request=httpx2.Request("GET", "https://hub.example/a")))
    assert isinstance(fault, PassingError) and fault.wait is not None and least <= fault.wait <= most


@pytest.mark.parametrize("said", ["soon", "-1", "9" * 400, "Mon, 99 Nov 2026", ""])
def test_nonsense_is_not_waited_for(said: str) -> None:
    headers = {"Retry-After": said, "RateLimit": '"api";r=5;t=55'}
    fault = fault_of(httpx2.Response(503, headers=headers, request=httpx2.Request("GET", "https://hub.example/a")))
    assert isinstance(fault, PassingError) and fault.wait is None
