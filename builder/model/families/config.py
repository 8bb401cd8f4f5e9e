"""Typed, checked access to config.json: the families read every key of it through this, and nobody else reads one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import shown

MIN_FLOAT, MAX_FLOAT = 2.0**-126, 2.0**127
"""Of the numbers that web files keep as float32."""

MAX_LAYERS = MAX_HEADS = 1024
MAX_HEAD_DIMENSION = 4096


def says_untied(config: Mapping[str, Any]) -> bool:
    """Whether the logits are said to have a matrix of their own, by config.json or by its text part."""
    sections = (config, config.get("text_config"))
    return any(isinstance(said, dict) and said.get("tie_word_embeddings") is False for said in sections)


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

    @classmethod
    def of_text_part(cls, values: dict[str, Any], path: Path, defaults: Mapping[str, Any], model_type: str) -> Config:
        """The text_config of a model that also sees or hears; UnsupportedModel where it is not of `model_type`."""
        text = values.get("text_config")
        if not isinstance(text, dict) or text.get("model_type", model_type) != model_type:
            raise UnsupportedModel(
                f"{cls(values, path).says('text_config')}: expected the settings of a {model_type} model.",
                subject="text_config",
            )
        return cls(text, path, defaults, section="text_config.")

    def with_values(self, **values: Any) -> Config:
        """The same place, where these say something else."""
        return Config(self.values | values, self.path, section=self.section)

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
