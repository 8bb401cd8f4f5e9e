"""A checkpoint → the files that the page's engines run, in the store: a web file for the GPU and a graph for the processor, or, of one
that makes vectors of texts, the file of the embedding engine.

Each is quantized as its engine computes fastest, with the same adapter merged. Each file is in the store whole or not at all, with a note
of what it was made of: the same call makes only what is missing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from builder.bundle.source import UNSAID
from builder.calibrate.prepare import Calibration
from builder.convert.web_file import Progress, convert_opened
from builder.encoder.convert import convert_encoder
from builder.errors import StoreError
from builder.fetch.checkpoints import ADAPTER, ADAPTER_SAMPLING
from builder.fetch.located import Located
from builder.files.digest import sha256_of
from builder.formats.inspect_web_file import Sampling
from builder.graph.convert import convert_to_graph
from builder.model.opened import OpenedCheckpoint
from builder.model.origin import Origin
from builder.model.turns import NOTHING_ASKED, AskedTurns
from builder.quantize.scheme import Quantization
from builder.store import Store, StoredModel
from builder.store.importing import describe
from builder.store.manifest import require_free_of_meaning

FOR_THE_GPU = Quantization.of("8", embedding="q4_0").with_best_scales()
"""What docs/quantization.md recommends for a small Gemma, most of whose weights are the embedding."""
FOR_THE_PROCESSOR = Quantization.of("8").with_best_scales()
"""A browser's processor multiplies blocks three to four times slower than int8 (docs/graph.md)."""

MADE_OF = "made of"
"""The note in a manifest."""
RECIPE = 1
"""Goes up when the same input gives better files."""


@dataclass(frozen=True)
class Wanted:
    """What is to be made, known before anything is fetched."""

    id: str
    """Of the web file in the store."""
    source: str
    """What the checkpoint is: for a person, and to tell it from others."""
    name: str | None = None
    """Of the model, for people."""
    licence: str | None = None
    merge: Path | None = None
    """The folder of a LoRA adapter."""
    for_the_gpu: bool = True
    """Whether there is a web file, which has the id; a graph alone has it otherwise."""
    sampling: Sampling = UNSAID
    """What its authors recommend, for a checkpoint that does not say it."""
    turns: AskedTurns = NOTHING_ASKED

    @property
    def graph_id(self) -> str:
        """Of the graph in the store."""
        return f"{self.id}-cpu" if self.for_the_gpu else self.id

    @property
    def made_of(self) -> str:
        """Changes with everything that the files are made of."""
        files = [] if self.merge is None else [self.merge / name for name in (*ADAPTER, ADAPTER_SAMPLING)]
        adapter = [sha256_of(path) for path in files if path.exists()]
        facts = [RECIPE, self.source, adapter, str(FOR_THE_GPU), str(FOR_THE_PROCESSOR)]
        if self.turns != NOTHING_ASKED:
            facts.append(repr(self.turns))
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def stored(wanted: Wanted, store: Store, model_id: str) -> StoredModel | None:
    """One of the two files, where it is in the store whole and was made of the same. StoreError where the id is another model's."""
    require_free_of_meaning(model_id)
    if not any(path.stem == model_id for path in store.manifest_paths()):
        return None
    model = store.read(store.manifest_path(model_id))
    if MADE_OF not in model.manifest.conversion:
        raise StoreError(
            f"{model_id} is stored already, and was not made by this command: run onpage remove {model_id} first.",
            subject=model_id,
        )
    return model if model.is_untouched and model.manifest.conversion[MADE_OF] == wanted.made_of else None


def make_web_file(wanted: Wanted, checkpoint: Located, store: Store, progress: Progress | None = None) -> StoredModel:
    """Converts the checkpoint, calibrated and with the adapter merged, and puts the web file in the store. Raises as convert_opened does."""
    opened = OpenedCheckpoint.complete(checkpoint.path, wanted.merge)
    with store.workspace() as folder:
        written = convert_opened(
            opened,
            folder / f"{wanted.id}-web.task",
            quantization=FOR_THE_GPU,
            origin=checkpoint.origin,
            calibration=Calibration(),
            progress=progress,
        )
        return _add(wanted, wanted.id, written.path, written.sha256, store, checkpoint.origin)


def make_graph(wanted: Wanted, checkpoint: Located, store: Store, progress: Progress | None = None) -> StoredModel:
    """Writes the checkpoint as a graph, with the adapter merged, and puts it in the store. Raises as convert_to_graph does."""
    with store.workspace() as folder:
        written = convert_to_graph(
            checkpoint.path,
            folder / f"{wanted.id}.litertlm",
            quantization=FOR_THE_PROCESSOR,
            merge=wanted.merge,
            turns=wanted.turns,
            progress=progress,
        )
        return _add(wanted, wanted.graph_id, written.path, written.sha256, store, checkpoint.origin)


def make_embedding(wanted: Wanted, checkpoint: Located, store: Store, progress: Progress | None = None) -> StoredModel:
    """Writes a checkpoint that makes vectors of texts for the embedding engine, and puts it in the store. Raises as convert_encoder does."""
    with store.workspace() as folder:
        written = convert_encoder(checkpoint.path, folder / f"{wanted.id}.litertlm", progress=progress)
        return _add(wanted, wanted.graph_id, written.path, written.sha256, store, checkpoint.origin)


def _add(wanted: Wanted, model_id: str, path: Path, sha256: str, store: Store, origin: Origin | None) -> StoredModel:
    found = describe(path, id=model_id, sha256=sha256)
    manifest = replace(
        found,
        source=wanted.source,
        revision=origin.commit if origin else None,
        name=wanted.name,
        licence=wanted.licence,
        sampling=wanted.sampling if found.sampling == UNSAID else found.sampling,
        conversion=found.conversion | {MADE_OF: wanted.made_of},
    )
    return store.add(path, manifest, replace=True)
