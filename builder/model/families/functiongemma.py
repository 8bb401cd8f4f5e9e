"""FunctionGemma: Gemma 3 of 270M taught to call functions. Its config.json says nothing of it, its tokenizer does.

The turns are Gemma's and one more, the developer's, which declares the functions; declarations and calls have pieces of their
own (docs/families.md), and an answer also ends where the program is to give the function's response.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from builder.model.description import ModelDescription
from builder.model.families.dense import GEMMA_TURNS
from builder.model.turns import Turn

CALL, RESPONSE = "<start_function_call>", "<start_function_response>"

NAME = "functiongemma3"
SYSTEM = Turn("<start_of_turn>developer\n", GEMMA_TURNS.user.suffix)
TURNS = replace(
    GEMMA_TURNS,
    system=SYSTEM,
    ends=(*GEMMA_TURNS.ends, RESPONSE),
)


def as_functiongemma(model: ModelDescription, pieces: Container[str]) -> ModelDescription:
    """A Gemma 3 of 270M (or of no published size) whose tokenizer has the piece for a call; any other model as it is."""
    if model.family != "gemma3" or model.size not in ("270m", None) or CALL not in pieces:
        return model
    return replace(model, family=NAME)
