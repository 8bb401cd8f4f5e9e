"""How an answer is sampled and where it ends: config.json and generation_config.json, checked against the tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from builder.checkpoint.checkpoint import Checkpoint
from builder.errors import CheckpointError
from builder.files.reading import shown
from builder.formats.llm_parameters import MAX_STOPS
from builder.model.tokenizer import Tokenizer
from builder.model.turns import Turns

SAMPLING = frozenset({"do_sample", "temperature", "top_k"})
"""What generation_config.json says of it."""


@dataclass(frozen=True)
class GenerationConfig:
    """Ids that end an answer, and the sampling that the model's authors recommend, where they do."""

    stop_ids: list[int]
    temperature: float | None = None
    top_k: int | None = None

    @classmethod
    def read(
        cls,
        checkpoint: Checkpoint,
        generation: dict[str, Any],
        tokenizer: Tokenizer,
        turns: Turns,
        stops: Sequence[str] = (),
    ) -> GenerationConfig:
        """The end ids of config.json and of `generation` (generation_config.json), of the tokenizer, and of the turns, or only the pieces `stops` where there are some.

        CheckpointError where an id is nonsense, where there are more than a web file holds, or none.
        """
        ids = {tokenizer.end_id, *map(tokenizer.id_of, turns.ends)} - {None, -1}
        for config in (checkpoint.config, generation):
            ids |= _token_ids(config.get("eos_token_id"), checkpoint, len(tokenizer.pieces))
        if stops:
            ids = {tokenizer.id_of(piece) for piece in stops}
        if not 0 < len(ids) <= MAX_STOPS:
            raise CheckpointError(
                f"{len(ids) or 'No'} tokens end an answer by eos_token_id of {checkpoint.path}: a model file holds 1 to "
                f"{MAX_STOPS}; name those that end one with --stop.",
                subject="eos_token_id",
            )
        start = checkpoint.config.get("bos_token_id")
        if (
            start is not None
            and start != tokenizer.start_id
            and (tokenizer.is_sentencepiece or tokenizer.start_id >= 0)
        ):
            raise CheckpointError(
                f"bos_token_id is {shown(start)} in config.json of {checkpoint.path}, but {tokenizer.start_id} in "
                f"tokenizer.model: use the tokenizer that belongs to this checkpoint.",
                subject="bos_token_id",
            )
        sampled = generation.get("do_sample", True) is not False
        return cls(
            stop_ids=sorted(i for i in ids if i is not None),
            temperature=_in_range(generation, "temperature", float, 0.0, 10.0) if sampled else None,
            top_k=_in_range(generation, "top_k", int, 1, 1 << 20) if sampled else 1,
        )

    def notes(self) -> dict[str, Any]:
        """What the web file says of it; the format's own fields have the stop ids only."""
        sampling = {"temperature": self.temperature, "top_k": self.top_k}
        return {key: value for key, value in sampling.items() if value is not None}


def _token_ids(value: Any, checkpoint: Checkpoint, vocabulary: int) -> set[int]:
    ids = [i for i in (value if isinstance(value, list) else [value]) if i is not None]
    for i in ids:
        if not isinstance(i, int) or isinstance(i, bool) or not 0 <= i < vocabulary:
            raise CheckpointError(
                f"eos_token_id {shown(i)} of {checkpoint.path} is not one of the tokenizer's {vocabulary:,} ids.",
                subject="eos_token_id",
            )
    return set(ids)


def _in_range(config: dict[str, Any], key: str, kind: type, least: float, most: float) -> Any:
    """The value where it is a usable number; None where it is left out or is one that the engine cannot take."""
    value = config.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    return kind(value) if usable else None
