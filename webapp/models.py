"""The model files: which there are (`/api/models`), and their bytes (`/models/<sha256>/<file>`).

A file's address holds its hash, so it may be cached for ever and is looked up by that hash, never by a path taken
from the URL. The hash is computed once, when the server starts. A file that has gone or changed since is refused,
because its bytes would no longer be what the address promises.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, send_file

from builder.inspect import PromptTemplate, WebFileFacts, inspect_web_file
from webapp.errors import ModelFileChangedError, ModelFileMissingError

blueprint = Blueprint("models", __name__)

HASH_CHUNK = 1 << 20
YEAR = 31_536_000
LARGEST_DEFAULT_CONTEXT = 2048
"""Tokens. The KV cache is allocated for the whole context, so long-context models do not start with all of it."""

GEMMA_TURNS = PromptTemplate("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n")
"""For files that hold no template. The engine applies none, and without one a model writes nonsense."""

DEFAULT_SAMPLING = {"temperature": 0.8, "topK": 40, "seed": 1}


@dataclass(frozen=True)
class ServedModel:
    """One model file as it was when the server started."""

    path: Path
    size: int
    sha256: str
    stamp: tuple[int, int, int]
    facts: WebFileFacts

    @classmethod
    def read(cls, path: Path) -> ServedModel:
        """Hash and inspect a file; raises ModelFileMissingError, or WebFileError if it is no web model."""
        path = path.absolute()  # Flask would take a relative one from the package's folder
        try:
            with path.open("rb") as file:
                stamp = stamp_of(path)
                digest = hashlib.sha256()
                while chunk := file.read(HASH_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise ModelFileMissingError(path) from error
        return cls(path, stamp[1], digest.hexdigest(), stamp, inspect_web_file(path))

    def check(self) -> None:
        """Raise ModelFileMissingError or ModelFileChangedError unless the file is still the one that was hashed."""
        try:
            stamp = stamp_of(self.path)
        except OSError as error:
            raise ModelFileMissingError(self.path) from error
        if stamp != self.stamp:
            raise ModelFileChangedError(self.path)

    def to_json(self) -> dict[str, Any]:
        facts = self.facts
        context = facts.context_length or LARGEST_DEFAULT_CONTEXT
        return {
            "id": self.sha256[:16],
            "name": self.path.name.removesuffix(".task").removesuffix("-web"),
            "file": self.path.name,
            "url": f"/models/{self.sha256}/{self.path.name}",
            "size": self.size,
            "sha256": self.sha256,
            "family": facts.family,
            "quantization": facts.quantization,
            "parameters": facts.parameters,
            "context": context,
            "promptTemplate": asdict(facts.prompt_template or GEMMA_TURNS),
            "stopTokens": facts.tokens.stop_tokens,
            "sampling": self._sampling() | {"maxTokens": min(context, LARGEST_DEFAULT_CONTEXT)},
        }

    def _sampling(self) -> dict[str, Any]:
        """What the file recommends, over what the page takes otherwise."""
        said = {"temperature": self.facts.sampling.temperature, "topK": self.facts.sampling.top_k}
        return DEFAULT_SAMPLING | {key: value for key, value in said.items() if value is not None}


def stamp_of(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced or written to; raises OSError."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def read_models(paths: list[Path]) -> dict[str, ServedModel]:
    """The files by sha256, in the order given; the same content twice is one model."""
    models: dict[str, ServedModel] = {}
    for path in paths:
        model = ServedModel.read(path)
        models.setdefault(model.sha256, model)
    return models


@blueprint.get("/api/models")
def list_models() -> Response:
    """Every model of this server, present or not: the page says so itself when one has gone."""
    models: dict[str, ServedModel] = current_app.extensions["onpage_models"]
    response = jsonify([model.to_json() for model in models.values()])
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/models/<sha256>/<file>")
def model_bytes(sha256: str, file: str) -> Response:
    """The whole file or one range of it; `If-Range` and `If-None-Match` compare with the sha256."""
    models: dict[str, ServedModel] = current_app.extensions["onpage_models"]
    model = models.get(sha256)
    if model is None or file != model.path.name:
        return _error(404, "model_unknown", "This server has no such model.")
    try:
        model.check()
        response = send_file(
            model.path, mimetype="application/octet-stream", etag=sha256, last_modified=None, max_age=YEAR
        )
    except (ModelFileMissingError, FileNotFoundError):
        return _error(404, "model_missing", f"The file {model.path.name} has been moved or deleted on the server.")
    except ModelFileChangedError:
        return _error(409, "model_changed", f"The file {model.path.name} has changed since the server started.")
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _error(status: int, code: str, message: str) -> Response:
    response = jsonify({"error": code, "message": message})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
