"""What is known about a stored model, as one JSON file. Read with distrust: every field is checked, sizes are bounded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from builder.errors import StoreError
from builder.files.reading import NotReadableError, read_bounded, shown
from builder.formats.inspect_web_file import PromptTemplate, Sampling, SystemTurn
from builder.formats.sniff import Format

VERSION = 1
MAX_BYTES = 64 << 10
MAX_TEXT = 2048
MAX_CONVERSION = 64
MAX_SIZE = 1 << 48
MODALITIES = ("text", "image", "audio")
"""What can go into a model, in the web's form."""

KINDS = ("text", "embedding")
FORMATS = tuple(known.name.lower() for known in Format)
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
ID_RULE = "lower-case letters, digits, dots, dashes and underscores, at most 80"
DEMO = "demo"
"""The model that ships with onpage."""
ENDINGS = (".task", ".litertlm", ".tflite", ".bin")
"""Of model files, as people name them on the command line beside ids."""
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """One model. None means that it is not known; nothing is guessed. ValueError where a value cannot be."""

    id: str
    """Short, stable, what people type: lower-case letters, digits, dots, dashes and underscores."""
    sha256: str
    size: int
    file: str
    """The name that the file had where it came from."""
    format: str
    """The name of a `builder.formats.sniff.Format` in lower case: web, task or litertlm."""
    kind: str = "text"
    """What comes out of it: text, or an embedding, the vector of a text."""
    source: str | None = None
    """The address or path that it came from."""
    revision: str | None = None
    """The commit of the hub's repository."""
    name: str | None = None
    """For people; else they read the id."""
    licence: str | None = None
    family: str | None = None
    quantization: str | None = None
    parameters: int | None = None
    context: int | None = None
    """Tokens that the model was made for."""
    modalities: tuple[str, ...] | None = None
    """What goes in, of MODALITIES."""
    template: PromptTemplate | None = None
    sampling: Sampling = field(default_factory=lambda: Sampling(None, None))
    conversion: dict[str, str | int | float] = field(default_factory=dict)
    """How it was converted, where onpage did it: checkpoint, bits, version."""
    added: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def __post_init__(self) -> None:
        if not ID.fullmatch(_text("id", self.id)):
            raise ValueError(f"id is {shown(self.id)}: expected {ID_RULE}")
        if not SHA256.fullmatch(_text("sha256", self.sha256)):
            raise ValueError(f"sha256 is {shown(self.sha256)}: expected 64 hexadecimal digits")
        if not is_file_name(_text("file", self.file)):
            raise ValueError(f"file is {shown(self.file)}: expected a name without folders")
        if self.format not in FORMATS:
            raise ValueError(f"format is {shown(self.format)}: expected {', '.join(FORMATS)}")
        if self.kind not in KINDS:
            raise ValueError(f"kind is {shown(self.kind)}: expected {' or '.join(KINDS)}")
        datetime.fromisoformat(_text("added", self.added))
        for name in ("source", "revision", "name", "licence", "family", "quantization"):
            _unless_none(_text, name, getattr(self, name))
        _number("size", self.size, 1, MAX_SIZE)
        for name in ("parameters", "context"):
            _unless_none(_number, name, getattr(self, name), 1, MAX_SIZE)
        if self.modalities is not None and not (self.modalities and set(self.modalities) <= set(MODALITIES)):
            raise ValueError(f"modalities are {shown(self.modalities)}: expected some of {', '.join(MODALITIES)}")
        _unless_none(_number, "temperature", self.sampling.temperature, 0, 10)
        _unless_none(_number, "top_k", self.sampling.top_k, 1, 1 << 20)
        for affix in self.template.texts if self.template else ():
            _text("template", affix, printable=False)
        self._check_conversion()

    def _check_conversion(self) -> None:
        if len(self.conversion) > MAX_CONVERSION:
            raise ValueError(f"conversion has {len(self.conversion)} entries: expected at most {MAX_CONVERSION}")
        for name, value in self.conversion.items():
            _text("conversion", name)
            if not isinstance(value, int | float):
                _text(f"conversion {name}", value)
            elif isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"conversion {name} is {value}: expected a finite number")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """The manifest in a file named after its id; StoreError where it is none."""
        try:
            manifest = cls.from_json(json.loads(read_bounded(path, MAX_BYTES)))
            if path.name != f"{manifest.id}.json":
                raise ValueError(f"it is about {manifest.id}")
        except (NotReadableError, ValueError, TypeError, RecursionError) as error:
            raise StoreError(
                f"The manifest {path} cannot be used ({error}): run onpage remove {path.stem}, then fetch or import the "
                f"model again.",
                subject=path.stem,
            ) from None
        return manifest

    @classmethod
    def from_json(cls, value: Any) -> Manifest:
        """What `to_json` gave; ValueError or TypeError for anything else."""
        if not isinstance(value, dict) or value.get("manifest") != VERSION:
            found = value.get("manifest") if isinstance(value, dict) else type(value).__name__
            raise ValueError(f"expected a manifest of version {VERSION}, found {shown(found)}")
        known = {f.name for f in fields(cls)}
        found = {key: value[key] for key in known & value.keys()}
        if found.get("template") is not None:
            template = _members(found["template"], "prefix", "suffix", "system")
            if template["system"] is not None:
                template["system"] = SystemTurn(**_members(template["system"], "prefix", "suffix"))
            found["template"] = PromptTemplate(**template)
        found["sampling"] = Sampling(**_members(found.get("sampling"), "temperature", "top_k"))
        if found.get("modalities") is not None:
            if not isinstance(found["modalities"], list | tuple) or not all(
                isinstance(each, str) for each in found["modalities"]
            ):
                raise ValueError(f"modalities are {shown(found['modalities'])}: expected a list of texts")
            found["modalities"] = tuple(found["modalities"])
        if not isinstance(found.get("conversion", {}), dict):
            raise ValueError("conversion is not an object")
        return cls(**found)

    def to_json(self) -> dict[str, Any]:
        """For the file and for --json."""
        return {"manifest": VERSION} | asdict(self)


def require_free_of_meaning(model_id: str) -> None:
    """StoreError where an id cannot be given to a model: not of the form, or it already means something else to commands."""
    if not ID.fullmatch(model_id):
        problem = f"expected {ID_RULE}"
    elif model_id == DEMO:
        problem = "the model that ships with onpage has it; choose another with --id"
    elif model_id.endswith(ENDINGS):
        problem = "commands would take it for a file; choose another with --id"
    else:
        return
    raise StoreError(f"{shown(model_id)} cannot be an id: {problem}.", subject=model_id)


def model_id(file: str) -> str:
    """An id made of a file's name: `Gemma3-1B-IT_int4-web.task` → `gemma3-1b-it_int4`."""
    stem = Path(file).name.lower()
    for suffix in (*ENDINGS, "-web"):
        stem = stem.removesuffix(suffix)
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("._-")[:80] or "model"


def is_file_name(name: str) -> bool:
    """Whether a name is that of a file, in whatever folder it is put."""
    return 0 < len(name) <= 255 and name.isprintable() and not set(name) & set("/\\") and name not in (".", "..")


def _members(value: Any, *names: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{' and '.join(names)} are expected in an object, found {shown(value)}")
    return {name: value.get(name) for name in names}


def _unless_none(check: Callable[..., object], name: str, value: Any, *limits: float) -> None:
    if value is not None:
        check(name, value, *limits)


def _text(name: str, value: Any, *, printable: bool = True) -> str:
    if not isinstance(value, str) or not len(value) <= MAX_TEXT or (printable and not (value and value.isprintable())):
        raise ValueError(
            f"{name} is {shown(value)}: expected a {'printable ' if printable else ''}text of at most {MAX_TEXT:,} characters"
        )
    return value


def _number(name: str, value: Any, least: float, most: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} is {shown(value)}: expected a number from {least:,} to {most:,}")
