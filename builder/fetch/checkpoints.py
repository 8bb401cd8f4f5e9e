"""A checkpoint or an adapter from the hub: the files that convert reads and no others, kept by the commit that they are of.

They lie under ONPAGE_HOME in `checkpoints/owner--name/<commit>/`. A file is fetched into a workspace of the store, so an
interrupted transfer goes on; it takes its name when all of it came with the sum that the hub has for it. What is there is not
asked for again, and a commit that is there whole needs no network.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from builder.errors import FetchError, GatedError, StoreBusyError, StoreError
from builder.fetch.connection import connect
from builder.fetch.download import Progress, download, require_room
from builder.fetch.hub import COMMIT, Hub, Repository
from builder.fetch.patience import RETRIES, Patience, Say
from builder.fetch.remote import Remote
from builder.fetch.sources import HubFile, parse_source
from builder.files.reading import read_json_object, shown
from builder.files.writing import write_beside
from builder.store import Store

CHECKPOINTS = "checkpoints"
"""The folder in the store's."""
WHOLE = "onpage.json"
"""Lists what was fetched of a commit, once all of it is there."""
LAST = "revisions.json"
"""Which commit each revision was when it was last fetched: for when the hub cannot be asked."""

CONFIG = "config.json"
SETTINGS = (
    CONFIG,
    "generation_config.json",
    "tokenizer.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
    "preprocessor_config.json",
    "processor_config.json",
)
"""What convert reads beside the weights, where it is there."""
MODULES = "modules.json"
SENTENCE = (MODULES, "config_sentence_transformers.json", "sentence_bert_config.json")
"""What sentence-transformers adds, for a model that makes vectors of texts."""
MODULE = re.compile(r"[0-9]{1,2}_\w{1,40}/(?:config\.json|model\.safetensors)", re.ASCII)
"""In the folder of a module behind its layers, such as 1_Pooling or 2_Dense."""
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
ADAPTER_SAMPLING = "generation_config.json"
"""Read beside an adapter, where it is there."""
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD = re.compile(r"(?:model|pytorch_model)-\d{5}-of-\d{5}\.(?:safetensors|bin)")
OLD_WEIGHTS, OLD_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"
SPLIT = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
MAX_SHARDS = 1000

Check = Callable[[dict[str, Any], Path], object]
"""Told config.json and its path; refuses it by an error of builder.errors."""
CheckListed = Callable[[Repository, tuple[str, ...]], object]
"""Told what a repository holds and which files would be fetched first; refuses them by an error of builder.errors."""


@dataclass(frozen=True)
class FetchedCheckpoint:
    """A checkpoint that is here now."""

    path: Path
    """Its folder, or its GGUF file."""
    name: str
    """owner/name, or owner/name/file.gguf."""
    commit: str
    received: int
    """Bytes that came from the network for it."""


def fetch_checkpoint(
    source: str,
    store: Store,
    say: Say,
    *,
    file: str | None = None,
    token: str | None = None,
    retries: int = RETRIES,
    check: Check | None = None,
    check_listed: CheckListed | None = None,
    progress: Progress | None = None,
) -> FetchedCheckpoint:
    """Fetches what is not here yet of `source` (owner/name, perhaps with /file.gguf and @revision); `file` names a GGUF file.

    `check_listed` sees the list of files before anything is fetched, `check` a config.json before anything large is, and each may refuse it. Raises FetchError, GatedError and StoreError. What has come is kept then, and the same call goes on from there.
    """
    reference = parse_source(source)
    if not isinstance(reference, HubFile):
        raise FetchError(f"{source} is not a repository of the hub: expected owner/name.", subject=source)
    if file is not None:
        if reference.file not in ("", file):
            raise FetchError(f"Two files, {reference.file} and --file {file}: give one.", subject=file)
        reference = parse_source(f"{reference.repo}/{file}", reference.revision)
        assert isinstance(reference, HubFile)
    return _Fetch(reference, store, say, token, retries, check, check_listed, progress).run()


def size_of_checkpoint(wanted: HubFile, say: Say, token: str | None, retries: int = RETRIES) -> tuple[int, str]:
    """Bytes of the files that `fetch_checkpoint` would fetch of a repository with a config.json, and their commit, without fetching any.
    Raises FetchError and GatedError."""
    repository = Hub.open(token, say).repository(wanted, Patience(retries, say))
    first, more = needed(repository, wanted)
    shards = [name for name in repository.files if more and SHARD.fullmatch(name)]
    return sum(repository.files[name].size or 0 for name in {*first, *shards}), repository.commit


class _Fetch:
    def __init__(
        self,
        wanted: HubFile,
        store: Store,
        say: Say,
        token: str | None,
        retries: int,
        check: Check | None,
        check_listed: CheckListed | None,
        progress: Progress | None,
    ) -> None:
        self._check, self._check_listed = check, check_listed
        self._wanted, self._store, self._say, self._token = wanted, store, say, token
        self._patience = Patience(retries, say)
        self._progress: Progress = progress or (lambda phase, done, total: None)
        self._folder = store.folder / CHECKPOINTS / wanted.repo.replace("/", "--")
        self._received = 0

    def run(self) -> FetchedCheckpoint:
        """All files, in place."""
        wanted = self._wanted
        if wanted.revision and COMMIT.fullmatch(wanted.revision) and (here := self._whole(wanted.revision)):
            return self._fetched(wanted.revision, here)
        try:
            hub = Hub.open(self._token, self._say)
            repository = hub.repository(wanted, self._patience)
        except GatedError:
            raise
        except FetchError as error:
            last = self._last()
            if last is None or not (here := self._whole(last)):
                raise
            self._say(f"{error} What is here of {wanted.repo} is taken, commit {last[:12]}.")
            return self._fetched(last, here)
        here = self._whole(repository.commit)
        if here:
            return self._fetched(repository.commit, here)
        place = self._folder / repository.commit
        first, more = needed(repository, wanted)
        if self._check_listed:
            self._check_listed(repository, first)
        if self._check and CONFIG in first:
            self._fetch_all(hub, repository, (CONFIG,), place)
            self._check(read_json_object(place / CONFIG), place / CONFIG)
        self._fetch_all(hub, repository, first, place)
        if more:
            first = (*first, *more(place))
            self._fetch_all(hub, repository, first, place)
        self._note(place / WHOLE, self._wanted.file, list(first))
        self._note(self._folder / LAST, wanted.revision or "", repository.commit)
        return self._fetched(repository.commit, first)

    def _fetched(self, commit: str, names: tuple[str, ...]) -> FetchedCheckpoint:
        place, file = self._folder / commit, self._wanted.file
        alone = file or (names[0] if names[0].lower().endswith(".gguf") else "")
        name = f"{self._wanted.repo}/{alone}" if alone else self._wanted.repo
        return FetchedCheckpoint(place / alone if alone else place, name, commit, self._received)

    def _whole(self, commit: str) -> tuple[str, ...]:
        """The files that an earlier run fetched of this commit for the same wish, as far as all are there."""
        place = self._folder / commit
        if not (place / WHOLE).exists():
            return ()
        listed = read_json_object(place / WHOLE).get(self._wanted.file)
        names = tuple(listed) if isinstance(listed, list) and all(isinstance(name, str) for name in listed) else ()
        return names if names and all((place / name).is_file() for name in names) else ()

    def _last(self) -> str | None:
        """The commit that the wanted revision was when it was last fetched."""
        path = self._folder / LAST
        found = read_json_object(path).get(self._wanted.revision or "") if path.exists() else None
        return found if isinstance(found, str) and COMMIT.fullmatch(found) else None

    @staticmethod
    def _note(path: Path, key: str, value: Any) -> None:
        said = read_json_object(path) if path.exists() else {}
        text = json.dumps(said | {key: value}).encode()
        with write_beside(path, len(text)) as part:
            part.write_at(0, text)

    def _fetch_all(self, hub: Hub, repository: Repository, names: tuple[str, ...], place: Path) -> None:
        missing = [name for name in names if not (place / name).is_file()]
        sizes = {name: repository.files[name].size or 0 for name in missing}
        total, kept = sum(sizes.values()), self._store.unfinished()
        remotes = {name: hub.remote(repository, name) for name in missing}
        left = total - sum(min(kept.get(remote.workspace, 0), sizes[name]) for name, remote in remotes.items())
        if left:
            require_room(self._store.folder, Remote("", self._wanted.source, self._wanted.source), left)
        before = 0
        for name, remote in remotes.items():
            self._fetch_one(hub, remote, place / name, self._counting(before, total))
            before += sizes[name]

    def _counting(self, before: int, total: int) -> Progress:
        """Progress of one file as that of all."""

        def report(phase: str, done: int, of: int) -> None:
            if phase == "download":
                self._progress(phase, before + done, max(total, before + of))

        return report

    def _fetch_one(self, hub: Hub, remote: Remote, path: Path, progress: Progress) -> None:
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(self._store.workspace(remote.workspace))
            except StoreBusyError:
                self._say(f"Another process is fetching {remote.file}; waiting for it.")
                folder = stack.enter_context(self._store.workspace(remote.workspace, wait=math.inf))
            if path.is_file():
                return  # by the process that was waited for
            client = stack.enter_context(connect(constants.ENDPOINT, constants.HF_HUB_DOWNLOAD_TIMEOUT))
            finished = download(remote, folder, client, self._patience, token=hub.token, progress=progress)
            self._received += finished.received
            try:
                _check_blob(finished.path, remote)
                path.parent.mkdir(parents=True, exist_ok=True)
                finished.path.replace(path)
            except OSError as error:
                raise StoreError(f"{path} cannot be written: {error.strerror}.", subject=path) from None


def needed(repository: Repository, wanted: HubFile) -> tuple[tuple[str, ...], Callable[[Path], tuple[str, ...]] | None]:
    """The files that a checkpoint is made of, and what tells the rest of them once these are there."""
    names = repository.files
    if wanted.file:
        return _gguf_parts(repository, wanted.file), None
    if ADAPTER[0] in names and CONFIG not in names:
        return (*_all(repository, ADAPTER), *({ADAPTER_SAMPLING} & set(names))), None
    ggufs = sorted(name for name in names if name.lower().endswith(".gguf"))
    if CONFIG in names:
        settings = (*(name for name in SETTINGS if name in names), *_of_sentences(names))
        for whole, index in ((WEIGHTS, INDEX), (OLD_WEIGHTS, OLD_INDEX)):
            if index in names:
                return (*settings, index), lambda place, index=index: _shards(place / index, repository)
            if whole in names:
                return (*settings, whole), None
    if len(ggufs) == 1 or (
        ggufs and SPLIT.fullmatch(ggufs[0]) and set(_gguf_parts(repository, ggufs[0])) == set(ggufs)
    ):
        return _gguf_parts(repository, ggufs[0]), None
    if ggufs:
        some = ", ".join(ggufs[:12]) + (" …" if len(ggufs) > 12 else "")
        raise FetchError(
            f"{repository.name} has {len(ggufs)} GGUF files: name one with --file, or behind the repository "
            f"({repository.name}/{ggufs[0]}), of {some}.",
            subject=repository.name,
        )
    some = ", ".join(sorted(names)[:8])
    raise FetchError(
        f"{repository.name} holds no checkpoint that onpage reads: expected config.json with model.safetensors, a GGUF file, or "
        f"an adapter of peft; it has {some or 'no files'}.",
        subject=repository.name,
    )


def _of_sentences(names: Collection[str]) -> tuple[str, ...]:
    """Those of sentence-transformers, in a repository that has its modules.json."""
    if MODULES not in names:
        return ()
    return tuple(sorted(name for name in names if name in SENTENCE or MODULE.fullmatch(name)))


def _gguf_parts(repository: Repository, file: str) -> tuple[str, ...]:
    """The file, or all parts of it, the one that is named first."""
    split = SPLIT.fullmatch(file)
    count = int(split["count"]) if split else 1
    if split is None or not 1 <= count <= MAX_SHARDS:
        return _all(repository, (file,))
    parts = [f"{split['stem']}-{i:05}-of-{count:05}.gguf" for i in range(1, count + 1)]
    return _all(repository, (file, *(part for part in parts if part != file)))


def _shards(index: Path, repository: Repository) -> tuple[str, ...]:
    weights = read_json_object(index).get("weight_map")
    names = (
        sorted(set(weights.values()))
        if isinstance(weights, dict) and all(isinstance(name, str) for name in weights.values())
        else []
    )
    if not 0 < len(names) <= MAX_SHARDS:
        raise FetchError(f"{index.name} of {repository.name} names no files of weights.", subject=index)
    return _all(repository, tuple(names))


def _all(repository: Repository, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in repository.files:
            raise FetchError(
                f"{repository.name} has no file {shown(name)} at commit {repository.commit[:12]}.", subject=name
            )
    return names


def _check_blob(path: Path, remote: Remote) -> None:
    """A small file has no sha256 on the hub, but git's name of its content. FetchError where it is another."""
    if remote.sha256 or not remote.blob:
        return
    data = path.read_bytes()
    digest = hashlib.sha1(f"blob {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
    if digest != remote.blob:
        path.unlink()
        raise FetchError(
            f"{remote.file} came damaged: git's sum of it is {digest}, expected {remote.blob}. Run the same command again.",
            subject=remote.file,
        )
