"""`--bits auto`: the mix of bits for a size of file, or a divergence."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from builder.calibrate.choose import Mix, candidates, choose, refuse_smaller
from builder.calibrate.prepare import CalibrationText, finite_survey
from builder.calibrate.sensitivity import AT_Q4_0, sensitivity
from builder.calibrate.texts import CONTEXT
from builder.convert.container import largest_size, refuse_another_format
from builder.convert.layout import llm_parameters, web_layout
from builder.convert.per_layer_tables import scales_for, tables_of
from builder.convert.residual_scale import MeasuredResidual
from builder.convert.web_file import Progress, conversion_notes, refuse_to_replace_an_input
from builder.errors import UnsupportedModel
from builder.formats.web_model import PerLayerTables
from builder.model.opened import OpenedCheckpoint
from builder.model.origin import Origin
from builder.model.residual import SMALLEST, ResidualScale
from builder.quantize.scheme import Quantization
from builder.reference.sources import CheckpointSource
from builder.tower.graphs import towers_of

LONGEST = 123_456_789.123
"""As many digits as a file's note of its largest residual has at most: the real one is measured later."""


def mixed_bits(
    opened: OpenedCheckpoint,
    output: Path,
    calibration: CalibrationText,
    *,
    target_size: int | None = None,
    max_divergence: float | None = None,
    origin: Origin | None = None,
    merged: Origin | None = None,
    tables: PerLayerTables | None = None,
    progress: Progress | None = None,
) -> Mix:
    """Measures what 4 bits cost each part, and chooses: the best file of at most `target_size` bytes, or the smallest whose predicted
    divergence is at most `max_divergence`.

    `origin`, `merged` and `tables` are those of `convert_opened`. OnpageError where there is none, CheckpointError where weights are not finite,
    UnsupportedModel where a matrix does not divide into blocks and for a model with experts, OutputError where `output` cannot be written.
    """
    if any(layer.experts for layer in opened.model.layers):
        # the sum over PARTS would call them free: few tokens of a text reach each, and none is rounded when costs are measured
        raise UnsupportedModel(
            f"{opened.path}: what 4 bits cost the experts of a model is not measured, so --bits auto cannot choose for it: "
            f"use --bits 8 or --bits q4_0.",
            subject="experts",
        )
    refuse_to_replace_an_input(opened, output)
    refuse_another_format(output, bundle=True)
    placed = tables_of(opened.model, output, tables)
    parameters = llm_parameters(opened.model, opened.tokenizer, opened.turns, opened.generation.stop_ids, placed)
    towers = towers_of(opened)
    residual = MeasuredResidual(LONGEST / SMALLEST, ResidualScale.of(opened.model, SMALLEST))

    def size_of(quantization: Quantization) -> int:
        _, layout = web_layout(
            opened.model,
            opened.weights.tensors,
            parameters,
            opened.tokenizer.model,
            scales_for(quantization, placed),
            opened.generation,
            conversion_notes(opened, quantization, calibration, origin, merged),
            residual,
            towers,
        )
        return largest_size(output, layout.size, len(opened.tokenizer.model))

    at_q4_0 = scales_for(AT_Q4_0, placed)
    refuse_smaller(target_size, size_of(at_q4_0))  # and what no block divides: before all the work
    texts = calibration.texts(opened.tokenizer, CONTEXT - 1, progress and partial(progress, "sample"))
    source = CheckpointSource(opened.model, opened.weights)
    importance = finite_survey(source, opened.weights, opened.tokenizer, texts).importance
    assert importance is not None  # there are texts
    report = progress and partial(progress, "sensitivity")
    costs = sensitivity(opened.model, opened.weights, importance, texts, report, at_q4_0)
    found = candidates((one for one in opened.weights.tensors if one.is_quantized), costs, size_of, at_q4_0)
    return Mix(choose(found, target_size, max_divergence), found)
