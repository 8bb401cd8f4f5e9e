"""What a user may name as the model to fetch: an id of the catalog, a file on the hub, or an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx2

from builder.errors import FetchError
from builder.fetch.connection import is_private, shown_address
from builder.files.reading import shown
from builder.model.catalog import HUB, PublishedModel, checkpoints, published
from builder.store.manifest import is_file_name, model_id

HUB_HOSTS = frozenset({"huggingface.co", "hf.co", "www.huggingface.co"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
FORMS = "an id that `onpage models` lists, org/repo/file of a Hugging Face repository, or an https address"


@dataclass(frozen=True)
class HubFile:
    """A file of a repository. `revision` is a branch, tag or commit, None for the newest; `file` is "" where none is named."""

    repo: str
    file: str
    revision: str | None = None

    @property
    def source(self) -> str:
        """What `onpage fetch` takes, and the manifest keeps."""
        return f"{self.repo}/{self.file}"

    @property
    def known(self) -> PublishedModel | None:
        """The model of the catalog that this is."""
        return next((m for m in published().values() if (m.repo, m.file) == (self.repo, self.file)), None)

    @property
    def id(self) -> str:
        """The id that the model gets unless another is asked for."""
        return self.known.id if self.known else model_id(self.file)


@dataclass(frozen=True)
class Address:
    """A file of any server. What `url` may hold that is secret is not in `source`."""

    url: str

    @property
    def source(self) -> str:
        """The address without query and fragment."""
        return shown_address(httpx2.URL(self.url))

    @property
    def file(self) -> str:
        """The last part of its path."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name

    @property
    def id(self) -> str:
        """The id that the model gets unless another is asked for."""
        return model_id(self.file)


def parse_source(text: str, revision: str | None = None) -> HubFile | Address:
    """What `text` names; FetchError where it names nothing. `revision` may also be written behind an @ or in a page's address."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        return _address(text, revision)
    path, at, written = text.rpartition("@")
    if not at:
        path, written = text, ""
    if published_model := published().get(path.lower()):
        return _hub_file(published_model.repo, published_model.file, _one(written, revision))
    parts = path.split("/")
    if len(parts) >= 2 and not path.startswith((".", "/", "~")):
        return _hub_file("/".join(parts[:2]), "/".join(parts[2:]), _one(written, revision))
    if text and Path(text).expanduser().exists():
        raise FetchError(f"{text} is on this machine: use onpage import {text}.", subject=text)
    close = get_close_matches(text.lower(), [*published(), *checkpoints()], n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise FetchError(f"{shown(text)} names no model{hint}: expected {FORMS}.", subject=text)


def _address(text: str, revision: str | None) -> HubFile | Address:
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError):
        raise FetchError(f"{shown(text)} is not an address: expected {FORMS}.", subject=text) from None
    if url.userinfo:
        raise FetchError(
            f"{shown_address(url)} contains a user name or a password, which would end up in logs: download the file "
            f"yourself, then run onpage import.",
            subject=shown_address(url),
        )
    if url.host.lower() in HUB_HOSTS:
        return _hub_page(url, revision)
    if not is_private(url):
        raise FetchError(
            f"{shown_address(url)} is not secure: expected an https address, or http on this machine.",
            subject=shown_address(url),
        )
    if revision:
        raise FetchError("--revision is for files on Hugging Face: an address has none.", subject="--revision")
    address = Address(str(url.copy_with(fragment=None)))
    if not is_file_name(address.file):
        raise FetchError(
            f"{address.source} names no file: expected the address of the file itself.", subject=address.source
        )
    return address


def _hub_page(url: httpx2.URL, revision: str | None) -> HubFile:
    """The address that a browser shows for a file: …/blob/main/file, which is a web page, or …/resolve/main/file."""
    parts = [part for part in unquote(url.path).split("/") if part]
    if len(parts) > 4 and parts[2] in ("blob", "resolve", "raw"):
        return _hub_file(
            "/".join(parts[:2]), "/".join(parts[4:]), revision or (parts[3] if parts[3] != "main" else None)
        )
    return _hub_file("/".join(parts[:2]), "", revision)


def _hub_file(repo: str, file: str, revision: str | None) -> HubFile:
    organization, _, name = repo.partition("/")
    if not (NAME.fullmatch(organization) and NAME.fullmatch(name)):
        raise FetchError(f"{shown(repo)} is not a repository of {HUB}: expected {FORMS}.", subject=repo)
    if file and not all(is_file_name(part) for part in file.split("/")):
        raise FetchError(f"{shown(file)} is not a file of a repository: expected {FORMS}.", subject=file)
    if revision is not None and (not revision.isprintable() or not 0 < len(revision) <= 200):
        raise FetchError(
            f"{shown(revision)} is not a revision: expected a branch, a tag or a commit.", subject=revision
        )
    return HubFile(repo, file, revision)


def _one(written: str, option: str | None) -> str | None:
    if written and option and written != option:
        raise FetchError(f"Two revisions, @{written} and --revision {option}: give one.", subject=written)
    return written or option
