"""`onpage fetch` where all goes well: what it says, what it stores, and when it needs no network."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from builder.model.catalog import published
from builder.store import Store
from builder.store.importing import import_file
from tests.builder.fetch.conftest import Fetching
from tests.builder.fetch.hub import COMMIT, FILE, REPO, STRANGER, TOKEN, Hub, answers, closes_after

NAME = f"{REPO}/{FILE}"


def test_an_id_of_the_catalog_is_one_command(fetch: Fetching, hub: Hub, store: Store) -> None:
    known = published()["gemma3-1b-int4"]
    hub.repo, hub.file, hub.gated = known.repo, known.file, True
    done = fetch("gemma3-1b-int4", environment={"HF_TOKEN": TOKEN})
    assert done.returncode == 0 and done.stderr == ""
    rows = dict(line.split("\t") for line in done.stdout.splitlines())
    assert (rows["id"], rows["next"]) == ("gemma3-1b-int4", "onpage serve --model gemma3-1b-int4")
    assert rows["sha256"] == f"{hub.sha256}, as published" and rows["fetched"].startswith("2.9 MB in ")
    manifest = store.get("gemma3-1b-int4").manifest
    assert (manifest.source, manifest.revision) == (f"{known.repo}/{known.file}", COMMIT)
    assert (manifest.sha256, manifest.size, manifest.file) == (hub.sha256, len(hub.data), known.file)
    assert (manifest.licence, manifest.template) == (known.family.licence.name, known.family.template)
    assert not store.unfinished()


def test_what_is_stored_needs_no_network(fetch: Fetching, hub: Hub) -> None:
    assert fetch(NAME).returncode == 0
    hub.script()
    for arguments in ([NAME, "--revision", COMMIT], [f"https://huggingface.co/{REPO}/blob/main/{FILE}"]):
        done = fetch(*arguments)
        assert done.returncode == 0 and "fetched\tnothing: it is stored already" in done.stdout
    assert not hub.requests


def test_replace_looks_for_a_newer_one(fetch: Fetching, hub: Hub, store: Store) -> None:
    fetch(NAME)
    hub.script()
    assert "stored already" in fetch(NAME, "--replace").stdout
    assert [request.kind for request in hub.requests] == ["api", "head"]
    hub.data, hub.commit = hub.data[:-1] + b"\x01", "1" * 40
    assert "stored already" in fetch(NAME).stdout, "nobody asked for a newer one"
    refused = fetch(NAME, "--revision", "1" * 40)
    assert refused.returncode == 1 and "small-gemma is stored already, with other content" in refused.stderr
    assert fetch(NAME, "--replace").returncode == 0
    assert [(m.manifest.sha256, m.manifest.revision) for m in store.models()] == [(hub.sha256, hub.commit)]
    assert len(store.content_paths()) == 1


def test_the_same_content_under_another_id_is_not_fetched_again(fetch: Fetching, hub: Hub, store: Store) -> None:
    fetch(NAME)
    hub.script()
    assert json.loads(fetch(NAME, "--id", "mine", "--json").stdout)["received"] == 0
    assert not hub.of("cdn")
    assert [m.manifest.id for m in store.models()] == ["mine", "small-gemma"] and len(store.content_paths()) == 1


def test_a_dry_run_says_everything_and_does_nothing(fetch: Fetching, hub: Hub, store: Store) -> None:
    hub.gated = True
    done = fetch(NAME, "--dry-run")
    rows = dict(line.split("\t") for line in done.stdout.splitlines())
    assert done.returncode == 0 and not store.folder.exists() and not hub.of("cdn")
    assert (rows["id"], rows["size"], rows["licence"], rows["here"]) == ("small-gemma", "2.9 MB", "gemma", "no")
    assert f"accept its licence at {hub.endpoint}/{REPO}" in rows["gated"]
    assert rows["free"].endswith(f"MB in {store.folder}, enough")
    facts = json.loads(fetch(NAME, "--dry-run", "--json", "--token", TOKEN).stdout)
    assert (facts["gated"], facts["refusal"], facts["stored"], facts["missing"]) == (True, None, False, len(hub.data))
    hub.script(cdn=[closes_after(1_500_000)])
    fetch(NAME, "--token", TOKEN, "--retries", 0)
    assert "here\t1.5 MB of it" in fetch(NAME, "--dry-run").stdout
    fetch(NAME, "--token", TOKEN)
    assert json.loads(fetch(NAME, "--dry-run", "--json").stdout)["stored"]


def test_the_token_comes_from_where_hf_auth_login_leaves_it(fetch: Fetching, hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf/token").write_text(f"{TOKEN}\n")
    assert fetch(NAME, environment={"HF_TOKEN": STRANGER}).returncode == 1, "the variable comes first"
    assert fetch(NAME).returncode == 0


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"HF_TOKEN": "hf_two words"}, "The token contains characters that no token has: copy it again."),
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set: unset it to fetch a model."),
        ({"HF_ENDPOINT": "https://u:p@hub.example"}, "HF_ENDPOINT is not the address of a hub: expected https://NAME."),
    ],
)
def test_settings_that_cannot_be(fetch: Fetching, environment: dict[str, str], sentence: str) -> None:
    done = fetch(NAME, "--retries", 0, environment=environment)
    assert done.returncode == 1 and sentence in done.stderr
    assert "hf_two" not in done.stderr and "u:p" not in done.stderr


def test_a_token_is_not_sent_where_others_could_read_it(fetch: Fetching, hub: Hub) -> None:
    mirror = fetch(NAME, "--retries", 0, "--token", TOKEN, environment={"HF_ENDPOINT": "http://0.0.0.0:9"})
    assert "The token is not sent, because others could read it on the way to HF_ENDPOINT" in mirror.stderr
    assert "0.0.0.0 cannot be reached (" in mirror.stderr
    address = fetch(f"{hub.cdn}/{FILE}", "--token", TOKEN)  # the fixture looks at the headers
    assert "The token is for Hugging Face: it is not sent to another address." in address.stderr


def test_a_repository_alone_gets_the_names_of_its_models(fetch: Fetching) -> None:
    done = fetch(REPO)
    assert done.returncode == 1
    assert f"{REPO} is a repository: name a file of it (it has {FILE})." in done.stderr
    assert "'a--b/c' cannot be the name of a repository." in fetch("a--b/c/d.task").stderr


def test_gguf_files_are_refused_before_a_download(fetch: Fetching, hub: Hub) -> None:
    hub.file, hub.data, hub.others = "m-Q4_0.gguf", b"GGUF" + bytes(100), {"m-Q8_0.gguf": b"GGUF", "README.md": b"#"}
    done = fetch(REPO)
    assert (
        done.returncode == 1
        and f"{REPO} has no file for a page, only GGUF files: convert it with onpage convert {REPO} --file FILE"
        in done.stderr
    )
    assert "where FILE is one of m-Q4_0.gguf, m-Q8_0.gguf." in done.stderr
    done = fetch(f"{REPO}/m-Q4_0.gguf")
    assert (
        f"m-Q4_0.gguf is a GGUF file: convert it with onpage convert {REPO} --file m-Q4_0.gguf -o MODEL.task."
        in done.stderr
    )
    assert {request.kind for request in hub.requests} == {"api"}, (
        "nothing but the repository's description was asked for"
    )


def test_a_plain_address(fetch: Fetching, hub: Hub, store: Store) -> None:
    address = f"{hub.cdn}/models/{FILE}?signature=secretsignature"
    assert "size\t2.9 MB" in fetch(address, "--dry-run").stdout and not store.folder.exists()
    wrong = fetch(address, "--sha256", "0" * 64)
    assert wrong.returncode == 1 and f"{FILE} arrived damaged" in wrong.stderr and not store.models()
    hub.script(cdn=[closes_after(1_500_000)])
    assert "1.5 MB are kept" in fetch(address, "--retries", 0, environment={"HF_TOKEN": TOKEN}).stderr
    assert fetch(address, "--sha256", hub.sha256.upper()).returncode == 0
    assert [request.range for request in hub.of("cdn")] == [None, "bytes=1500000-"]
    manifest = store.get("small-gemma").manifest
    assert (manifest.source, manifest.revision) == (f"{hub.cdn}/models/{FILE}", None)
    hub.script()
    assert "stored already" in fetch(address).stdout and not hub.requests
    taken = fetch(address.replace("models", "others"))
    assert taken.returncode == 1 and f"small-gemma is stored already, from {hub.cdn}" in taken.stderr


def test_an_address_that_says_no_length(fetch: Fetching, hub: Hub, store: Store) -> None:
    """Without the hub's sha256 nobody could tell whether all of it came."""
    hub.script(cdn=[lambda handler: handler.whole(Content_Length="", stop=3_000_000)])
    done = fetch(f"{hub.cdn}/{FILE}")
    assert done.returncode == 1 and store.models() == []
    assert f"localhost does not report the size of {FILE}, so a cut download" in done.stderr


def test_an_address_that_gives_something_else(fetch: Fetching, hub: Hub, store: Store) -> None:
    address = f"{hub.cdn}/models/{FILE}"
    for act, sentence in (
        (answers(404), f"{address} cannot be fetched: the answer is 404 Not Found."),
        (answers(200, b"<html>" * 50), f"{address} is not a model that a browser runs"),
        (answers(200, hub.data[:5000]), f"{address} is damaged or cut short"),
        (
            lambda handler: handler.whole(length=1 << 47),
            ": it needs 140,737,488.4 MB more and 67.1 MB to spare, and",
        ),
    ):
        hub.script(cdn=[act])
        done = fetch(address, "--retries", 0)
        assert done.returncode == 1 and sentence in done.stderr and "/content" not in done.stderr
        assert not store.models() and not store.unfinished()


def test_a_model_that_the_hub_vouches_for_need_not_be_one_that_onpage_reads(
    fetch: Fetching, hub: Hub, store: Store
) -> None:
    hub.data = b"LITERTLM" + bytes(range(256)) * 40
    assert fetch(NAME, "--id", "new").returncode == 0
    assert store.get("new").manifest.format == "litertlm"


def test_an_import_of_the_same_file_is_the_same_model(fetch: Fetching, hub: Hub, store: Store, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(hub.data)
    import_file(store, tmp_path / FILE)
    assert "stored already" in fetch(NAME).stdout and not hub.of("cdn")


def test_a_stored_content_that_was_damaged_is_fetched_again(fetch: Fetching, hub: Hub, store: Store) -> None:
    fetch(NAME)
    content = store.get("small-gemma").path
    content.chmod(0o644)
    content.write_bytes(hub.data[:-1])
    hub.script()
    done = subprocess.run(fetch.command(NAME), env=fetch.environment(), capture_output=True, check=False)
    assert done.returncode == 0 and len(hub.of("cdn")) == 1
    assert store.get("small-gemma").path.read_bytes() == hub.data


def test_a_terminal_shows_the_progress_and_each_sentence_on_a_line_of_its_own(fetch: Fetching, hub: Hub) -> None:
    hub.script(cdn=[closes_after(1_500_000)])
    ours, theirs = pty.openpty()
    environment = fetch.environment(TERM="xterm", COLUMNS="120")
    with subprocess.Popen(fetch.command(NAME), stderr=theirs, stdout=subprocess.DEVNULL, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 4096):
                shown += data
        except OSError:  # how Linux says that the other side is closed
            pass
        os.close(ours)
    assert process.returncode == 0
    lines = shown.decode().replace("\r", "\n").replace("\x1b[2K", "\n").split("\n")
    assert any("Fetching" in line and "2.9/2.9 MB" in line for line in lines)
    assert "onpage: The connection to localhost was cut after 1.5 of 2.9 MB; trying again in 0.5 s (1 of 6)." in lines
