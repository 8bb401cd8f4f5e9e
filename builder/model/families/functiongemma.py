"""FunctionGemma: Gemma 3 of 270M taught to call functions. Its config.json says nothing of it, its tokenizer does.

The turns are Gemma's and one more, the developer's, which declares the functions; declarations and calls have pieces of their
own (docs/families.md), and an answer also ends where the program is to give the function's response.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from builder.formats.llm_parameters import ModelType
from builder.model.families.plan import ModelPlan
from builder.model.turns import Turn

CALL, RESPONSE = "<start_function_call>", "<start_function_response>"


def as_functiongemma(plan: ModelPlan, pieces: Container[str]) -> ModelPlan:
    """The plan of a 270M model whose tokenizer has the piece for a call; any other plan as it is."""
    if plan.model_type != ModelType.GEMMA3_300M or CALL not in pieces:
        return plan
    return replace(
        plan,
        family="functiongemma3",
        model_type=ModelType.FUNCTIONGEMMA3_300M,
        turns=replace(
            plan.turns,
            system=Turn("<start_of_turn>developer\n", plan.turns.user.suffix),
            ends=(*plan.turns.ends, RESPONSE),
        ),
    )
