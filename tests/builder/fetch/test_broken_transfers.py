"""A connection that breaks, a host that sends other bytes than were asked for: what comes is the file, or nothing."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from tests.builder.fetch.faults import HALF, NAME, PAGE, Fault, Seen, always, check, cut_then
from tests.builder.fetch.hub import Act, Handler, answers, closes_after, flips_a_bit, holds_at, in_chunks

BEGINS_AGAIN = "localhost cannot resume the download, so the download starts again."


def whole(**how: object) -> Act:
    return lambda handler: handler.whole(**how)  # type: ignore[arg-type]


def rest(**how: object) -> Act:
    return lambda handler: handler.rest(handler.asked_from() or 0, **how)  # type: ignore[arg-type]


def new_etag(handler: Handler) -> None:
    handler.hub.etag = '"cdn-2"'
    handler.right()


FAULTS = [
    Fault(
        "stalls",
        "localhost stopped sending after 1.5 of 2.9 MB; trying again in 0.5 s (1 of 1).",
        {"cdn": [holds_at(HALF)]},
        ranges=(0, HALF),
        environment={"HF_HUB_DOWNLOAD_TIMEOUT": "6"},
    ),
    Fault(
        "closes after N bytes",
        "The connection to localhost was cut after 1.5 of 2.9 MB; trying again in 0.5 s (1 of 1).",
        cut_then(),
        ranges=(0, HALF),
    ),
    Fault(
        "closes after N bytes, always",
        "The connection to localhost was cut after 1.5 of 2.9 MB (tried 2 times): run the same command again later. "
        "1.5 MB are kept: the same command resumes the download.",
        {"cdn": always(closes_after(HALF))},
        1,
        (0, HALF),
        kept=HALF,
    ),
    Fault(
        "the host of the bytes lies about the length",
        "localhost sends 2,909,656 bytes as small-gemma-web.task: expected 2,908,656.",
        {"cdn": [whole(length=2_909_656)]},
        1,
    ),
    Fault("no length at all", "^$", {"cdn": [whole(Content_Length="", stop=3_000_000)]}, ranges=(0,)),
    Fault("no length, in chunks", "^$", {"cdn": [in_chunks]}, ranges=(0,)),
    Fault(
        "no length, and an end too early",
        "The answer ended after 1.5 of 2.9 MB; trying again in 0.5 s (1 of 1).",
        {"cdn": [whole(Content_Length="", stop=HALF)]},
        ranges=(0, HALF),
    ),
    Fault("ignores Range", BEGINS_AGAIN, cut_then(whole()), ranges=(0, HALF)),
    Fault("206 at a wrong offset", BEGINS_AGAIN, cut_then(rest(shift=1000)), ranges=(0, HALF, 0)),
    Fault("206 of another total", BEGINS_AGAIN, cut_then(rest(total=1)), ranges=(0, HALF, 0)),
    Fault("206 under another ETag", BEGINS_AGAIN, cut_then(rest(etag='"cdn-2"')), ranges=(0, HALF, 0)),
    Fault(
        "206 that nobody asked for",
        "localhost answers 206 to a request for the whole file (tried 2 times)",
        {"cdn": always(rest(shift=10))},
        1,
    ),
    Fault("changes the ETag between requests", BEGINS_AGAIN, cut_then(new_etag), ranges=(0, HALF)),
    Fault(
        "a weak ETag",
        BEGINS_AGAIN,
        {"cdn": [whole(ETag='W/"weak"', stop=HALF)]},
        ranges=(0, 0),
    ),
    Fault("416", BEGINS_AGAIN, cut_then(answers(416)), ranges=(0, HALF, 0)),
    Fault(
        "200 with HTML instead of the file",
        f"{NAME} is not a model that a browser runs: expected a web file, a zip .task or a .litertlm, found a web page, such "
        "as a login or error page.",
        {"cdn": [answers(200, PAGE)]},
        1,
        (0,),
    ),
    Fault(
        "200 with HTML instead of the rest",
        "found a web page, such as a login or error page. 1.5 MB are kept: the same command resumes the download.",
        cut_then(answers(200, PAGE)),
        1,
        (0, HALF),
        kept=HALF,
    ),
    Fault(
        "503 in the middle, then fine",
        "localhost answers 503 Service Unavailable; trying again",
        {"cdn": [closes_after(HALF), answers(503)]},
        ranges=(0, HALF, HALF),
        arguments=("--retries", "2"),
    ),
    Fault(
        "flips a bit",
        r"small-gemma-web\.task arrived damaged: its sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}\. It was deleted: run the same "
        r"command again\.",
        {"cdn": [flips_a_bit(2_000_000)]},
        1,
    ),
    Fault(
        "the link of the hub runs out",
        "localhost no longer takes the hub's link (403); trying again",
        {"cdn": [closes_after(HALF), answers(403)]},
        ranges=(0, HALF, HALF),
        arguments=("--retries", "2"),
    ),
    Fault(
        "compresses what it sends",
        "localhost compressed its answer ('gzip'), which was not requested",
        {"cdn": [answers(200, b"\x1f\x8b" + bytes(100), Content_Encoding="gzip")]},
        1,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_one_sentence_and_never_a_model(
    fault: Fault, sufferings: dict[str, Future[Seen]], model: bytes
) -> None:
    check(fault, sufferings[fault.name].result(), model)
