"""The model files: which there are (`/api/models`), and their bytes (`/models/<sha256>/<file>`).

A file's address holds its hash, so it may be cached for ever and is looked up by that hash, never by a path taken
from the URL. The hash of a file is computed once, when the server starts; that of a stored model is in its manifest. A
file that has gone or changed since is refused, because its bytes would no longer be what the address promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, jsonify, send_file

from builder.catalog import published
from builder.digest import sha256_of
from builder.inspect import PromptTemplate
from builder.store import Manifest, StoredModel, model_id
from builder.store.importing import describe, known_by_name
from webapp.errors import ModelFileChangedError, ModelFileMissingError

if TYPE_CHECKING:
    from webapp.adapters import ServedAdapter

blueprint = Blueprint("models", __name__)

YEAR = 31_536_000
LARGEST_DEFAULT_CONTEXT = 2048
"""Tokens. The KV cache is allocated for the whole context, so long-context models do not start with all of it."""

GEMMA_TURNS = PromptTemplate("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n")
"""For files that hold no template. The engine applies none, and without one a model writes nonsense."""

ENGINES = {
    "web": ["mediapipe"],
    "graph-task": ["mediapipe"],
    "litertlm-web": ["mediapipe"],
}
"""What runs a file, by its format as `/api/models` says it: the ids of static/engines/registry.js, best first."""

DEFAULT_SAMPLING = {"temperature": 0.8, "topK": 40, "seed": 1}


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
    """One model file."""

    name: str
    """For people."""
    manifest: Manifest

    @property
    def file(self) -> str:
        """Its name in its address."""
        return self.manifest.file

    @classmethod
    def read(cls, model: Path | StoredModel) -> ServedModel:
        """A file, hashed and described, or a stored model, hashed only where it was touched since it was stored.

        Raises ModelFileMissingError, ModelFileChangedError, or a ModelFileError if the file is no model.
        """
        if isinstance(model, StoredModel):
            return cls._read_stored(model)
        path = model.absolute()  # Flask would take a relative one from the package's folder
        try:
            stamp = stamp_of(path)
            sha256 = sha256_of(path)
        except OSError as error:
            raise ModelFileMissingError(path) from error
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
        context = manifest.context or LARGEST_DEFAULT_CONTEXT
        return {
            "id": manifest.sha256[:16],
            "name": self.name,
            "file": manifest.file,
            "url": f"/models/{manifest.sha256}/{quote(manifest.file)}",
            "size": manifest.size,
            "sha256": manifest.sha256,
            "files": [self._file_json()],
            "family": manifest.family,
            "quantization": manifest.quantization,
            "parameters": manifest.parameters,
            "context": context,
            "promptTemplate": asdict(manifest.template or GEMMA_TURNS),
            "sampling": self._sampling() | {"maxTokens": min(context, LARGEST_DEFAULT_CONTEXT)},
        }

    def _file_json(self) -> dict[str, Any]:
        manifest = self.manifest
        known = {"web": "web", "task": "graph-task", "litertlm": "litertlm-web"}
        form = known[manifest.format]
        return {
            "format": form,
            "url": f"/models/{manifest.sha256}/{quote(manifest.file)}",
            "size": manifest.size,
            "sha256": manifest.sha256,
            "engines": ENGINES[form],
        }

    def _sampling(self) -> dict[str, Any]:
        """What the model recommends, over what the page takes otherwise."""
        said = {"temperature": self.manifest.sampling.temperature, "topK": self.manifest.sampling.top_k}
        return DEFAULT_SAMPLING | {key: value for key, value in said.items() if value is not None}


def stamp_of(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced or written to; raises OSError."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def read_models(models: Sequence[Path | StoredModel]) -> dict[str, ServedModel]:
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
    served = current_app.extensions["onpage_models"] | current_app.extensions["onpage_adapters"]
    model: ServedModel | ServedAdapter | None = served.get(sha256)
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
