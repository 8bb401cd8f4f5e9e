"""Which family a checkpoint belongs to. To add one: a module beside the others, and a line in FAMILIES (see builder.model)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builder.errors import UnsupportedModel
from builder.files.reading import shown
from builder.model.description import ModelDescription
from builder.model.families import dense, functiongemma, gemma1, gemma2, gemma3, gemma3n, gemma4, llama
from builder.model.families.family import Family, Naming
from builder.model.turns import Turns
from builder.model.weights import Weight
from builder.quantize.rounding import BLOCK

FAMILIES: dict[str, Family] = {
    "gemma": gemma1.FAMILY,
    "gemma2": gemma2.FAMILY,
    "gemma3_text": gemma3.FAMILY,
    "gemma3": gemma3.FAMILY_WITH_IMAGES,
    "gemma3n_text": gemma3n.FAMILY,
    "gemma3n": gemma3n.FAMILY_WITH_SENSES,
    "gemma4_text": gemma4.FAMILY,
    "gemma4": gemma4.FAMILY_WITH_SENSES,
    **llama.FAMILIES,
}
"""`model_type` of config.json → what reads it."""

MAX_SPARE_ROWS = 1024
"""Rows of an embedding behind those of the tokenizer's pieces: Gemma 3 with images has 64 (for tokens of images), and programs
pad to multiples of up to 512. More are of another model's tokenizer."""


def family_of(config: dict[str, Any], config_path: Path) -> Family:
    """The family of a checkpoint's config.json; UnsupportedModel for one that onpage does not convert."""
    model_type = config.get("model_type")
    family = FAMILIES.get(model_type) if isinstance(model_type, str) else None
    if makes_vectors(config):
        raise UnsupportedModel(
            f"{config_path} is of a model that compares texts and writes none: a BERT, or one that sees the whole text at once "
            f"(use_bidirectional_attention), such as EmbeddingGemma. onpage convert makes a .litertlm of its repository or its whole folder.",
            subject=config_path,
        )
    if family is None:
        architectures = config.get("architectures")
        raise UnsupportedModel(
            f"{config_path} has model_type {shown(model_type)} (architectures {shown(architectures)}): "
            f"onpage converts {', '.join(FAMILIES)}.",
            subject=config_path,
        )
    return family


def makes_vectors(config: dict[str, Any]) -> bool:
    """Whether a checkpoint's config.json is of a model that makes vectors of texts, which `builder.encoder` reads."""
    return config.get("model_type") == "bert" or config.get("use_bidirectional_attention") is True


def describe(config: dict[str, Any], config_path: Path) -> ModelDescription:
    """The model of a checkpoint's config.json; UnsupportedModel names what cannot be converted, CheckpointError what is nonsense."""
    return family_of(config, config_path).describe(config, config_path)


def weights_of(model: ModelDescription) -> tuple[Weight, ...]:
    """The weights of a model that no checkpoint stands behind, named as transformers names a text model."""
    return dense.weights(model, Naming())


def turns_of(model: ModelDescription) -> Turns:
    """The turns that the published models of a family were taught: none where each was taught others."""
    if model.family in llama.NAMES:
        return Turns()
    return {functiongemma.NAME: functiongemma.TURNS, gemma4.NAME: gemma4.TURNS}.get(model.family, dense.GEMMA_TURNS)


def is_gemma(model: ModelDescription) -> bool:
    """Whether it is one, which web files and engines on a GPU know; of others there are graphs for the processor."""
    return model.family not in llama.NAMES


def whole_blocks(rows: int) -> int:
    """The least number of rows, that many or more, that formats store in blocks."""
    return -(-rows // BLOCK) * BLOCK


def fit_to_tokenizer(model: ModelDescription, pieces: Sequence[str]) -> ModelDescription:
    """What the tokenizer tells of a model: the rows that no text can reach are left out, as many as the format stores at a time are
    filled up, and a FunctionGemma is known as one.

    The model keeps its number of rows where the tokenizer does not fit.
    """
    rows, there = whole_blocks(len(pieces)), model.embedding.vocabulary
    if len(pieces) <= there <= rows + MAX_SPARE_ROWS:
        model = model.with_vocabulary(rows)
    return functiongemma.as_functiongemma(model, pieces)
