"""Which family a checkpoint belongs to. Adding a family: one module beside gemma3.py, one line in FAMILIES."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.errors import UnsupportedModel
from builder.families import gemma3
from builder.families.plan import ModelPlan
from builder.input import shown

FAMILIES: dict[str, Callable[[dict[str, Any], Path], ModelPlan]] = {
    "gemma3_text": gemma3.plan,
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
