"""Which engines are peers, and the random model in the format that each takes, as it is served to them."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from builder.files.digest import sha256_of
from builder.quantize.scheme import Quantization

Progress = Callable[[str, int, int], None]

ADDRESS = "/peers/models/"

PEERS = {"transformers-js": "onnx", "transformers-js-webgpu": "onnx", "wllama": "gguf"}
"""Id of a peer that runs in a page → the format that it takes."""

NAMES = {"onnx": "model-onnx", "gguf": "model.gguf"}
"""What a model is called in its folder."""

MAKERS = {"onnx": "builder.synth.onnx_folder", "gguf": "builder.synth.gguf_file"}
"""What writes a format; imported when it is wanted, because it needs the extra `peers`."""

QUANTIZATION = Quantization.of("q4_0")
"""The one that these formats and the web file have in common, so that the weights are the same."""

LIST = "files.json"
"""The last part of a folder's address, where a list of its files is."""


@dataclass(frozen=True)
class PeerModel:
    """A GGUF file, or a folder for transformers.js."""

    path: Path
    size: int
    sha256: str
    """For a folder, that of its list."""
    files: tuple[dict[str, Any], ...] = ()
    """Path, address, size and sha256 of each file of a folder."""

    @classmethod
    def read(cls, path: Path) -> PeerModel:
        """Hashes all of it; raises OSError."""
        if not path.is_dir():
            return cls(path, path.stat().st_size, sha256_of(path))
        files = tuple(_file(path, found) for found in sorted(path.rglob("*")) if found.is_file())
        listing = cls(path, 0, "", files).listing
        return cls(path, sum(file["size"] for file in files), hashlib.sha256(listing).hexdigest(), files)

    @property
    def listing(self) -> bytes:
        """JSON: the files of a folder."""
        return json.dumps({"files": self.files}).encode()

    def to_json(self) -> dict[str, Any]:
        """As a file of a model of /api/models."""
        form = "onnx" if self.files else "gguf"
        return {
            "format": form,
            "url": f"{ADDRESS}{self.sha256}/{LIST if self.files else quote(self.path.name)}",
            "size": self.size,
            "sha256": self.sha256,
            "engines": [engine for engine, wanted in PEERS.items() if wanted == form],
        }


def prepare(engine: str, shape: str, seed: int, folder: Path, progress: Progress | None = None) -> Path:
    """The model of a shape and a seed for a peer, made where it is not yet there. `folder` is for this shape and seed alone.

    Raises OnpageError for a shape that the format has not, ModuleNotFoundError without the extra `peers`.
    """
    form = PEERS[engine]
    path = folder / NAMES[form]
    if not path.exists():
        maker = importlib.import_module(MAKERS[form])
        maker.synthesize(shape, path, quantization=QUANTIZATION, seed=seed, progress=progress)
    return path


def _file(folder: Path, path: Path) -> dict[str, Any]:
    sha256, name = sha256_of(path), path.relative_to(folder).as_posix()
    return {"path": name, "url": f"{ADDRESS}{sha256}/{quote(name)}", "size": path.stat().st_size, "sha256": sha256}
