"""Each way in which a hub, a network or a disk misbehaves: what the user sees, what is kept, and that nothing corrupt is stored.

The real command runs as a process of its own, with the real huggingface_hub, against `tests.builder.fetch.hub`. After every run
the fixture `fetch` looks for leaked tokens in all that was printed, written, and sent to the other host.
"""

from __future__ import annotations

import ctypes
import gzip
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path

import pytest

from builder.store import Store
from tests.builder.fetch.conftest import Fetching
from tests.builder.fetch.hub import (
    FILE,
    REPO,
    STRANGER,
    TOKEN,
    UNKNOWN,
    Act,
    Handler,
    Hub,
    answers,
    closes_after,
    flips_a_bit,
    holds_at,
    redirects,
)

NAME = f"{REPO}/{FILE}"
ID = "small-gemma"
HALF = 1_500_000
PAGE = b"<!DOCTYPE html><title>Sign in to the network</title>" * 20
BEGINS_AGAIN = "localhost does not go on where the download stopped, so it begins again."


def whole(**how: object) -> Act:
    return lambda handler: handler.whole(**how)  # type: ignore[arg-type]


def rest(**how: object) -> Act:
    return lambda handler: handler.rest(handler.asked_from() or 0, **how)  # type: ignore[arg-type]


def head(**changed: str) -> Act:
    return lambda handler: handler.resolve(**changed)


def new_etag(handler: Handler) -> None:
    handler.hub.etag = '"cdn-2"'
    handler.right()


def endless_json(handler: Handler) -> None:
    handler.answer(200, {"Content-Type": "application/json"}, b'{"id": "' + b"a" * (17 << 20))


def zipped(handler: Handler) -> None:
    """The right description, compressed though nobody asked for it."""
    handler.answer(200, {"Content-Encoding": "gzip"}, gzip.compress(handler.description()))


def bomb(handler: Handler) -> None:
    handler.answer(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(80 << 20)))


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what the user sees. `ranges` are the places from which the content was asked for."""

    name: str
    sees: str
    acts: dict[str, Iterable[Act | None]] = field(default_factory=dict)
    status: int = 0
    ranges: tuple[int, ...] | None = None
    source: str = NAME
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    kept: int = 0
    """Bytes to go on with, where it failed."""
    gated: bool = False


def cut_then(*acts: Act | None) -> dict[str, Iterable[Act | None]]:
    return {"cdn": [closes_after(HALF), *acts]}


def always(act: Act) -> Iterable[Act]:
    return repeat(act)


STEPS = r"maker/Small-Gemma is for those who have accepted its licence at http://127\.0\.0\.1:\d+/maker/Small-Gemma: "
FAULTS = [
    Fault(
        "closes after N bytes",
        "The connection to localhost was cut after 1.5 of 2.9 MB; trying again in 0.5 s (1 of 1).",
        cut_then(),
        ranges=(0, HALF),
    ),
    Fault(
        "closes after N bytes, always",
        "The connection to localhost was cut after 1.5 of 2.9 MB (tried 2 times): run the same command again later. "
        "1.5 MB are kept: the same command goes on from there.",
        {"cdn": always(closes_after(HALF))},
        1,
        (0, HALF),
        kept=HALF,
    ),
    Fault(
        "closes before an answer",
        "The connection to 127.0.0.1 was cut; trying again in 0.5 s (1 of 1).",
        {"api": [lambda handler: setattr(handler, "close_connection", True)]},
    ),
    Fault(
        "the hub lies about the length",
        "localhost sends 2,908,416 bytes as small-gemma-web.task: expected 2,908,417.",
        {"head": [head(X_Linked_Size="2908417")]},
        1,
    ),
    Fault(
        "the hub claims a length that no disk has",
        r"No room for small-gemma-web\.task: it needs 140,737,488\.4 MB more, and [\d,.]+ MB are free in \S+; free some "
        r"space, or name another folder with ONPAGE_HOME\.",
        {"head": [head(X_Linked_Size=str(1 << 47))]},
        1,
        (),
    ),
    Fault(
        "the hub says no length", f"127.0.0.1 does not say how large {NAME} is.", {"head": [head(X_Linked_Size="")]}, 1
    ),
    Fault(
        "the host of the bytes lies about the length",
        "localhost sends 2,909,416 bytes as small-gemma-web.task: expected 2,908,416.",
        {"cdn": [whole(length=2_909_416)]},
        1,
    ),
    Fault(
        "no length at all",
        "localhost does not say how large small-gemma-web.task is, so that nobody could tell whether all of it came.",
        {"cdn": [whole(Content_Length="", stop=HALF)]},
        1,
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
        f"{NAME} is not a model that a browser runs: expected a web file, a zip .task or a .litertlm, found a web page, as a "
        "login or an error would send.",
        {"cdn": [answers(200, PAGE)]},
        1,
        (0,),
    ),
    Fault(
        "200 with HTML instead of the rest",
        "found a web page, as a login or an error would send. 1.5 MB are kept: the same command goes on from there.",
        cut_then(answers(200, PAGE)),
        1,
        (0, HALF),
        kept=HALF,
    ),
    Fault(
        "200 with HTML instead of the hub",
        "127.0.0.1 answers otherwise than the hub does: is there a login page in this network, or a wrong HF_ENDPOINT?",
        {"api": [answers(200, PAGE)]},
        1,
    ),
    Fault(
        "401: a token that is none",
        r"127\.0\.0\.1 does not take the token: make another at http\S+/settings/tokens and give it with `hf auth login` or "
        r"--token\.",
        arguments=("--token", UNKNOWN),
        status=1,
    ),
    Fault(
        "401: gated, no token",
        STEPS
        + r"sign in, accept it there, make a token at http\S+/settings/tokens, and give it with `hf auth login` or "
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
        "503 in the middle, then fine",
        "localhost answers 503 Service Unavailable; trying again",
        {"cdn": [closes_after(HALF), answers(503)]},
        ranges=(0, HALF, HALF),
        arguments=("--retries", "2"),
    ),
    Fault(
        "500 always",
        "127.0.0.1 answers 500 Internal Server Error (tried 2 times): run the same command again later.",
        {"get": always(answers(500))},
        1,
    ),
    Fault(
        "stalls",
        "localhost stopped sending after 1.5 of 2.9 MB; trying again in 0.5 s (1 of 1).",
        {"cdn": [holds_at(HALF)]},
        ranges=(0, HALF),
        environment={"HF_HUB_DOWNLOAD_TIMEOUT": "2"},
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
    Fault(
        "flips a bit",
        r"small-gemma-web\.task came damaged: its sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}\. It was removed: run the same "
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
        "localhost compressed its answer ('gzip'), which was not asked for",
        {"cdn": [answers(200, b"\x1f\x8b" + bytes(100), Content_Encoding="gzip")]},
        1,
    ),
    Fault("compresses the description", "^$", {"api": [zipped]}),
    Fault("a description that unpacks to 80 MB", "127.0.0.1 answers more than 65,536 bytes.", {"api": [bomb]}, 1),
    Fault("an endless description", "127.0.0.1 answers more than 16,777,216 bytes.", {"api": [endless_json]}, 1),
    Fault(
        "a description nested without end",
        "127.0.0.1 answers otherwise than the hub does",
        {"api": [answers(200, b"[" * 200_000)]},
        1,
    ),
]


def ranges(hub: Hub) -> tuple[int, ...]:
    return tuple(int((request.range or "bytes=0-")[6:-1]) for request in hub.of("cdn"))


def kept(store: Store) -> int:
    return sum(path.stat().st_size for path in (store.folder / "unfinished").rglob("content"))


def sees(text: str) -> str:
    """A sentence as it is, or a pattern where it says what changes."""
    return text if text == "^$" or re.search(r"\\[.dS]|\[", text) else re.escape(text)


@dataclass(frozen=True)
class Seen:
    """What came of a fault."""

    done: subprocess.CompletedProcess[str]
    ranges: tuple[int, ...]
    stored: list[str]
    kept: int
    again: tuple[int, tuple[int, ...], list[str]]
    """Exit status, ranges and contents of the same command once all is well; only where something was kept."""


def suffer(fault: Fault, folder: Path, model: bytes) -> Seen:
    """The command against a hub of its own, which does what the fault says."""
    with closing(Hub(model)) as hub:
        store = Store.open(folder / "store")
        fetch = Fetching(hub, store, folder)
        hub.gated = fault.gated
        hub.script(**fault.acts)
        token = {} if fault.gated or fault.source != NAME else {"HF_TOKEN": TOKEN}
        done = fetch(fault.source, "--retries", 1, *fault.arguments, environment=token | fault.environment)
        contents = [model.manifest.sha256 for model in store.models()]
        seen = Seen(done, ranges(hub), contents, kept(store), (0, (), []))
        if not seen.kept:
            return seen
        hub.script()
        status = fetch(fault.source).returncode
        return replace(seen, again=(status, ranges(hub), [model.manifest.sha256 for model in store.models()]))


@pytest.fixture(scope="module")
def sufferings(
    request: pytest.FixtureRequest, model: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Seen]]]:
    """Every fault that is tested in this run, a few at a time: most of them wait for something."""
    parametrized = (getattr(item, "callspec", None) for item in request.session.items)
    faults = [call.params["fault"] for call in parametrized if call and isinstance(call.params.get("fault"), Fault)]
    with ThreadPoolExecutor(3) as pool:
        yield {fault.name: pool.submit(suffer, fault, tmp_path_factory.mktemp("fault"), model) for fault in faults}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_one_sentence_and_never_a_model(
    fault: Fault, sufferings: dict[str, Future[Seen]], model: bytes
) -> None:
    seen = sufferings[fault.name].result()
    stdout, stderr = seen.done.stdout, seen.done.stderr
    assert re.search(sees(fault.sees), stderr), stderr
    assert seen.done.returncode == fault.status, stderr
    assert "Traceback" not in stderr and all(line.startswith("onpage: ") for line in stderr.splitlines())
    sha256 = hashlib.sha256(model).hexdigest()
    assert (ID in stdout, seen.stored) == ((True, [sha256]) if fault.status == 0 else (False, []))
    assert seen.kept == fault.kept
    if fault.ranges is not None:
        assert seen.ranges == fault.ranges
    if fault.kept:
        assert seen.again == (0, (fault.kept,), [sha256]), "the same command did not go on where it stopped"


def test_a_traceback_holds_no_token(fetch: Fetching, hub: Hub) -> None:
    hub.script(cdn=repeat(answers(404)))
    done = fetch(NAME, "--token", TOKEN, before=("--debug",))
    assert "Traceback" in done.stderr and hub.of("get")[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_token_goes_to_no_other_host_even_when_the_hub_itself_redirects(fetch: Fetching, hub: Hub) -> None:
    hub.script(api=[redirects(f"{hub.cdn}/api/models/{REPO}")])
    assert fetch(NAME, environment={"HF_TOKEN": TOKEN}).returncode == 1
    assert [request.path for request in hub.of("cdn")] == [f"/api/models/{REPO}"]
    assert hub.of("api")[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_hub_is_told_and_asked_nothing_else(fetch: Fetching, hub: Hub) -> None:
    fetch(NAME)
    assert [request.kind for request in hub.requests] == ["api", "head", "get", "cdn"]
    assert "agent" not in hub.of("head")[0].headers["user-agent"]


def test_kill_9_midway_then_again_goes_on_at_the_last_byte(fetch: Fetching, hub: Hub, store: Store) -> None:
    hub.script(cdn=[holds_at(HALF)])
    with fetch.start(NAME, HF_HUB_DOWNLOAD_TIMEOUT="60") as process:
        wait_until(lambda: kept(store) == HALF, process)
        process.kill()
        fetch.check("".join(process.communicate()))
    assert kept(store) == HALF and not store.models()
    hub.script()
    done = fetch(NAME, "--json")
    facts = json.loads(done.stdout)
    assert ranges(hub) == (HALF,)
    assert hub.of("cdn")[0].bytes == facts["received"] == len(hub.data) - HALF
    assert facts["sha256"] == hub.sha256 and store.get(ID).path.read_bytes() == hub.data
    assert not store.unfinished()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_says_how_much_is_kept(fetch: Fetching, hub: Hub, store: Store, number: signal.Signals) -> None:
    hub.script(cdn=[holds_at(HALF)])
    # a shell's background job ignores Ctrl-C
    command = ["env", f"--default-signal={number.name[3:]}", *fetch.command(NAME)]
    environment = fetch.environment(HF_HUB_DOWNLOAD_TIMEOUT="60")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        wait_until(lambda: kept(store) == HALF, process)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "onpage: interrupted; 1.5 MB are kept: the same command goes on from there.\n" in stderr
    hub.script()
    assert fetch(NAME).returncode == 0 and ranges(hub) == (HALF,)


@pytest.mark.parametrize("plain", [False, True], ids=["hub", "address"])
def test_a_second_process_waits_for_the_first(fetch: Fetching, hub: Hub, store: Store, plain: bool) -> None:
    source = f"{hub.cdn}/{FILE}" if plain else NAME

    def slowly(handler: Handler) -> None:
        handler.hub.holding.set()
        handler.hub.release.wait()
        handler.right()

    hub.script(cdn=[slowly])
    with fetch.start(source, HF_HUB_DOWNLOAD_TIMEOUT="60") as first:
        assert hub.holding.wait(30)
        with fetch.start(source, "--json") as second:
            assert second.stderr and second.stdout
            said = second.stderr.readline()
            hub.release.set()
            printed = second.communicate(timeout=60)
        first.communicate(timeout=60)
    assert said == f"onpage: Another process ({first.pid}) is fetching {FILE}; waiting for it.\n"
    assert (first.returncode, second.returncode) == (0, 0)
    assert json.loads(printed[0])["received"] == 0
    assert len(hub.of("cdn")) == 1 and [m.manifest.id for m in store.models()] == [ID]


def test_a_full_disk_keeps_what_has_come(fetch: Fetching, hub: Hub, store: Store) -> None:
    limit = 1 << 20
    done = fetch(NAME, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 1
    assert re.search(
        r"No room for small-gemma-web\.task: it needs 1\.9 MB more, and [\d,.]+ MB are free in \S+; free some space, or name "
        r"another folder with ONPAGE_HOME\. 1\.0 MB are kept: the same command goes on from there\.\n",
        done.stderr,
    )
    assert kept(store) == limit and not store.models()
    hub.script()
    assert fetch(NAME).returncode == 0 and ranges(hub) == (limit,)


def test_a_read_only_folder_is_named(fetch: Fetching, hub: Hub, store: Store) -> None:
    store.folder.mkdir()
    store.folder.chmod(0o555)
    try:
        done = fetch(NAME, preexec_fn=obey_permissions)
    finally:
        store.folder.chmod(0o755)
    assert done.returncode == 1 and not hub.of("cdn")
    assert done.stderr.startswith(f"onpage: The store {store.folder} cannot be used: Permission denied")


def obey_permissions() -> None:
    """For a child of root: without CAP_DAC_OVERRIDE, root is bound by a folder's permissions as anybody is."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(24, 1, 0, 0, 0):  # PR_CAPBSET_DROP
        raise OSError("the test cannot give up root's rights")


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until it holds; fails when the process has ended before."""
    while not condition():
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.02)


@pytest.mark.parametrize("harm", ["longer", "other bytes", "state"])
def test_a_part_that_was_tampered_with_is_found_out(fetch: Fetching, hub: Hub, store: Store, harm: str) -> None:
    hub.script(cdn=repeat(closes_after(HALF)))
    fetch(NAME, "--retries", 0)
    part = next(path for path in (store.folder / "unfinished").rglob("content"))
    if harm == "longer":
        part.write_bytes(hub.data + b"more")
    elif harm == "other bytes":
        part.write_bytes(bytes(HALF))
    else:
        part.with_name("state.json").write_bytes(b'{"etag": 7, "size": "' + b"9" * 5000)
    hub.script()
    done = fetch(NAME)
    if harm == "other bytes":
        assert done.returncode == 1 and f"{NAME} is not a model" in done.stderr and kept(store) == 0
        done = fetch(NAME)
    assert done.returncode == 0 and store.get(ID).manifest.sha256 == hub.sha256


def test_the_part_says_where_it_is_from_and_no_secret(fetch: Fetching, hub: Hub, store: Store, tmp_path: Path) -> None:
    hub.gated = True
    hub.script(cdn=repeat(closes_after(HALF)))
    fetch(NAME, "--retries", 0, "--token", TOKEN)
    state = json.loads(next((store.folder / "unfinished").rglob("state.json")).read_text())
    assert state["from"] == NAME and state["etag"] == '"cdn-1"' and state["size"] == len(hub.data)
