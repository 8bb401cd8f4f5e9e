"""Where the tables of the layers of a web file are to be: on the GPU, or in the page's memory, from which the engine takes rows on demand."""

from __future__ import annotations

from pathlib import Path

from builder.convert.container import LITERTLM
from builder.errors import UnsupportedModel
from builder.formats.web_model import PerLayerTables
from builder.model.description import ModelDescription
from builder.quantize.scheme import Quantization


def scales_for(quantization: Quantization, tables: PerLayerTables) -> Quantization:
    """The quantization with scales of the tables as the engine reads them: on demand it takes one for a row, wherever blocks begin."""
    return quantization if tables == "static" else quantization.with_a_scale_for_each_row_of("per_layer_embedding")


def tables_of(model: ModelDescription, output: Path, asked: PerLayerTables | None) -> PerLayerTables:
    """What was asked for, or what is better: on demand, where the engine that reads `output` was tested with it.

    UnsupportedModel where what was asked for cannot be done.
    """
    if not model.per_layer_width:
        if asked is not None:
            raise UnsupportedModel(
                f"A {model.family} without per-layer embeddings has no tables to place: leave out --per-layer-embeddings.",
                subject=model.family,
            )
        return "static"
    is_bundle = output.suffix.lower() == LITERTLM
    if asked == "on-demand" and is_bundle:
        raise UnsupportedModel(
            f"{output} cannot have per-layer embeddings that are loaded on demand, because they were not tested in LiteRT-LM: write a "
            f".task, or choose --per-layer-embeddings static.",
            subject=str(output),
        )
    return asked or ("static" if is_bundle else "on-demand")
