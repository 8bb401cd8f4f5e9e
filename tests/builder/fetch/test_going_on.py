"""A download that was killed, interrupted, or out of room, and two at once: the next goes on where it stopped."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import subprocess
from collections.abc import Callable
from itertools import repeat

import pytest

from builder.store import Store
from tests.builder.fetch.conftest import Fetching
from tests.builder.fetch.faults import HALF, ID, NAME, kept, ranges
from tests.builder.fetch.hub import FILE, Handler, Hub, closes_after, holds_at


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
    assert "onpage: interrupted; 1.5 MB are kept: the same command resumes the download.\n" in stderr
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
        r"No room for small-gemma-web\.task in \S+: it needs 1\.9 MB more, beyond the limit of 1\.0 MB for one file; raise it "
        r"with ulimit -f, or name another folder with ONPAGE_HOME\. 1\.0 MB are kept: the same command resumes the download\.\n",
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
