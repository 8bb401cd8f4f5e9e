"""Which family a checkpoint belongs to. Adding a family: one module beside the others, one line in FAMILIES."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from builder.errors import UnsupportedModel
from builder.files.reading import shown
from builder.model.families import gemma1, gemma2, gemma3
from builder.model.families.functiongemma import as_functiongemma
from builder.model.families.plan import MAX_SPARE_ROWS, ModelPlan
from builder.quantize.rounding import BLOCK

FAMILIES: dict[str, Callable[[dict[str, Any], Path], ModelPlan]] = {
    "gemma": gemma1.plan,
    "gemma2": gemma2.plan,
    "gemma3_text": gemma3.plan,
    "gemma3": gemma3.plan_text_part,
}
"""`model_type` of config.json → the function that plans the web file."""


def plan_model(config: dict[str, Any], config_path: Path) -> ModelPlan:
    """The plan for a checkpoint's config.json; UnsupportedModel for a family that onpage does not know."""
    model_type = config.get("model_type")
    planner = FAMILIES.get(model_type) if isinstance(model_type, str) else None
    if planner is None:
        architectures = config.get("architectures")
        raise UnsupportedModel(
            f"{config_path} has model_type {shown(model_type)} (architectures {shown(architectures)}): "
            f"onpage converts {', '.join(FAMILIES)}.",
            subject=config_path,
        )
    return planner(config, config_path)


def fit_to_tokenizer(plan: ModelPlan, pieces: Sequence[str]) -> ModelPlan:
    """What the tokenizer tells of a model: the rows that no text can reach are left out, and a FunctionGemma is known as one.

    The plan keeps its number of rows where the tokenizer does not fit.
    """
    rows = -(-len(pieces) // BLOCK) * BLOCK
    if 0 < plan.vocab_size - rows <= MAX_SPARE_ROWS:
        plan = plan.with_rows(rows)
    return as_functiongemma(plan, pieces)
