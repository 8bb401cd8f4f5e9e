"""The model files: which there are (`/api/models`), and their bytes (`/models/<sha256>/<file>`).

A model may be there in several files, one for each engine, which hold the same weights.

A file's address holds its hash, so it may be cached for ever and is looked up by that hash, never by a path taken
from the URL. The hash of a file is computed once, when the server starts; that of a stored model is in its manifest. A
file that has gone or changed since is refused, because its bytes would no longer be what the address promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, jsonify, send_file

from builder.errors import ModelFileError
from builder.files.digest import sha256_of
from builder.files.reading import NotReadableError, check_regular
from builder.formats.graph_reader import Graph
from builder.formats.inspect_web_file import PromptTemplate
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.task_reader import TaskFile
from builder.formats.web_file_reader import WebFile
from builder.model.catalog import published
from builder.store import Manifest, StoredModel, model_id
from builder.store.importing import describe, known_by_name
from webapp.errors import FilesUnlikeError, ModelFileChangedError, ModelFileMissingError

if TYPE_CHECKING:
    from webapp.served_adapters import ServedAdapter

blueprint = Blueprint("models", __name__)

YEAR = 31_536_000
MAX_DEFAULT_CONTEXT = 2048
"""Tokens. The KV cache is allocated for the whole context, so long-context models do not start with all of it."""

GEMMA_TURNS = PromptTemplate("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n")
"""For files that hold no template. The engine applies none, and without one a model writes nonsense."""

ENGINES = {
    "web": ["mediapipe"],
    "graph-task": ["mediapipe"],
    "litertlm-web": ["litert-lm"],
    "litertlm-graph": ["litert-lm-cpu"],
}
"""What runs a file, by its format as the page calls it: the ids of static/engine/registry.js."""

DEFAULT_SAMPLING = {"temperature": 0.8, "topK": 40, "seed": 1}

MAX_TOKENIZER = 32 << 20
"""Bytes, as in builder.model.tokenizer, which needs more than serving does."""

MAX_PARAMETER_DIFFERENCE = 0.01
"""Share of the weights: a graph has a few constants that a web file has not."""

Source = Path | StoredModel
Offer = Source | Sequence[Source]
"""One model: a file, or several with the same weights, the best known first."""


@dataclass(frozen=True)
class ServedFile:
    """A file as it was when the server started."""

    path: Path
    stamp: tuple[int, int, int]

    def check(self) -> None:
        """Raise ModelFileMissingError or ModelFileChangedError unless the file is still the one that was hashed."""
        try:
            stamp = stamp_of(self.path)
        except OSError as error:
            raise ModelFileMissingError(self.path) from error
        if stamp != self.stamp:
            raise ModelFileChangedError(self.path)


@dataclass(frozen=True)
class ServedModel(ServedFile):
    """One model, with the file that tells most of it."""

    name: str
    """For people."""
    manifest: Manifest
    others: tuple[ServedModel, ...] = ()
    """The same weights for other engines."""

    @property
    def files(self) -> tuple[ServedModel, ...]:
        return (self, *self.others)

    @property
    def file(self) -> str:
        """Its name in its address."""
        return self.manifest.file

    @classmethod
    def read(cls, model: Offer) -> ServedModel:
        """A file, hashed and described, or a stored model, hashed only where it was touched since it was stored.

        Raises ModelFileMissingError, ModelFileChangedError, a ModelFileError if a file is no model, or FilesUnlikeError.
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
        stamp, sha256 = hashed(path)
        name = path.name.removesuffix(".task").removesuffix(".litertlm").removesuffix("-web")
        manifest = describe(path, id=model_id(path.name), sha256=sha256, known=known_by_name(path.name))
        return cls(path, stamp, name, manifest)

    @classmethod
    def _read_stored(cls, model: StoredModel) -> ServedModel:
        try:
            stamp = stamp_of(model.path)
            if not model.is_untouched and sha256_of(model.path) != model.manifest.sha256:
                raise ModelFileChangedError(model.path, f"run onpage verify {model.manifest.id}")
        except OSError as error:
            raise ModelFileMissingError(model.path) from error
        listed = published().get(model.manifest.id)
        return cls(model.path, stamp, listed.family.name if listed else model.manifest.id, model.manifest)

    def to_json(self) -> dict[str, Any]:
        manifest = self.manifest
        context = manifest.context or MAX_DEFAULT_CONTEXT
        return {
            "id": manifest.sha256[:16],
            "name": self.name,
            "file": manifest.file,
            "url": self.url,
            "size": manifest.size,
            "sha256": manifest.sha256,
            "files": [each.file_json() for each in self.files],
            "family": manifest.family,
            "quantization": manifest.quantization,
            "parameters": manifest.parameters,
            "context": context,
            "promptTemplate": asdict(manifest.template or GEMMA_TURNS),
            "sampling": self._sampling() | {"maxTokens": min(context, MAX_DEFAULT_CONTEXT)},
        }

    @property
    def url(self) -> str:
        return f"/models/{self.manifest.sha256}/{quote(self.manifest.file)}"

    @cached_property
    def format(self) -> str:
        """What the page calls it: one of ENGINES. To tell a graph from a web file takes longer than all else of `to_json`."""
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
        return {
            "format": form,
            "url": self.url,
            "size": manifest.size,
            "sha256": manifest.sha256,
            "context": manifest.context or MAX_DEFAULT_CONTEXT,
            "engines": ENGINES[form],
        }

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

    def tokenizer(self) -> bytes:
        """The SentencePiece model in the file; ModelFileError where it cannot be found."""
        form = self.manifest.format
        if form == "web":
            return WebFile.open(self.path).tokenizer()
        part = (
            TaskFile.open(self.path).entries.get("TOKENIZER_MODEL")
            if form == "task"
            else LitertlmFile.open(self.path).section("SP_Tokenizer")
        )
        if part is None or part.size > MAX_TOKENIZER:
            raise ModelFileError(f"{self.path} has no SentencePiece tokenizer.", subject=self.path)
        with self.path.open("rb") as file:
            file.seek(part.offset)
            return file.read(part.size)

    def _sampling(self) -> dict[str, Any]:
        """What the model recommends, over what the page takes otherwise."""
        said = {"temperature": self.manifest.sampling.temperature, "topK": self.manifest.sampling.top_k}
        return DEFAULT_SAMPLING | {key: value for key, value in said.items() if value is not None}


def hashed(path: Path) -> tuple[tuple[int, int, int], str]:
    """The stamp and the sha256 of a regular file; ModelFileMissingError where it is none. A pipe or a device is not read."""
    try:
        check_regular(path)
        return stamp_of(path), sha256_of(path)
    except NotReadableError as error:
        raise ModelFileMissingError(path, str(error)) from None
    except OSError as error:
        raise ModelFileMissingError(path, f"cannot be read: {error.strerror}") from None


def stamp_of(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced or written to; raises OSError."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


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


@blueprint.get("/models/<sha256>/<file>")
def model_bytes(sha256: str, file: str) -> Response:
    """The whole file or one range of it; `If-Range` and `If-None-Match` compare with the sha256."""
    models: dict[str, ServedModel] = current_app.extensions["onpage_models"]
    files = {each.manifest.sha256: each for model in models.values() for each in model.files}
    model: ServedModel | ServedAdapter | None = files.get(sha256) or current_app.extensions["onpage_adapters"].get(
        sha256
    )
    if model is None or file != model.file:
        return _error(404, "model_unknown", "This server has no such model.")
    try:
        model.check()
        response = send_file(
            model.path, mimetype="application/octet-stream", etag=sha256, last_modified=None, max_age=YEAR
        )
    except (ModelFileMissingError, FileNotFoundError):
        return _error(404, "model_missing", f"The file {model.file} has been moved or deleted on the server.")
    except ModelFileChangedError:
        return _error(409, "model_changed", f"The file {model.file} has changed since the server started.")
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _error(status: int, code: str, message: str) -> Response:
    response = jsonify({"error": code, "message": message})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
