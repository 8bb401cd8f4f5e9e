"""What `--model` means: the demo, a stored id, a file, or `synth:SHAPE@QUANTIZATION`; and the files of its weights that
engines want, made where they can be.

Synthetic models, and the LiteRT-LM bundles of web files, are made once and kept in a cache folder, by what went into them.
They are written beside and renamed, so what is there is whole, also when two processes make the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from builder.errors import BenchError, OnpageError
from builder.files.digest import sha256_of
from builder.formats.bundled_graph import graph_in
from builder.formats.inspect_model import web_file_in
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.sniff import Format, sniff_file
from builder.formats.web_file_reader import WebFile
from builder.quantize.scheme import ROLES, Quantization
from builder.store import Store, StoredModel
from builder.store.choosing import choose
from builder.store.folder import HOME
from builder.store.manifest import DEMO
from onpage.bench.peers.peer_models import PEERS, QUANTIZATION, prepare
from onpage.extras import requires
from webapp.paths import SHIPPED

Origin = Literal["synth", "demo", "store", "file"]
Progress = Callable[[str, int, int], None]

SYNTH = "synth:"
SPECIFICATION = re.compile(r"synth:([^@]+)(?:@(.+))?")
QUANTIZATIONS = {"int8": "8", "int4": "4", "q4_0": "q4_0"}
"""As people say them → keys of SCHEMES."""
GENERATION = 1
"""Of what `builder.synth.web_file` makes: raise it when the same shape, quantization and seed give other bytes."""
MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class Synthetic:
    """A synthetic model: a shape of builder.model.shapes or dimensions, how it is quantized, and the seed of its weights."""

    shape: str
    quantization: Quantization
    label: str
    """Of the quantization, as it was given."""
    seed: int = 0

    @classmethod
    def parse(cls, text: str) -> Synthetic:
        """`synth:gemma3-1b@int4`, `synth:hidden=256,layers=8@int4,embedding=int8,seed=3`; BenchError where it is not one."""
        found = SPECIFICATION.fullmatch(text)
        bits, *others = (found[2] or "int8").split(",") if found else ("",)
        said = dict(other.partition("=")[::2] for other in others)
        seed = said.pop("seed", "0")
        known = bits in QUANTIZATIONS and said.keys() <= set(ROLES) and set(said.values()) <= QUANTIZATIONS.keys()
        if not found or not known or not re.fullmatch(r"[0-9]{1,10}", seed, re.ASCII) or int(seed) > MAX_SEED:
            raise BenchError(
                f"{text!r} is not a synthetic model: expected synth:SHAPE@QUANTIZATION with {', '.join(QUANTIZATIONS)}, such as "
                f"synth:gemma3-1b@int4 or synth:gemma3-270m@int4,embedding=int8,seed=1.",
                subject=text,
            )
        embedding, attention, feedforward = (QUANTIZATIONS.get(said.get(role, "")) for role in ROLES)
        quantization = Quantization.of(
            QUANTIZATIONS[bits], embedding=embedding, attention=attention, feedforward=feedforward
        )
        return cls(found[1], quantization, found[2] or bits, int(seed))

    @property
    def file(self) -> str:
        """Its file name, which no published model has."""
        words = re.sub(r"[^A-Za-z0-9._]+", "-", f"{self.shape}-{self.label.replace('=', '')}")
        return f"synth-{words}-web.task"

    @property
    def key(self) -> str:
        """The name of its folder: all that decides its bytes, in words."""
        schemes = "-".join(str(self.quantization.scheme(role)).replace(" ", "_") for role in ROLES)
        return re.sub(r"[^A-Za-z0-9._=-]+", "-", f"{self.shape}@{schemes}-seed{self.seed}-{GENERATION}")


@dataclass(frozen=True)
class BenchModel:
    """A model to measure: the files that hold its weights, each of another format."""

    name: str
    """What was given."""
    origin: Origin
    path: Path
    """Of its first form."""
    others: tuple[Path, ...] = ()
    """The same weights for other engines."""
    served_as: str | None = None
    """What `onpage serve --model` takes for the first form, where it is no path."""
    label: str | None = None
    """What a record calls it, where the file's name is not the best."""
    peers: Mapping[str, Path] = field(default_factory=dict)
    """The same weights for engines that are not the page's, by engine."""

    @property
    def synthetic(self) -> bool:
        """Whether its words are those of builder.synth.web_file, so that tokens can be counted by construction."""
        return self.origin == "synth"

    def file_of(self, sha256: str) -> Path | None:
        """The one of its files with these bytes; None where they are another's, such as a peer's."""
        return next((path for path in (self.path, *self.others) if sha256_of(path) == sha256), None)

    @property
    def arguments(self) -> list[str]:
        """For `onpage serve --model`, where a comma joins the files of one model."""
        return [",".join((self.served_as or str(self.path), *map(str, self.others)))]


def cache_folder() -> Path:
    """Where made files are kept: in ONPAGE_HOME, else in the platform's cache folder."""
    from platformdirs import user_cache_path

    home = os.environ.get(HOME)
    return Path(home) / "bench" if home else user_cache_path("onpage", appauthor=False) / "bench"


def find_model(name: str, engines: Sequence[str], progress: Progress | None = None) -> BenchModel:
    """The model of a name, with a file for each of `engines` that there can be one for. Raises OnpageError."""
    model = _first_form(name, progress)
    others = list(model.others)
    if "litert-lm" in engines and sniff_file(model.path) is Format.WEB and not any(map(_is_bundle, others)):
        others.append(_bundle(model, progress))
    return replace(model, others=tuple(others), peers=_for_peers(model, engines, progress))


def weight_bytes(path: Path) -> int | None:
    """What a new token reads of a file's weights: every matrix once, the tied embedding for the logits. None for graphs of other makers,
    and for what cannot be read, a graph also without the extra that has numpy."""
    try:
        file = web_file_in(path)
        if file is None:
            with requires("build"):
                from builder.formats.graph_weights import GraphWeights
            return GraphWeights.open(graph_in(path).graph).bytes_of_a_token
    except OnpageError:
        return None
    tensors = file.tensors.values()
    return sum(tensor.size for tensor in tensors if tensor.name.endswith((".w", ".w_quantized_scale", ".scale")))


def _first_form(name: str, progress: Progress | None) -> BenchModel:
    if name.startswith(SYNTH):
        synthetic = Synthetic.parse(name)
        return BenchModel(name, "synth", _synthesize(synthetic, progress), label=f"synthetic {synthetic.shape}")
    chosen, *more = choose(name, Store.open(), SHIPPED)
    others = tuple(each.path if isinstance(each, StoredModel) else each for each in more)
    if isinstance(chosen, StoredModel):
        return BenchModel(name, "store", chosen.path, others, served_as=chosen.manifest.id)
    return BenchModel(name, "demo" if name == DEMO else "file", chosen, others)


def _is_bundle(path: Path) -> bool:
    """Whether a file is a .litertlm of a web file, for LiteRT-LM on WebGPU."""
    return sniff_file(path) is Format.LITERTLM and isinstance(LitertlmFile.open(path).model, WebFile)


def _synthesize(model: Synthetic, progress: Progress | None) -> Path:
    with requires("build"):
        from builder.synth import web_file as synth
    synth.shape_config(model.shape)  # what is wrong with it is said before a folder is made
    path = _folder(f"synth/{model.key}") / model.file
    if not path.is_file():
        synth.synthesize(model.shape, path, quantization=model.quantization, seed=model.seed, progress=progress)
    return path


def _for_peers(model: BenchModel, engines: Sequence[str], progress: Progress | None) -> dict[str, Path]:
    """A synthetic model's weights in the formats of `engines` that are peers, where these can hold the very same."""
    synthetic = Synthetic.parse(model.name) if model.synthetic else None
    if synthetic is None or synthetic.quantization != QUANTIZATION:
        return {}
    with requires("peers"):
        import gguf  # noqa: F401
        import onnx  # noqa: F401
    folder = model.path.parent
    return {
        engine: prepare(engine, synthetic.shape, synthetic.seed, folder, progress)
        for engine in engines
        if engine in PEERS
    }


def _bundle(model: BenchModel, progress: Progress | None) -> Path:
    """The .litertlm of a web file's weights: beside a synthetic model, for others by the file's sha256."""
    folder = model.path.parent if model.synthetic else _folder(f"bundles/{sha256_of(model.path)}")
    stem = model.served_as or model.path.name.removesuffix(".task").removesuffix("-web")
    path = folder / f"{stem}.litertlm"
    if not path.is_file():
        with requires("build"):
            from builder.bundle import open_source, write_bundle
        write_bundle(path, open_source(model.path), progress)
    return path


def _folder(name: str) -> Path:
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(
            f"{folder}, the folder for models of the bench, cannot be created: {error.strerror}. Set {HOME} to another folder.",
            subject=folder,
        ) from None
    return folder
