"""The models that a server offers: `/api/models`. Their bytes are in `served_files`.

A model may be there in several files, one for each engine, which hold the same weights. The hash of a file is computed once, when
the server starts; that of a stored model is in its manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from builder.errors import ModelFileError
from builder.files.digest import sha256_of
from builder.formats.embedding_file import EmbeddingFile
from builder.formats.graph_reader import Graph
from builder.formats.inspect_web_file import PromptTemplate
from builder.formats.litertlm_reader import BYTE_PAIRS, SENTENCEPIECE, LitertlmFile, Section
from builder.formats.task_reader import TOKENIZER_ENTRY, Entry, TaskFile
from builder.formats.web_file_reader import WebFile
from builder.model.catalog import licence_pages, published
from builder.model.residual import fits_float16
from builder.store import Manifest, StoredModel, model_id
from builder.store.importing import describe, known_by_name
from webapp.errors import FilesUnlikeError, ModelFileChangedError, ModelFileMissingError, ModelFileUnfitError
from webapp.paths import DEMO_MODEL
from webapp.served_files import ServedFile, stamp_of

blueprint = Blueprint("models", __name__)

MAX_DEFAULT_CONTEXT = 2048
"""Tokens. The KV cache is allocated for the whole context, so long-context models do not start with all of it."""

GEMMA_TURNS = PromptTemplate("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n")
"""For files that hold no template. The engine applies none, and without one a model writes nonsense."""

SYSTEM_TURNS = {"functiongemma3": {"system": {"prefix": "<start_of_turn>developer\n", "suffix": "<end_of_turn>\n"}}}
"""Turns of the system by family, where the texts around a question do not show them; as in builder.model.families, which needs more than
serving does."""

ENGINES = {
    "web": ["mediapipe"],
    "graph-task": ["mediapipe"],
    "litertlm-web": ["litert-lm"],
    "litertlm-graph": ["litert-lm-cpu"],
    "litertlm-embedding": [],
}
"""What writes with a file, by its format as the page calls it: the ids of static/engine/registry.js. With one that makes vectors nothing
does; static/engine/embedder.js asks it."""

TAKES_MEDIA = {"web": ["mediapipe"], "litertlm-web": ["mediapipe"]}
"""The same for a file whose model takes pictures or sound: LiteRT-LM takes text only in a page, and MediaPipe no graph."""

DEFAULT_SAMPLING = {"temperature": 0.8, "topK": 40, "seed": 1}

MAX_TOKENIZER = 32 << 20
"""Bytes, as in builder.model.tokenizer, which needs more than serving does."""

MAX_PARAMETER_DIFFERENCE = 0.01
"""Share of the weights: a graph has a few constants that a web file has not."""

Source = Path | StoredModel
Offer = Source | Sequence[Source]
"""One model: a file, or several with the same weights, the best known first."""


@dataclass(frozen=True)
class ServedModel:
    """One model, with the file that tells most of it."""

    content: ServedFile
    name: str
    """For people."""
    manifest: Manifest
    others: tuple[ServedModel, ...] = ()
    """The same weights for other engines."""
    header: WebFile | None = None
    """Of a slice, which is no file of its own (`served_slices`)."""

    @property
    def files(self) -> tuple[ServedModel, ...]:
        return (self, *self.others)

    @property
    def path(self) -> Path:
        return self.content.path

    @classmethod
    def read(cls, model: Offer) -> ServedModel:
        """A file, hashed and described, or a stored model, hashed only where it was touched since it was stored.

        Raises ModelFileMissingError, ModelFileChangedError, a ModelFileError if a file is no model or runs wrongly, ModelFileUnfitError
        if a stored one does, or FilesUnlikeError.
        """
        if not isinstance(model, Path | StoredModel):
            first, *others = map(cls.read, model)
            for number, other in enumerate(others):
                other.require_unlike_format((first, *others[:number]))
                first.require_same_weights(other)
            return replace(first, others=tuple(others))
        if isinstance(model, StoredModel):
            return cls._read_stored(model)
        path = model.absolute()  # Flask would take a relative one from the package's folder
        content = ServedFile.hashed(path)
        name = path.name.removesuffix(".task").removesuffix(".litertlm").removesuffix("-web")
        manifest = describe(path, id=model_id(path.name), sha256=content.sha256, known=known_by_name(path.name))
        return cls(content, name, manifest)

    @classmethod
    def _read_stored(cls, model: StoredModel) -> ServedModel:
        try:
            stamp = stamp_of(model.path.stat())
            if not model.is_untouched and sha256_of(model.path) != model.manifest.sha256:
                raise ModelFileChangedError(model.path, f"run onpage verify {model.manifest.id}")
            fault = model.fault
        except OSError as error:
            raise ModelFileMissingError(model.path) from error
        if fault:
            raise ModelFileUnfitError(model.manifest.id, fault)
        listed = published().get(model.manifest.id)
        content = ServedFile(model.path, model.manifest.sha256, stamp, model.manifest.file)
        manifest = model.manifest
        return cls(content, manifest.name or (listed.family.name if listed else manifest.id), manifest)

    def to_json(self) -> dict[str, Any]:
        manifest = self.manifest
        context = manifest.context or MAX_DEFAULT_CONTEXT
        return {
            "id": manifest.sha256[:16],
            "kind": manifest.kind,
            "name": self.name,
            "file": manifest.file,
            "url": self.content.url,
            "size": manifest.size,
            "sha256": manifest.sha256,
            "files": [each.file_json() for each in self.files],
            "demo": self.path == DEMO_MODEL,
            "licence": self._licence(),
            "family": manifest.family,
            "quantization": manifest.quantization,
            "parameters": manifest.parameters,
            "context": context,
            "promptTemplate": asdict(manifest.template or GEMMA_TURNS) | SYSTEM_TURNS.get(manifest.family or "", {}),
            "sampling": self._sampling() | {"maxTokens": min(context, MAX_DEFAULT_CONTEXT)},
        } | ({"embedding": self._embedding} if manifest.kind == "embedding" else {})

    @cached_property
    def _embedding(self) -> dict[str, Any] | None:
        """How vectors are asked for; None where the file does not say."""
        try:
            file = EmbeddingFile.open(self.path)
        except ModelFileError:  # gone or changed since: the page says so when it loads it
            return None
        said = file.facts
        if said is None:
            return None
        return {
            "dimensions": said.dimensions,
            "sizes": list(said.sizes),
            "maxTokens": file.longest,
            "query": said.query,
            "document": said.document,
        }

    @cached_property
    def format(self) -> str:
        """What the page calls it: one of ENGINES. To tell a graph from a web file takes longer than all else of `to_json`."""
        if self.manifest.kind == "embedding":
            return "litertlm-embedding"
        if self.manifest.format == "litertlm":
            return "litertlm-graph" if self._is_graph() else "litertlm-web"
        return {"web": "web", "task": "graph-task"}[self.manifest.format]

    def _is_graph(self) -> bool:
        try:
            return isinstance(LitertlmFile.open(self.path).model, Graph)
        except ModelFileError:  # a publisher's, with more in it than onpage can read
            return False

    def file_json(self) -> dict[str, Any]:
        manifest, form = self.manifest, self.format
        beyond = [each for each in manifest.modalities or () if each != "text"] if form in TAKES_MEDIA else []
        return {
            "format": form,
            "url": self.content.url,
            "size": manifest.size,
            "sha256": manifest.sha256,
            "context": manifest.context or MAX_DEFAULT_CONTEXT,
            "engines": TAKES_MEDIA[form] if beyond else ENGINES[form],
            "modalities": beyond,
            "quantization": manifest.quantization,
        } | (self._said_by_the_web_file if form == "web" else {})

    @cached_property
    def _said_by_the_web_file(self) -> dict[str, Any]:
        """The least precision in which an engine holds every number of it, as far as it says, and the bytes that stay out of the GPU."""
        try:
            file = self.web_file()
        except ModelFileError:  # gone or changed since: the page says so when it loads it
            return {"precision": "float32", "onDemand": 0}
        fits = fits_float16(file.largest_residual, file.residual_bound, file.float16_limit)
        fits = fits and not file.has_experts  # a router whose input is rounded chooses others
        return {"precision": "float16" if fits else "float32", "onDemand": file.on_demand}

    def require_unlike_format(self, others: Iterable[ServedModel]) -> None:
        """FilesUnlikeError where one of the others is for the same engines."""
        for other in others:
            if other.format == self.format:
                raise FilesUnlikeError(other.path, self.path, "both are for the same engine")

    def require_same_weights(self, other: ServedModel) -> None:
        """FilesUnlikeError where they cannot be the same: number of weights, vocabulary, turns."""
        ours, theirs = self.manifest, other.manifest
        a, b = ours.parameters, theirs.parameters
        if a and b and abs(a - b) > MAX_PARAMETER_DIFFERENCE * max(a, b):
            raise FilesUnlikeError(self.path, other.path, f"one has {a:,} weights, the other {b:,}")
        if self.tokenizer() != other.tokenizer():
            raise FilesUnlikeError(self.path, other.path, "their tokenizers differ")
        if (ours.template or GEMMA_TURNS) != (theirs.template or GEMMA_TURNS):
            raise FilesUnlikeError(self.path, other.path, "they put prompts into different turns")

    def web_file(self) -> WebFile:
        """Its header, where it is a web file; ModelFileError where it is none any more."""
        return self.header or WebFile.open(self.path)

    def tokenizer(self) -> bytes:
        """The tokenizer in the file, as it lies there; ModelFileError where it cannot be found."""
        form = self.manifest.format
        if form == "web":
            return self.web_file().tokenizer()
        part: Section | Entry | None
        if form == "task":
            part = TaskFile.open(self.path).entries.get(TOKENIZER_ENTRY)
        else:
            bundle = LitertlmFile.open(self.path)
            part = bundle.section(SENTENCEPIECE) or bundle.section(BYTE_PAIRS)
        if part is None or part.size > MAX_TOKENIZER:
            raise ModelFileError(f"{self.path} has no tokenizer.", subject=self.path)
        with self.path.open("rb") as file:
            file.seek(part.offset)
            return file.read(part.size)

    def _licence(self) -> dict[str, str | None] | None:
        """What it is called and where it can be read, as far as that is known."""
        name = self.manifest.licence
        return None if name is None else {"name": name, "page": licence_pages().get(name)}

    def _sampling(self) -> dict[str, Any]:
        """What the model recommends, over what the page takes otherwise."""
        said = {"temperature": self.manifest.sampling.temperature, "topK": self.manifest.sampling.top_k}
        return DEFAULT_SAMPLING | {key: value for key, value in said.items() if value is not None}


def read_models(models: Sequence[Offer]) -> dict[str, ServedModel]:
    """The models by sha256, in the order given; the same content twice is one model."""
    served: dict[str, ServedModel] = {}
    for each in models:
        model = ServedModel.read(each)
        served.setdefault(model.manifest.sha256, model)
    return served


@blueprint.get("/api/models")
def list_models() -> Response:
    """Every model of this server, present or not: the page says so itself when one has gone."""
    models: dict[str, ServedModel] = current_app.extensions["onpage_models"]
    adapters: dict[str, list[dict[str, Any]]] = current_app.extensions["onpage_adapters_of"]
    response = jsonify([model.to_json() | {"adapters": adapters.get(sha256, [])} for sha256, model in models.items()])
    response.headers["Cache-Control"] = "no-store"
    return response
