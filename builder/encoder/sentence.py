"""What sentence-transformers says beside a checkpoint: how the vectors of a text's tokens become one, what is put in front of a query
and of a document, and how long a text may be.

A checkpoint that does not say it is refused: every guess gives vectors, and a wrong one gives bad ones without an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from builder.checkpoint.folder import CheckpointFolder, read_header
from builder.checkpoint.rows import StoredTensor
from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import read_json_array, read_json_object, shown
from builder.model.families.config import Config

Pooling = Literal["mean", "cls"]
Activation = Literal["none", "tanh"]

MODULES, PROMPTS, LENGTH = "modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"

POOLINGS: dict[str, str] = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
"""Those that are computed, as older versions name them."""

ACTIVATIONS: dict[str, Activation] = {
    "torch.nn.modules.linear.Identity": "none",
    "torch.nn.modules.activation.Tanh": "tanh",
}

QUERY, DOCUMENT = ("query", "Retrieval-query"), ("document", "passage", "Retrieval-document")
"""The names that models give their two prompts for searching, the likeliest first."""

MAX_PROMPT = 200
MAX_MODULES = 16


@dataclass(frozen=True)
class Dense:
    """A matrix behind the pooling: vector (inputs,) → activation(matrix · vector + bias)."""

    inputs: int
    outputs: int
    bias: bool
    activation: Activation
    tensor: str
    """The name of its matrix in an EncoderFolder; with `bias` in place of `weight`, that of its bias."""


@dataclass(frozen=True)
class Sentence:
    """What is computed around the layers."""

    pooling: Pooling
    dense: tuple[Dense, ...]
    query: str
    """Stands in front of a text that is searched for; "" for nothing."""
    document: str
    """Stands in front of a text that is searched in."""
    max_tokens: int | None
    """Of a text, what begins and ends it included; None where only the layers limit it."""

    @classmethod
    def of(cls, folder: Path, width: int) -> Sentence:
        """Of a checkpoint whose layers are `width` wide; UnsupportedModel names what cannot be computed."""
        path = folder / MODULES
        if not path.is_file():
            raise UnsupportedModel(
                f"{folder} has no {MODULES}, by which sentence-transformers says how the vectors of tokens become one of the text: "
                f"download the whole repository.",
                subject=path,
            )
        pooling: Pooling | None = None
        dense: list[Dense] = []
        for kind, place in _modules(path):
            if kind == "Pooling":
                pooling = _pooling(folder / place / "config.json")
            elif kind == "Dense":
                dense.append(_dense(folder, place, dense[-1].outputs if dense else width))
            elif kind not in ("Transformer", "Normalize"):
                raise UnsupportedModel(f"{path} has a module {shown(kind)}, which no graph is made of.", subject=path)
        if pooling is None:
            raise UnsupportedModel(f"{path} has no Pooling: expected one behind the Transformer.", subject=path)
        query, document = _prompts(folder / PROMPTS)
        return cls(pooling, tuple(dense), query, document, _max_tokens(folder / LENGTH))


class EncoderFolder(CheckpointFolder):
    """A checkpoint folder and the weights of its dense layers, which lie in folders of their own: `2_Dense/linear.weight`."""

    @cached_property
    def tensors(self) -> dict[str, StoredTensor]:
        """As CheckpointFolder's, and those of the dense layers."""
        found = dict(super().tensors)
        if (self.path / MODULES).is_file():
            for kind, place in _modules(self.path / MODULES):
                if kind == "Dense":
                    for stored in read_header(self.path / place / "model.safetensors"):
                        found[f"{place}/{stored.name}"] = replace(stored, name=f"{place}/{stored.name}")
        return found


def _modules(path: Path) -> list[tuple[str, str]]:
    """(kind, folder) of each module, in order."""
    found = []
    for module in read_json_array(path)[:MAX_MODULES]:
        kind, place = (module.get("type"), module.get("path")) if isinstance(module, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(place, str) or "/" in place or place.startswith("."):
            raise CheckpointError(
                f"{path} has a module {shown(module)}: expected its type and the folder beside it.", subject=path
            )
        found.append((kind.rsplit(".", 1)[-1], place))
    return found


def _pooling(path: Path) -> Pooling:
    values = read_json_object(path)
    said = values.get("pooling_mode")
    modes = (
        [said]
        if isinstance(said, str)
        else [POOLINGS.get(key, key) for key, on in values.items() if key.startswith("pooling_mode_") and on is True]
    )
    pooling = next((each for each in get_args(Pooling) if modes == [each]), None)
    if pooling is None:
        raise UnsupportedModel(
            f"{path} pools by {shown(', '.join(map(str, modes)) or 'nothing')}: expected {' or '.join(get_args(Pooling))}.",
            subject=path,
        )
    if values.get("include_prompt") is False:
        raise UnsupportedModel(
            f"{path} leaves the prompt out of the pooling (include_prompt), which no engine does.", subject=path
        )
    found: Pooling = pooling
    return found


def _dense(folder: Path, place: str, inputs: int) -> Dense:
    path = folder / place / "config.json"
    c = Config(read_json_object(path), path)
    if c.integer("in_features") != inputs:
        raise CheckpointError(f"{c.says('in_features')}: expected {inputs}, what comes before it.", subject=path)
    activation = ACTIVATIONS.get(str(c.values.get("activation_function")))
    if activation is None:
        raise UnsupportedModel(f"{c.says('activation_function')}: expected {' or '.join(ACTIVATIONS)}.", subject=path)
    return Dense(
        inputs, c.integer("out_features"), c.values.get("bias") is not False, activation, f"{place}/linear.weight"
    )


def _prompts(path: Path) -> tuple[str, str]:
    values = read_json_object(path) if path.is_file() else {}
    prompts = values.get("prompts")
    said: dict[str, Any] = prompts if isinstance(prompts, dict) else {}
    query, document = (next((said[name] for name in names if name in said), "") for names in (QUERY, DOCUMENT))
    for prompt in (query, document):
        if not isinstance(prompt, str) or len(prompt) > MAX_PROMPT:
            raise CheckpointError(
                f"{path} has a prompt {shown(prompt)}: expected at most {MAX_PROMPT} characters.", subject=path
            )
    return query, document


def _max_tokens(path: Path) -> int | None:
    if not path.is_file():
        return None
    c = Config(read_json_object(path), path)
    return None if c.values.get("max_seq_length") is None else c.integer("max_seq_length", most=1 << 20)
