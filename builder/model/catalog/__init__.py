"""The models that are published, as data: models.json, each field explained here. Web models go to a page as they are; of a checkpoint
onpage makes a file first: a graph that writes, or a model that compares texts.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from builder.formats.inspect_web_file import PromptTemplate, Sampling

DATA = Path(__file__).with_name("models.json")
HUB = "https://huggingface.co"

ENGINES = {"mediapipe": "MediaPipe", "litert-lm": "LiteRT-LM"}
"""Names for people."""


@dataclass(frozen=True)
class Licence:
    """The terms of a model."""

    id: str
    """Short, as on the hub."""
    name: str
    page: str
    gated: bool
    """Whether the hub gives the file only to those who have accepted the terms on the model's page."""


@dataclass(frozen=True)
class Family:
    """What models of the same weights share, however they are quantized and packed."""

    name: str
    """As people say it."""
    architecture: str
    """The id of its dimensions, for `onpage estimate`; a fine-tuned model has that of its base."""
    parameters: int
    """The published round number, embeddings included."""
    effective_parameters: int | None
    """Those in use for a token, where that is another number."""
    context: int
    """Tokens."""
    modalities: tuple[str, ...]
    """What goes in, in the web's form: text, image, audio."""
    licence: Licence
    template: PromptTemplate | None
    """The turns; None of a model that writes nothing. (TranslateGemma wants the languages named within the user's.)"""
    sampling: Sampling
    kind: str = "text"
    """What comes out, as in a manifest: text, or an embedding, the vector of a text."""


@dataclass(frozen=True)
class Speed:
    """Figures that the publisher gives: tokens per second, seconds, tokens of context. Not measured here."""

    device: str
    prefill: float
    decode: float
    ttft: float | None
    context: int | None = None


@dataclass(frozen=True)
class PublishedModel:
    """One file on the hub."""

    id: str
    family: Family
    repo: str
    file: str
    quantization: str | None
    engine: str
    """mediapipe (`@mediapipe/tasks-genai`) or litert-lm (`@litert-lm/core`)."""
    size: int | None
    """Bytes."""
    size_is_approximate: bool = False
    speed: Speed | None = None

    @property
    def page(self) -> str:
        """Where the model is described and its licence accepted."""
        return f"{HUB}/{self.repo}"

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"page": self.page}


@dataclass(frozen=True)
class PublishedCheckpoint:
    """A checkpoint on the hub, ungated but where its licence says otherwise, of which `onpage fetch` makes what its family's kind says: a
    graph that writes on the processor, or a model that compares texts there."""

    id: str
    family: Family
    repo: str
    package: str | None
    """The GGUF file or the folder that the Python package index has of it (builder.fetch.packaged), which is taken then."""
    size: int
    """Bytes of what is made, about."""
    engine: str | None
    """What writes with that in a page: litert-lm-cpu; None where nothing does."""
    turns_are_ours: bool = False
    """Whether the family's turns are taken in place of the chat template's: these answer at once, where a model would first write what
    it thinks, which the page would show."""

    quantization: str = "int8"
    """Of what is made."""
    size_is_approximate: bool = True
    file: None = None
    """There is none to fetch."""
    speed: None = None

    @property
    def page(self) -> str:
        """As PublishedModel's."""
        return f"{HUB}/{self.repo}"

    def to_json(self) -> dict[str, Any]:
        """As PublishedModel's."""
        return asdict(self) | {"page": self.page}


@cache
def published() -> dict[str, PublishedModel]:
    """Every published model by id, in the order of the data: by family."""
    families = _families()
    return {value["id"]: _model(value, families) for value in _data()["models"]}


@cache
def checkpoints() -> dict[str, PublishedCheckpoint]:
    """Every checkpoint of the catalog by id, in the order of the data: by size."""
    families = _families()
    return {
        value["id"]: PublishedCheckpoint(**value | {"family": families[value["family"]]})
        for value in _data()["checkpoints"]
    }


def checkpoint_named(text: str) -> PublishedCheckpoint | None:
    """That with this id, or of this repository, perhaps with @revision; None where there is none."""
    named = text.partition("@")[0]
    found = checkpoints()
    return found.get(named.lower()) or next((model for model in found.values() if model.repo == named), None)


def licence_pages() -> dict[str, str]:
    """Where the terms of published models can be read, by their names."""
    families = [model.family for model in published().values()] + [model.family for model in checkpoints().values()]
    licences = (family.licence for family in families)
    return {licence.name: licence.page for licence in licences}


@dataclass(frozen=True)
class PublishedSpeed:
    """Figures of a publisher, for comparison: rates per second, TTFT in seconds. Also of files that no page can run."""

    model: str
    quantization: str | None
    parameters: int
    engine: str
    device: str
    context: int | None
    prefill: float
    decode: float
    ttft: float | None


@cache
def published_speeds() -> list[PublishedSpeed]:
    """Those of the web models first."""
    models = published().values()
    web = [
        (model.family, model.quantization, ENGINES[model.engine], asdict(model.speed))
        for model in models
        if model.speed
    ]
    families = {model.family.architecture: model.family for model in models}
    other = [
        (families[value.pop("family")], value.pop("quantization"), value.pop("engine"), value)
        for value in _data()["other_speeds"]
    ]
    return [
        PublishedSpeed(family.name, quantization, family.parameters, engine, **speed)
        for family, quantization, engine, speed in (*web, *other)
    ]


def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def _families() -> dict[str, Family]:
    data = _data()
    templates = {key: PromptTemplate(**value) for key, value in data["templates"].items()}
    licences = {key: Licence(**value) for key, value in data["licences"].items()}
    return {key: _family(value, templates, licences) for key, value in data["families"].items()}


def _family(value: dict[str, Any], templates: dict[str, PromptTemplate], licences: dict[str, Licence]) -> Family:
    sampling = Sampling(value.pop("temperature"), value.pop("top_k"))
    resolved = {
        "modalities": tuple(value["modalities"]),
        "licence": licences[value["licence"]],
        "template": value["template"] and templates[value["template"]],
    }
    return Family(**value | resolved, sampling=sampling)


def _model(value: dict[str, Any], families: dict[str, Family]) -> PublishedModel:
    speed = Speed(**value["speed"]) if "speed" in value else None
    return PublishedModel(**value | {"family": families[value["family"]], "speed": speed})
