"""What a web file will hold, known before a weight is read: its parameters, its tensors, and where all of it goes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from builder import __version__
from builder.convert.residual_scale import KnownResidual
from builder.errors import TokenizerError, UnsupportedModel
from builder.formats.llm_parameters import LlmParameters, PromptAffixes, PromptTemplates
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec
from builder.formats.web_file_layout import WebFileLayout
from builder.formats.web_model import PerLayerTables, model_type, transformer_parameters
from builder.formats.web_tensor_names import name_of
from builder.model.description import ModelDescription
from builder.model.generation_config import GenerationConfig
from builder.model.tokenizer import Tokenizer
from builder.model.turns import Turns
from builder.model.weights import Weight
from builder.quantize.halves import BYTES
from builder.quantize.rounding import BLOCK
from builder.quantize.scheme import ROLE_OF, Quantization, Scheme
from builder.tower.graphs import Towers

MAX_TENSOR = (1 << 31) - 1
"""The size of a tensor is an int32 of the header."""


def web_layout(
    model: ModelDescription,
    weights: Sequence[Weight],
    parameters: LlmParameters,
    tokenizer: bytes,
    quantization: Quantization,
    generation: GenerationConfig,
    conversion: dict[str, Any] | None = None,
    residual: KnownResidual | None = None,
    towers: Towers | None = None,
) -> tuple[list[TensorSpec], WebFileLayout]:
    """The tensors of the web file, and where all of it goes: known before a weight is read."""
    largest = max(weights, key=_bytes_at_8_bits)
    if _bytes_at_8_bits(largest) > MAX_TENSOR:
        raise UnsupportedModel(
            f"{largest.source} is too large for the web format: its tensors have at most {MAX_TENSOR:,} bytes.",
            subject=str(largest.source),
        )
    _refuse_what_no_block_divides(weights, quantization)
    specs = [
        spec
        for weight in weights
        for spec in tensor_specs(
            name_of(weight, model),
            weight.shape,
            quantization.scheme_of(weight) if weight.is_quantized else None,
            has_sums=weight.stack == 1,
        )
    ]
    if towers:
        specs += towers.specs
        towers.tell(parameters)
    notes = {"context_length": model.context, "written_by": f"onpage {__version__}"} | generation.notes()
    if conversion:
        notes["conversion"] = conversion
    if residual:
        notes |= residual.notes()
    return specs, WebFileLayout.of(model_type(model), parameters, tokenizer, specs, notes)


def llm_parameters(
    model: ModelDescription,
    tokenizer: Tokenizer,
    turns: Turns,
    stop_ids: list[int],
    tables: PerLayerTables = "static",
) -> LlmParameters:
    """The metadata that says what the model is, how a text starts and ends, and how a turn is written."""
    told = transformer_parameters(model, tables)
    check_vocabulary(model, tokenizer)
    if tokenizer.start_id < 0:
        raise TokenizerError(f"{tokenizer.path} has no begin-of-text piece: Gemma needs one.", subject=tokenizer.path)
    parameters = LlmParameters(
        transformer_parameters=told,
        vocab_size=model.embedding.vocabulary,
        start_token_id=tokenizer.start_id,
        stop_tokens=[tokenizer.pieces[i] for i in stop_ids],
        stop_token_ids=stop_ids,
    )
    write_turns(parameters, turns)
    return parameters


def check_vocabulary(model: ModelDescription, tokenizer: Tokenizer) -> None:
    """TokenizerError where a tokenizer has not as many pieces as the embedding has rows, but for what fills up a block."""
    rows = model.embedding.vocabulary
    if not rows - BLOCK < len(tokenizer.pieces) <= rows:
        raise TokenizerError(
            f"{tokenizer.path} has {len(tokenizer.pieces):,} pieces, but the embedding has {rows:,} rows: "
            f"use the tokenizer that belongs to this checkpoint.",
            subject=tokenizer.path,
        )


def write_turns(parameters: LlmParameters, turns: Turns) -> None:
    """Puts the turns into a file's parameters, in both of the places that they have there."""
    if turns == Turns(ends=turns.ends):
        return
    parameters.prompt_template = PromptAffixes(
        session_prefix=turns.opening, prompt_prefix=turns.user.prefix, prompt_suffix=turns.question.suffix
    )
    sides = {"user": turns.user, "model": turns.model, "system": turns.system}
    parameters.prompt_templates = PromptTemplates(
        **{
            side: PromptAffixes(prompt_prefix=turn.prefix, prompt_suffix=turn.suffix)
            for side, turn in sides.items()
            if turn is not None
        }
    )


def _bytes_at_8_bits(weight: Weight) -> int:
    """So that the limit does not depend on the bits chosen."""
    if weight.is_quantized:
        return max(weight.size, 4 * weight.outputs)
    return (BYTES if weight.is_matrix else 4) * weight.size


def _refuse_what_no_block_divides(weights: Iterable[Weight], quantization: Quantization) -> None:
    for weight in weights:
        if weight.is_quantized and weight.inputs % (quantization.scheme_of(weight).block or 1):
            raise UnsupportedModel(
                f"{weight.source} has {weight.inputs:,} inputs, which blocks of {quantization.scheme_of(weight).block} do not "
                f"divide: choose a scheme without blocks for its role, {ROLE_OF[weight.part]}.",
                subject=str(weight.source),
            )


def tensor_specs(
    name: str, shape: tuple[int, ...], scheme: Scheme | None, *, has_sums: bool = True
) -> list[TensorSpec]:
    """Of a matrix (outputs, inputs) its values, their sums, which a stack of matrices has not, and the scales; without a scheme a matrix is
    float16, under the engine's name for that type, and a vector as it is."""
    if scheme is None and len(shape) == 1:
        return [TensorSpec(name, TensorType.FLOAT32, 4 * math.prod(shape))]
    outputs, inputs = shape
    if scheme is None:
        return [TensorSpec(f"{name}.w", TensorType.FLOAT32, BYTES * outputs * inputs)]
    packed = TensorType.INT8 if scheme.bits == 8 else TensorType.INT4
    scales = outputs * inputs // (scheme.block or inputs)
    return [
        TensorSpec(f"{name}.w", packed, inputs * outputs * scheme.bits // 8),
        *([TensorSpec(f"{name}.w.sum_i", TensorType.INT32, 4 * outputs)] if has_sums else []),
        TensorSpec(f"{name}.w_quantized_scale", TensorType.FLOAT32, 4 * scales),
    ]
