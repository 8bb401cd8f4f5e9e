"""What a family says about a checkpoint: its parameters, and which tensor of the checkpoint becomes which of the web file."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import shown
from builder.formats.llm_parameters import ModelType, TransformerParameters
from builder.model.turns import Turns
from builder.quantize.scheme import Role

MIN_FLOAT, MAX_FLOAT = 2.0**-126, 2.0**127
"""Of the numbers that LlmParameters keeps as float32."""


MAX_SPARE_ROWS = 64
"""Rows of an embedding behind those of the tokenizer's pieces: Gemma 3 with images has 64 (for tokens of images), and programs
pad to multiples of 64."""


@dataclass(frozen=True)
class MatrixPlan:
    """A quantized matrix: (n, k) in the checkpoint, (k, n) for the engine."""

    name: str
    source: str
    k: int
    n: int
    role: Role


@dataclass(frozen=True)
class VectorPlan:
    """A float32 vector, copied as it is."""

    name: str
    source: str
    size: int


@dataclass(frozen=True)
class Naming:
    """How a program names the tensors of a decoder."""

    decoder: str = "model."
    """In front of `embed_tokens.weight`, `layers.0.…` and `norm.weight`."""
    tied_head: str = "lm_head.weight"
    """Some programs save the tied output matrix a second time, under this name."""


@dataclass(frozen=True)
class ModelPlan:
    """Everything about the web file but the tokenizer and the weights."""

    family: str
    model_type: ModelType
    vocab_size: int
    context_length: int
    """Tokens that the model was made for. Not `max_seq_length`: that would overrule the page's own maxTokens."""
    transformer: TransformerParameters
    tensors: tuple[MatrixPlan | VectorPlan, ...]
    """In the order in which the engine streams them."""
    turns: Turns
    naming: Naming = Naming()
    """That of the sources."""
    namings: tuple[Naming, ...] = (Naming(),)
    """Those that checkpoints of this family are known to have."""
    left_out: tuple[str, ...] = ()
    """Prefixes of tensors that are no part of the decoder and are left out on purpose: the images' side."""

    @property
    def parameters(self) -> int:
        """Number of weights of the decoder."""
        return sum(t.k * t.n if isinstance(t, MatrixPlan) else t.size for t in self.tensors)

    @property
    def embedding(self) -> MatrixPlan:
        """The matrix that is both embedding and output."""
        return next(t for t in self.tensors if isinstance(t, MatrixPlan) and t.role == "embedding")

    def with_rows(self, rows: int) -> ModelPlan:
        """The same plan with only the first `rows` of the embedding."""
        short = replace(self.embedding, n=rows)
        tensors = tuple(short if tensor is self.embedding else tensor for tensor in self.tensors)
        return replace(self, vocab_size=rows, tensors=tensors)

    def named(self, naming: Naming) -> ModelPlan:
        """The same plan for a checkpoint with other names."""
        old, new = self.naming.decoder, naming.decoder
        tensors = tuple(replace(tensor, source=new + tensor.source.removeprefix(old)) for tensor in self.tensors)
        return replace(self, naming=naming, tensors=tensors)

    def named_as_in(self, names: Container[str]) -> ModelPlan:
        """The plan with the naming of a checkpoint that holds tensors of these `names`; as it is where none fits."""
        plans = (self.named(naming) for naming in self.namings)
        return next((plan for plan in plans if plan.embedding.source in names), self)


class Config:
    """Typed, checked access to config.json, or to a `section` of it.

    `defaults` are the values that a family has where its config.json leaves a key out; a key in neither is an error.
    """

    def __init__(
        self, values: dict[str, Any], path: Path, defaults: Mapping[str, Any] | None = None, section: str = ""
    ) -> None:
        self.values = {**(defaults or {}), **values}
        self.path = path
        self.section = section

    def says(self, key: str) -> str:
        """The beginning of a sentence about a key: where it is, and what it says."""
        return f"{self.path}: {self.section}{key} is {shown(self.values.get(key))}"

    def integer(self, key: str, *, most: int = 1 << 24) -> int:
        """A whole number from 1 to `most`."""
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise CheckpointError(f"{self.says(key)}: expected a whole number from 1 to {most}.", subject=key)
        return value

    def number(self, key: str) -> float:
        """A positive number."""
        value = self.values.get(key)
        usable = isinstance(value, int | float) and not isinstance(value, bool) and MIN_FLOAT <= value <= MAX_FLOAT
        if not usable:
            raise CheckpointError(f"{self.says(key)}: expected a positive number that float32 can hold.", subject=key)
        return float(value)  # type: ignore[arg-type]

    def number_or_none(self, key: str) -> float | None:
        """A positive number, or None where the key is null or left out."""
        return None if self.values.get(key) is None else self.number(key)

    def refuse_unless(self, key: str, *usual: Any) -> None:
        """Refuses a setting that the web format has no place for, by its name; null and left out are fine."""
        value = self.values.get(key)
        if value is not None and value not in usual:
            raise UnsupportedModel(
                f"{self.says(key)}, which the web format cannot express: the engine always has {usual[0]!r}.",
                subject=key,
            )
