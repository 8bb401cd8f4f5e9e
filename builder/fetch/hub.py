"""Files on Hugging Face: what the hub says of one before it is downloaded, and what its refusals mean.

huggingface_hub asks, through a client of ours (see `connection`); the transfer is `download`'s, since huggingface_hub goes on
with an interrupted one within a process only and does not compare what came with the sha256.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import httpx2
import huggingface_hub
from huggingface_hub import HfApi, ModelInfo, constants, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from builder import __version__
from builder.errors import FetchError, GatedError
from builder.fetch.connection import MAX_ANSWER, NETWORK_ERRORS, broken, connect, fault_of, is_private, origin_of
from builder.fetch.patience import PassingError, Patience, Say
from builder.fetch.remote import Remote
from builder.fetch.sources import HubFile
from builder.files.reading import shown
from builder.store.manifest import MAX_SIZE, SHA256, is_file_name

COMMIT = re.compile(r"[0-9a-f]{40}")
TOKEN = re.compile(r"[!-~]{1,8192}")
MODELS = (".task", ".litertlm", ".tflite", ".bin")
T = TypeVar("T")


@dataclass(frozen=True)
class ListedFile:
    """A file of a repository: its size, and the sha256 of a large one or git's name of a small one."""

    size: int | None
    sha256: str | None
    blob: str | None


@dataclass(frozen=True)
class Repository:
    """What a repository holds at one commit."""

    name: str
    commit: str
    files: Mapping[str, ListedFile]
    licence: str | None
    gated: bool
    architecture: str | None = None
    """Of its GGUF files, as the hub has read them; None where there are none, or the hub does not say."""


@dataclass(frozen=True)
class Hub:
    """The hub at `endpoint` (HF_ENDPOINT, else huggingface.co), asked with `token` or without."""

    endpoint: str
    token: str | None

    @classmethod
    def open(cls, token: str | None, say: Say) -> Hub:
        """With the token given, else with the one of huggingface_hub's usual places."""
        endpoint = _checked_endpoint()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns with what servers say
        constants.HF_HUB_DISABLE_TELEMETRY = True  # it would ask the hub about, and tell it, what runs this command
        huggingface_hub.set_client_factory(lambda: connect(endpoint, constants.HF_HUB_ETAG_TIMEOUT, most=MAX_ANSWER))
        found = token or _stored_token()
        if found and not TOKEN.fullmatch(found):
            raise FetchError("The token contains characters that no token has: copy it again.", subject="token")
        if found and not is_private(httpx2.URL(endpoint)):
            say(f"The token is not sent, because others could read it on the way to HF_ENDPOINT, {endpoint}.")
            found = None
        return cls(endpoint, found)

    @property
    def host(self) -> str:
        """For sentences."""
        return httpx2.URL(self.endpoint).host

    @property
    def _api(self) -> HfApi:
        return HfApi(self.endpoint, self.token or False, library_name="onpage", library_version=__version__)

    def look_up(self, wanted: HubFile, patience: Patience) -> Remote:
        """Everything about a file but its bytes; FetchError where it is not to be had."""
        info = patience(lambda: self._ask(wanted, lambda: self._model_info(wanted)))
        remote = self._listed(wanted, info)
        url = hf_hub_url(wanted.repo, wanted.file, revision=remote.revision, endpoint=self.endpoint)
        remote = replace(remote, url=url, explain=lambda response: self.explain(response, wanted))
        try:
            metadata = patience(lambda: self._ask(wanted, lambda: self._api.get_hf_file_metadata(url=url)))
        except GatedError as error:
            return replace(remote, gated=True, refusal=error)
        if not SHA256.fullmatch(metadata.etag or ""):
            raise FetchError(
                f"{self.host} gives no sha256 for {wanted.source}: expected a model, which the hub keeps as a large file.",
                subject=wanted.source,
            )
        if metadata.size is None or not 0 < metadata.size <= MAX_SIZE:
            raise FetchError(f"{self.host} does not say how large {wanted.source} is.", subject=wanted.source)
        return replace(remote, sha256=metadata.etag, size=metadata.size)

    def repository(self, wanted: HubFile, patience: Patience) -> Repository:
        """What a repository holds at the revision that is wanted; FetchError where there is none."""
        info = patience(lambda: self._ask(wanted, lambda: self._model_info(wanted)))
        files = {
            sibling.rfilename: ListedFile(
                sibling.size if type(sibling.size) is int and 0 <= sibling.size <= MAX_SIZE else None,
                sibling.lfs.sha256 if sibling.lfs and SHA256.fullmatch(sibling.lfs.sha256) else None,
                sibling.blob_id if COMMIT.fullmatch(sibling.blob_id or "") else None,
            )
            for sibling in info.siblings or ()
            if all(map(is_file_name, sibling.rfilename.split("/")))
        }
        assert info.sha  # as _model_info sees to
        architecture = info.gguf.get("architecture") if isinstance(info.gguf, dict) else None
        named = architecture if isinstance(architecture, str) else None
        return Repository(wanted.repo, info.sha, files, _licence(info), bool(info.gated), named)

    def remote(self, repository: Repository, name: str) -> Remote:
        """One of its files, to be downloaded; FetchError where the hub has no sum for it."""
        wanted, listed = HubFile(repository.name, name, repository.commit), repository.files[name]
        if listed.size is None or not (listed.sha256 or listed.blob):
            raise FetchError(
                f"{self.host} gives no size or sum for {wanted.source}, so a damaged download could not be noticed.",
                subject=wanted.source,
            )
        return Remote(
            url=hf_hub_url(repository.name, name, revision=repository.commit, endpoint=self.endpoint),
            file=name.rpartition("/")[2],
            source=wanted.source,
            size=listed.size,
            sha256=listed.sha256,
            blob=listed.blob,
            revision=repository.commit,
            licence=repository.licence,
            gated=repository.gated,
            explain=lambda response: self.explain(response, wanted),
            require=_anything,
        )

    def explain(self, response: httpx2.Response, wanted: HubFile) -> FetchError | PassingError:
        """What the hub's refusal means, and what to do."""
        if origin_of(response.url) != origin_of(httpx2.URL(self.endpoint)):
            if response.status_code in (400, 401, 403, 410):  # a link that the hub signed, for a while
                return PassingError(f"{response.url.host} no longer takes the hub's link ({response.status_code})")
            return fault_of(response)
        code, status = response.headers.get("X-Error-Code", ""), response.status_code
        if code == "GatedRepo":
            return self._gated(wanted.repo)
        if sentence := self._refusal(code, status, wanted):
            return FetchError(sentence, subject=wanted.source)
        return fault_of(response)

    def _refusal(self, code: str, status: int, wanted: HubFile) -> str | None:
        tokens = f"{self.endpoint}/settings/tokens"
        if code == "RevisionNotFound":
            named = f"has no revision {shown(wanted.revision)}: check the branch, tag or commit."
            return f"{wanted.repo} on {self.host} {named if wanted.revision else 'is empty: it has no revision yet.'}"
        if code == "EntryNotFound":
            return f"{wanted.repo} on {self.host} has no file {wanted.file}: check the name."
        if status == 401 and self.token and code != "RepoNotFound":
            return f"{self.host} does not accept the token: make another at {tokens} and pass it with `hf auth login` or --token."
        if code == "RepoNotFound" or status in (401, 404):
            private = "not this token's" if self.token else "in need of --token"
            return f"{self.host} has no repository {wanted.repo}: check the name, or it is private and {private}."
        if status == 403:
            return f"{self.host} forbids {wanted.source} to this token: give it the right to read the repository at {tokens}."
        return None

    def _ask(self, wanted: HubFile, question: Callable[[], T]) -> T:
        """An answer of huggingface_hub, its errors in our words."""
        try:
            return question()
        except HfHubHTTPError as error:
            raise self.explain(error.response, wanted) from None
        except NETWORK_ERRORS as error:
            raise broken(error, httpx2.URL(self.endpoint)) from None
        except HFValidationError:
            raise FetchError(f"{shown(wanted.repo)} cannot be the name of a repository.", subject=wanted.repo) from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise FetchError(
                f"{self.host} does not answer like the hub: check for a login page in this network, and check "
                f"HF_ENDPOINT.",
                subject=self.host,
            ) from None

    def _model_info(self, wanted: HubFile) -> ModelInfo:
        info = self._api.model_info(
            wanted.repo, revision=wanted.revision, timeout=constants.HF_HUB_ETAG_TIMEOUT, files_metadata=True
        )
        if not COMMIT.fullmatch(info.sha or ""):
            raise ValueError("no commit")
        return info

    def _listed(self, wanted: HubFile, info: ModelInfo) -> Remote:
        """What the repository's description says of the file, also to those who may not have it."""
        files = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        self._refuse_checkpoints(wanted, sorted(files))
        if wanted.file not in files:
            models = sorted(name for name in files if name.endswith(MODELS) and len(name) <= 120)
            there = (
                f"it has {', '.join(models[:8])}{' …' if len(models) > 8 else ''}" if models else "it has no model file"
            )
            said = f"has no file {wanted.file}" if wanted.file else "is a repository: name a file of it"
            raise FetchError(f"{wanted.repo} {said} ({there}).", subject=wanted.source)
        sibling = files[wanted.file]
        return Remote(
            url="",
            file=wanted.file.rpartition("/")[2],
            source=wanted.source,
            size=sibling.size if type(sibling.size) is int and 0 < sibling.size <= MAX_SIZE else None,
            sha256=sibling.lfs.sha256 if sibling.lfs and SHA256.fullmatch(sibling.lfs.sha256) else None,
            revision=info.sha,
            licence=_licence(info),
            gated=bool(info.gated),
        )

    def _refuse_checkpoints(self, wanted: HubFile, names: list[str]) -> None:
        """FetchError for GGUF files, which no page runs as they are: one that is named, or a repository that has nothing else."""
        ggufs = [name for name in names if name.lower().endswith(".gguf") and is_file_name(name.rpartition("/")[2])]
        if wanted.file in ggufs:
            ggufs, said = [wanted.file], f"{wanted.source} is a GGUF file"
        elif ggufs and not wanted.file and not any(name.endswith(MODELS) for name in names):
            said = f"{wanted.repo} has no file for a page, only GGUF files"
        else:
            return
        some = ", ".join(ggufs[:12]) + (" …" if len(ggufs) > 12 else "")
        which = "" if wanted.file else f", where FILE is one of {some}"
        raise FetchError(
            f"{said}: convert it with onpage convert {wanted.repo} --file {wanted.file or 'FILE'} -o MODEL.task{which}.",
            subject=wanted.source,
        )

    def _gated(self, repo: str) -> GatedError:
        page = f"{self.endpoint}/{repo}"
        steps = (
            f"accept it there with the token's account, and let the token read gated repositories "
            f"({self.endpoint}/settings/tokens)"
            if self.token
            else f"sign in, accept it there, make a token at {self.endpoint}/settings/tokens, and pass it with "
            f"`hf auth login` or --token"
        )
        return GatedError(
            f"{repo} requires that you accept its licence at {page}: {steps}. Then run the same command again.",
            page=page,
        )


def _anything(source: Path | str, first: bytes) -> None:
    """Of a file whose sum the hub has, any beginning is looked at when it is whole."""


def _checked_endpoint() -> str:
    try:
        url = httpx2.URL(constants.ENDPOINT)
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL()
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
        raise FetchError("HF_ENDPOINT is not the address of a hub: expected https://NAME.", subject="HF_ENDPOINT")
    if constants.is_offline_mode():
        raise FetchError("HF_HUB_OFFLINE is set: unset it to fetch a model.", subject="HF_HUB_OFFLINE")
    return constants.ENDPOINT


def _stored_token() -> str | None:
    try:
        return None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else huggingface_hub.get_token()
    except (OSError, ValueError, RuntimeError, httpx2.HTTPError) as error:
        raise FetchError(
            f"The stored Hugging Face token cannot be read ({type(error).__name__}): run `hf auth login`, or give --token.",
            subject="token",
        ) from None


def _licence(info: ModelInfo) -> str | None:
    card = info.card_data
    for name in (getattr(card, "license_name", None), getattr(card, "license", None)):
        if isinstance(name, str) and name.isprintable() and 0 < len(name) <= 200:
            return name
    return None
