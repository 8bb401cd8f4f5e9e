"""A random model in the format that a peer takes: made once a shape, seed and folder, and described as a plan wants it."""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.convert import Progress
from builder.digest import sha256_of
from builder.scheme import SCHEMES, Quantization
from builder.shapes import shapes
from builder.synth import shape_config

ADDRESS = "/peers/models/"

MAKERS = {"gguf": "builder.synth_formats.gguf_file", "onnx": "builder.synth_formats.onnx_folder"}
"""What writes a format; imported when it is wanted, because it needs the extra `peers`."""

PEERS = {"transformers-js": "onnx", "transformers-js-webgpu": "onnx", "wllama": "gguf"}
"""Id of a peer that runs in a page → the format that it takes."""

LIST = "files.json"
"""The last part of a folder's address: what is there instead of a file is a list of its files."""


@dataclass(frozen=True)
class PeerModel:
    """A GGUF file, or a folder for transformers.js."""

    path: Path
    name: str
    size: int
    sha256: str
    """For a folder, that of the list of its files as it is served."""
    parameters: int
    quantization: str
    context: int
    listing: bytes | None = None
    """JSON: path, address, size and sha256 of each file of a folder."""

    @property
    def format(self) -> str:
        """As in PEERS."""
        return "gguf" if self.listing is None else "onnx"

    @property
    def url(self) -> str:
        """Where `serving` has it."""
        return f"{ADDRESS}{self.sha256}/{LIST if self.listing else self.path.name}"

    def plan(self) -> dict[str, Any]:
        """As the model of a plan."""
        return {
            "name": self.name,
            "file": self.path.name,
            "url": self.url,
            "size": self.size,
            "sha256": self.sha256,
            "origin": "synth",
            "format": self.format,
            "quantization": self.quantization,
            "parameters": self.parameters,
            "context": self.context,
            "synthetic": True,
        }


def prepare(
    engine: str,
    shape: str,
    folder: Path,
    *,
    bits: str = "q4_0",
    seed: int = 0,
    progress: Progress | None = None,
) -> PeerModel:
    """Writes `shape` into `folder` in the engine's format. `bits` is a key of SCHEMES; either kind of 4 bits is in blocks.

    Raises OnpageError for a shape or bits that the format has not, ModuleNotFoundError without the extra `peers`.
    """
    kind = PEERS[engine]
    path = folder / (f"{seed}.gguf" if kind == "gguf" else f"{seed}-onnx")
    maker = importlib.import_module(MAKERS[kind])
    written = maker.synthesize(shape, path, quantization=Quantization.of(bits), seed=seed, progress=progress)
    name = f"{shape if shape in shapes() else 'synthetic'} int{SCHEMES[bits].bits}"
    listing, sha256 = None, written.sha256
    if kind == "onnx":
        listing = listing_of(path)
        sha256 = hashlib.sha256(listing).hexdigest()
    context = int(shape_config(shape)["max_position_embeddings"])
    return PeerModel(path, name, written.size, sha256, written.parameters, str(written.quantization), context, listing)


def listing_of(folder: Path) -> bytes:
    """The files of a folder, each at an address that holds its own sha256."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = []
    for path in paths:
        sha256, name = sha256_of(path), path.relative_to(folder).as_posix()
        url = f"{ADDRESS}{sha256}/{name}"
        files.append({"path": name, "url": url, "size": path.stat().st_size, "sha256": sha256})
    return json.dumps({"files": files}).encode()
