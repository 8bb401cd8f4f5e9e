"""What the hub refuses, and answers that are none: the user learns what to do, and nothing is stored."""

from __future__ import annotations

import gzip
from concurrent.futures import Future

import pytest

from tests.builder.fetch.faults import NAME, PAGE, Fault, Seen, always, check
from tests.builder.fetch.hub import FILE, REPO, STRANGER, UNKNOWN, Act, Handler, answers, redirects


def head(**changed: str) -> Act:
    return lambda handler: handler.resolve(**changed)


def endless_json(handler: Handler) -> None:
    handler.answer(200, {"Content-Type": "application/json"}, b'{"id": "' + b"a" * (17 << 20))


def zipped(handler: Handler) -> None:
    """The right description, compressed though nobody asked for it."""
    handler.answer(200, {"Content-Encoding": "gzip"}, gzip.compress(handler.description()))


def bomb(handler: Handler) -> None:
    handler.answer(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(80 << 20)))


STEPS = r"maker/Small-Gemma requires that you accept its licence at http://127\.0\.0\.1:\d+/maker/Small-Gemma: "
FAULTS = [
    Fault(
        "closes before an answer",
        "The connection to 127.0.0.1 was cut; trying again in 0.5 s (1 of 1).",
        {"api": [lambda handler: setattr(handler, "close_connection", True)]},
    ),
    Fault(
        "the hub lies about the length",
        "localhost sends 2,908,656 bytes as small-gemma-web.task: expected 2,908,657.",
        {"head": [head(X_Linked_Size="2908657")]},
        1,
    ),
    Fault(
        "the hub claims a length that no disk has",
        r"No room for small-gemma-web\.task in \S+: it needs 140,737,488\.4 MB more and 67\.1 MB to spare, and [\d,.]+ MB are free there; free some "
        r"space, or name another folder with ONPAGE_HOME\.",
        {"head": [head(X_Linked_Size=str(1 << 47))]},
        1,
        (),
    ),
    Fault(
        "the hub says no length", f"127.0.0.1 does not say how large {NAME} is.", {"head": [head(X_Linked_Size="")]}, 1
    ),
    Fault(
        "200 with HTML instead of the hub",
        "127.0.0.1 does not answer like the hub: check for a login page in this network, and check HF_ENDPOINT.",
        {"api": [answers(200, PAGE)]},
        1,
    ),
    Fault(
        "401: a token that is none",
        r"127\.0\.0\.1 does not accept the token: make another at http\S+/settings/tokens and pass it with `hf auth login` or "
        r"--token\.",
        arguments=("--token", UNKNOWN),
        status=1,
    ),
    Fault(
        "401: gated, no token",
        STEPS
        + r"sign in, accept it there, make a token at http\S+/settings/tokens, and pass it with `hf auth login` or "
        r"--token\. Then run the same command again\.",
        gated=True,
        status=1,
        ranges=(),
    ),
    Fault(
        "403: gated, licence not accepted",
        STEPS + r"accept it there with the token's account, and let the token read gated repositories "
        r"\(http\S+/settings/tokens\)\. Then run the same command again\.",
        gated=True,
        environment={"HF_TOKEN": STRANGER},
        status=1,
        ranges=(),
    ),
    Fault(
        "404: no such repository",
        "127.0.0.1 has no repository maker/None: check the name, or it is private and in need of --token.",
        source="maker/None/none-web.task",
        status=1,
    ),
    Fault(
        "404: no such file",
        "maker/Small-Gemma has no file none-web.task (it has small-gemma-web.task).",
        source=f"{REPO}/none-web.task",
        status=1,
    ),
    Fault(
        "404: no such revision",
        "maker/Small-Gemma on 127.0.0.1 has no revision 'v9': check the branch, tag or commit.",
        {"api": [answers(404, X_Error_Code="RevisionNotFound")]},
        1,
        arguments=("--revision", "v9"),
    ),
    Fault(
        "404: no revision, though none was named",
        "maker/Small-Gemma on 127.0.0.1 is empty: it has no revision yet.",
        {"api": [answers(404, X_Error_Code="RevisionNotFound")]},
        1,
    ),
    Fault(
        "429 with Retry-After",
        "127.0.0.1 has had too many requests from here (429), and asks to wait 1 s; trying again in 1 s (1 of 1).",
        {"head": [answers(429, Retry_After="1")]},
    ),
    Fault(
        "429 with the hub's own header",
        "localhost has had too many requests from here (429), and asks to wait 1 s; trying again in 1 s (1 of 1).",
        {"cdn": [answers(429, RateLimit='"resolvers";r=0;t=1')]},
    ),
    Fault(
        "429 for hours",
        "127.0.0.1 has had too many requests from here (429), and asks to wait 7,200 s: run the same command again later.",
        {"api": [answers(429, Retry_After="7200")]},
        1,
    ),
    Fault(
        "500 then fine",
        "127.0.0.1 answers 500 Internal Server Error; trying again in 0.5 s (1 of 1).",
        {"api": [answers(500)]},
    ),
    Fault(
        "500 always",
        "127.0.0.1 answers 500 Internal Server Error (tried 2 times): run the same command again later.",
        {"get": always(answers(500))},
        1,
    ),
    Fault(
        "redirects for ever",
        "127.0.0.1 redirects more than 5 times: expected the file.",
        {"get": always(redirects(f"/{REPO}/resolve/main/{FILE}"))},
        1,
    ),
    Fault(
        "redirects to a host without https",
        "127.0.0.1 redirects to http://192.0.2.1/file: expected an https address.",
        {"get": [redirects("http://192.0.2.1/file?signature=secretsignature")]},
        1,
    ),
    Fault(
        "redirects to a file of this machine",
        "127.0.0.1 redirects to file://127.0.0.1/etc/passwd: expected an https address.",
        {"get": [redirects("file:///etc/passwd")]},
        1,
    ),
    Fault("compresses the description", "^$", {"api": [zipped]}),
    Fault("a description that unpacks to 80 MB", "127.0.0.1 answers more than 65,536 bytes.", {"api": [bomb]}, 1),
    Fault("an endless description", "127.0.0.1 answers more than 16,777,216 bytes.", {"api": [endless_json]}, 1),
    Fault(
        "a description nested without end",
        "127.0.0.1 does not answer like the hub",
        {"api": [answers(200, b"[" * 200_000)]},
        1,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_one_sentence_and_never_a_model(
    fault: Fault, sufferings: dict[str, Future[Seen]], model: bytes
) -> None:
    check(fault, sufferings[fault.name].result(), model)
