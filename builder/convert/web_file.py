"""A checkpoint → a web file: describe, lay out, stream, verify, rename.

The peak memory is a few bands (see checkpoint.checkpoint.BAND_BYTES), whatever the model's size.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from builder.bundle.source import FLOAT16_EXPERTS
from builder.calibrate.choose import Mix
from builder.calibrate.prepare import CalibrationText, prepare
from builder.convert.container import LITERTLM, refuse_another_format, write_contained
from builder.convert.from_quantized import notes_on, suited
from builder.convert.layout import llm_parameters, web_layout
from builder.convert.per_layer_tables import scales_for, tables_of
from builder.convert.read_back import ReadBack
from builder.convert.residual_scale import BoundedResidual, KnownResidual, MeasuredResidual
from builder.convert.write_tensors import Pieces, write_tensors
from builder.errors import BundleError, OutputError
from builder.files.writing import write_beside
from builder.formats.web_entries import packed_sums
from builder.formats.web_model import PerLayerTables, model_type
from builder.formats.web_tensors import tables_size
from builder.model.description import ModelDescription
from builder.model.families import gemma3n
from builder.model.generation_config import GenerationConfig
from builder.model.opened import OpenedCheckpoint
from builder.model.origin import Origin
from builder.model.residual import UNSCALED, Asked
from builder.model.tokenizer import Tokenizer
from builder.model.turns import NOTHING_ASKED, AskedTurns, Turns
from builder.model.weights import Part, Weights, weight_count
from builder.quantize.integers import Prepared
from builder.quantize.scheme import Quantization
from builder.tower.graphs import Towers, towers_of

UNBOUNDED = (
    "the weights bound no residual stream of this family, so it is as it was, and engines compute the file in float32"
)

Progress = Callable[[str, int, int], None]
"""Called with the phase, what is done of it and what it has in all: bytes of "write" and "verify", layers of "measure" and "calibrate",
tokens of "sample"."""


@dataclass(frozen=True)
class WrittenModel:
    """What came of it."""

    path: Path
    size: int
    sha256: str
    family: str
    model_type: str
    parameters: int
    quantization: Quantization
    seconds: float
    left_out: tuple[str, ...] = ()
    """What of the checkpoint is not in the file, on purpose, in words."""
    notes: tuple[str, ...] = ()
    """What was decided about turns and tokenizer, in words."""
    residual_scale: float = 1.0
    """What the residual stream is multiplied with, so that float16 holds it."""
    mix: Mix | None = None
    """What the bits were chosen from, where they were not given."""
    on_demand: int = 0
    """Bytes of tables of the layers that stay out of the GPU while the model runs."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        facts = asdict(replace(self, mix=None)) | {"path": str(self.path), "quantization": self.quantization.to_json()}
        del facts["mix"]
        return facts | ({"mix": self.mix.to_json()} if self.mix else {})


def convert_checkpoint(
    folder: Path,
    output: Path,
    *,
    quantization: Quantization | None = None,
    merge: Path | None = None,
    turns: AskedTurns = NOTHING_ASKED,
    residual_scale: Asked = None,
    calibration: CalibrationText | None = None,
    tables: PerLayerTables | None = None,
    pictures: bool = False,
    progress: Progress | None = None,
) -> WrittenModel:
    """Converts a Hugging Face folder (config.json, *.safetensors, tokenizer.model) or a GGUF file to the web file `output`.

    Without `quantization` it is the one that suits the checkpoint: int8, or what a quantized one has. `merge` is the folder of a LoRA
    adapter that goes into the weights, `turns` what is set in place of the checkpoint's own, `residual_scale` a power of two that the
    residual stream is multiplied with instead of what a pass shows to be needed, or "bound" for what the weights show, without a pass;
    `calibration` the text that the layers are quantized with; `pictures` whether what sees is converted, too. Raises the errors of builder.errors; `output` is then as it was.
    """
    opened = OpenedCheckpoint.complete(folder, merge, turns, pictures=pictures)
    return convert_opened(
        opened,
        output,
        quantization=quantization,
        residual_scale=residual_scale,
        calibration=calibration,
        tables=tables,
        progress=progress,
    )


def convert_opened(
    opened: OpenedCheckpoint,
    output: Path,
    *,
    quantization: Quantization | None = None,
    mix: Mix | None = None,
    origin: Origin | None = None,
    merged: Origin | None = None,
    residual_scale: Asked = None,
    calibration: CalibrationText | None = None,
    tables: PerLayerTables | None = None,
    progress: Progress | None = None,
) -> WrittenModel:
    """As `convert_checkpoint`, for a checkpoint that is open and complete.

    `mix` is what `quantization` was chosen from; `origin` and `merged` say where the checkpoint and the adapter in it came from, where
    that is not here.
    """
    refuse_to_replace_an_input(opened, output)
    refuse_another_format(output, bundle=True)
    if output.suffix.lower() == LITERTLM and any(layer.experts for layer in opened.model.layers):
        raise BundleError(f"{opened.path} {FLOAT16_EXPERTS}", subject=opened.path)  # before the pass over the weights
    placed = tables_of(opened.model, output, tables)
    quantization = scales_for(quantization or suited(opened.weights), placed)
    conversion = conversion_notes(opened, quantization, calibration, origin, merged)
    parameters = llm_parameters(opened.model, opened.tokenizer, opened.turns, opened.generation.stop_ids, placed)
    towers = towers_of(opened)
    # what cannot be written is refused before the pass over the weights
    web_layout(
        opened.model,
        opened.weights.tensors,
        parameters,
        opened.tokenizer.model,
        quantization,
        opened.generation,
        towers=towers,
    )
    started = time.monotonic()
    measured = residual_scale != "bound"
    with prepare(
        opened.model, opened.weights, opened.tokenizer, quantization, calibration, progress, measured=measured
    ) as ready:
        residual = (
            BoundedResidual.of(opened.model, opened.weights)
            if residual_scale == "bound"
            else MeasuredResidual.of(opened.model, ready.largest_residual, residual_scale)
        )
        written = write_web_file(
            opened.model,
            opened.weights,
            opened.tokenizer,
            opened.turns,
            opened.generation,
            output,
            quantization,
            progress,
            conversion,
            residual,
            ready.prepared,
            tables,
            towers,
        )
    seconds = round(time.monotonic() - started, 3)
    unbounded = isinstance(residual, BoundedResidual) and residual.bound is None
    said = (*((UNBOUNDED,) if unbounded else ()), *opened.notes, *([towers.note] if towers else []))
    notes = (*notes_on(opened.weights, quantization), *said)
    return replace(written, left_out=opened.left_out, notes=notes, seconds=seconds, mix=mix)


def conversion_notes(
    opened: OpenedCheckpoint,
    quantization: Quantization,
    calibration: CalibrationText | None = None,
    origin: Origin | None = None,
    merged: Origin | None = None,
) -> dict[str, Any]:
    """What a file says of how it was made."""
    notes: dict[str, Any] = {"checkpoint": origin.name if origin else opened.checkpoint.name}
    if origin:
        notes["revision"] = origin.commit
    notes["scale"] = quantization.scale
    if opened.merge is not None:
        notes["merged"] = str(merged) if merged else opened.merge.resolve().name
    if calibration is not None:
        notes["calibrated on"] = str(calibration)
    if opened.pictures and opened.model.family != gemma3n.NAME:  # whose text reads pictures so, too
        notes["pictures"] = "the engine's attention is causal within one; the checkpoint's is not"
    return notes


def write_web_file(
    model: ModelDescription,
    weights: Weights,
    tokenizer: Tokenizer,
    turns: Turns,
    generation: GenerationConfig,
    output: Path,
    quantization: Quantization,
    progress: Progress | None = None,
    conversion: dict[str, Any] | None = None,
    residual: KnownResidual | None = None,
    prepared: Prepared | None = None,
    tables: PerLayerTables | None = None,
    towers: Towers | None = None,
) -> WrittenModel:
    """Streams the weights into `output`, in one pass over the weights. `conversion` notes what it was made of, `residual` how its
    residual stream is scaled.

    Where the name ends with .litertlm, the web file is put into such a bundle; other formats' names are refused.
    """
    refuse_another_format(output, bundle=True)
    placed = tables_of(model, output, tables)
    write_bare = partial(
        _write_bare,
        model,
        weights,
        tokenizer,
        turns,
        generation,
        quantization=scales_for(quantization, placed),
        progress=progress,
        conversion=conversion,
        residual=residual,
        prepared=prepared,
        tables=placed,
        towers=towers,
    )
    if output.suffix.lower() != LITERTLM:
        return write_bare(output)
    written: list[WrittenModel] = []
    contained = write_contained(output, lambda path: written.append(write_bare(path)), progress)
    return replace(written[0], path=output, size=contained.size, sha256=contained.sha256)


def _write_bare(
    model: ModelDescription,
    weights: Weights,
    tokenizer: Tokenizer,
    turns: Turns,
    generation: GenerationConfig,
    output: Path,
    *,
    quantization: Quantization,
    progress: Progress | None,
    conversion: dict[str, Any] | None,
    residual: KnownResidual | None,
    prepared: Prepared | None,
    tables: PerLayerTables,
    towers: Towers | None,
) -> WrittenModel:
    started = time.monotonic()
    parameters = llm_parameters(model, tokenizer, turns, generation.stop_ids, tables)
    specs, layout = web_layout(
        model, weights.tensors, parameters, tokenizer.model, quantization, generation, conversion, residual, towers
    )
    in_rows: tuple[Part, ...] = ("per_layer_embedding",) if tables == "on-demand" else ()
    report = _Reporter(progress, layout.size)
    with (
        write_beside(output, layout.size) as part,
        ReadBack(part.path, layout.parts, report.phase("verify")) as read_back,
        ThreadPoolExecutor(1, "onpage-sync") as pool,
    ):
        pieces = Pieces(part, report.phase("write"))
        for offset, data in ((0, layout.header), *layout.blobs):
            pieces.write(offset, data)
        scale = residual.scale if residual else UNSCALED
        complete = read_back.complete
        write_tensors(model, weights, quantization, layout.offsets, pieces, complete, scale, prepared, in_rows)
        if towers:
            towers.write(layout.offsets, pieces.write, scale.factor)
        pieces.write(layout.sums_offset, packed_sums(read_back.sums()))
        synced = pool.submit(part.sync)  # the disk works while the rest is read back from memory
        sha256 = read_back.finish(layout.size, specs, pieces.checksum)
        synced.result()
    return WrittenModel(
        path=output,
        size=layout.size,
        sha256=sha256,
        family=model.family,
        model_type=model_type(model).name,
        parameters=weight_count(weights.tensors) + (towers.parameter_count if towers else 0),
        quantization=quantization,
        seconds=round(time.monotonic() - started, 3),
        residual_scale=residual.scale.factor if residual else 1.0,
        on_demand=tables_size(specs) if in_rows else 0,
    )


def refuse_to_replace_an_input(opened: OpenedCheckpoint, output: Path) -> None:
    """OutputError where `output` is a file of a folder that is read."""
    inputs = {"checkpoint": opened.checkpoint.files, "adapter": opened.merge.iterdir() if opened.merge else ()}
    for what, files in inputs.items():
        if output.exists() and any(output.samefile(path) for path in files):
            raise OutputError(f"{output} is part of the {what}: choose another output file.", subject=output)


class _Reporter:
    """Turns numbers of bytes into calls of Progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total = progress, total

    def phase(self, name: str) -> Callable[[int], None]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if self.progress:
                self.progress(name, done, self.total)

        return advance
