"""What a family says about a checkpoint: its parameters, and which tensor of the checkpoint becomes which of the web file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import CheckpointError, UnsupportedModel
from builder.input import shown
from builder.llm_parameters import ModelType, TransformerParameters
from builder.scheme import Role

SMALLEST, LARGEST = 2.0**-126, 2.0**127
"""Of the numbers that LlmParameters keeps as float32."""


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
class TurnTemplate:
    """The texts around a turn; the web task applies none, so the page does."""

    user_prefix: str
    model_prefix: str
    suffix: str
    end_of_turn: str
    """The piece that ends an answer."""


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
    template: TurnTemplate

    @property
    def parameters(self) -> int:
        """Number of weights of the checkpoint."""
        return sum(t.k * t.n if isinstance(t, MatrixPlan) else t.size for t in self.tensors)


class Config:
    """Typed, checked access to config.json. `default` stands for a key that Hugging Face leaves out when it is usual."""

    def __init__(self, values: dict[str, Any], path: Path) -> None:
        self.values = values
        self.path = path

    def integer(self, key: str, default: int | None = None, *, most: int = 1 << 24) -> int:
        """A whole number from 1 to `most`."""
        value = self.values.get(key)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise CheckpointError(
                f"{self.path}: {key} is {shown(value)}: expected a whole number from 1 to {most}.", subject=key
            )
        return value

    def number(self, key: str, default: float | None = None) -> float | None:
        """A positive number, or None where the key is missing or null and there is no default."""
        value = self.values.get(key)
        value = default if value is None else value
        if value is None:
            return None
        usable = isinstance(value, int | float) and not isinstance(value, bool) and SMALLEST <= value <= LARGEST
        if not usable:
            raise CheckpointError(
                f"{self.path}: {key} is {shown(value)}: expected a positive number that float32 can hold.", subject=key
            )
        return float(value)

    def refuse_unless(self, key: str, usual: Any, default: Any = None) -> None:
        """Refuses a setting that the web format has no place for, by its name."""
        value = self.values.get(key, default)
        if value != usual:
            raise UnsupportedModel(
                f"{self.path}: {key} is {shown(value)}, which the web format cannot express: the engine always has {usual!r}.",
                subject=key,
            )
