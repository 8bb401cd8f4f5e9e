"""What commands say of a file's residual stream: how it is scaled, how large it grows, and whether float16 holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import ModelFileError, OnpageError
from builder.formats.inspect_model import web_file_in
from builder.model.residual import FLOAT16_MAX, fits_float16
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.reference.evaluate import Evaluation

WHAT_TO_DO = "convert the checkpoint again, or compute in float32"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ResidualStream:
    """Of a web file."""

    scale: float
    """What it was multiplied with."""
    largest: float | None
    """Its largest value on a short text; None where nobody knows it."""
    bound: float | None
    """What no text brings it beyond; None where the file does not say."""
    limit: float
    """The largest value with which engines in float16 compute rightly."""
    measured: bool
    """Whether that was found out now; else the file notes it."""

    @property
    def fits_float16(self) -> bool | None:
        """None where nobody knows it."""
        return fits_float16(self.largest, self.bound, self.limit)

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "residual_scale": self.scale,
            "largest_residual": self.largest,
            "residual_bound": self.bound,
            "float16_limit": self.limit,
            "measured": self.measured,
            "fits_float16": self.fits_float16,
        }

    def __str__(self) -> str:
        return residual_row(self.scale, self.largest, self.bound, self.limit)


def residual_row(scale: float, largest: float | None, bound: float | None = None, limit: float = FLOAT16_MAX) -> str:
    """A stream for a person."""
    scaled = "not scaled" if scale == 1 else f"scaled by 1/{1 / scale:,.0f}"
    if bound is not None:
        holds = "float16 holds it" if fits_float16(largest, bound, limit) else f"float16 may not hold it; {WHAT_TO_DO}"
        return f"{scaled}, at most {bound:,.0f} of {_name(limit)} on any text: {holds}"
    if largest is None:
        return scaled
    said = f"{scaled}, up to {largest:,.0f} of {_name(limit)}"
    if fits_float16(largest, None, limit):
        return f"{said}: float16 holds it"
    beyond = "float16 does not hold it" if largest > limit else "a longer text may go beyond it"
    return f"{said}: {beyond}; {WHAT_TO_DO}"


def _name(limit: float) -> str:
    """Of a limit, for a person."""
    return f"float16's {limit:,.0f}" if limit == FLOAT16_MAX else f"the {limit:,.0f} that float16 holds the square of"


def residual_fits(found: Evaluation) -> str:
    """Of a stream that was measured on the texts themselves."""
    largest = found.largest_residual or 0.0
    if found.fits_float16:
        return f"up to {largest:,.0f}: float16 holds it (to {found.float16_limit:,.0f})"
    return f"up to {largest:,.0f}: beyond {_name(found.float16_limit)}; {WHAT_TO_DO}"


def residual_stream(path: Path, progress: Progress) -> ResidualStream | None:
    """Of the web file at `path`: what it notes, else what a pass over a short text shows, where numpy is here and the model is one that
    it computes. None of other files."""
    try:
        file = web_file_in(path)
    except ModelFileError:  # checked for damage, but no model that is inspected
        return None
    if file is None or file.lora_rank is not None:
        return None
    noted = ResidualStream(
        file.residual_scale, file.largest_residual, file.residual_bound, file.float16_limit, measured=False
    )
    if noted.fits_float16 is not None:
        return noted
    try:
        with requires("build"):
            from builder.convert.residual_scale import largest_residual_of
        largest = largest_residual_of(file, lambda done, total: progress("measure", done, total))
    except OnpageError:  # another family, or without what computes
        return noted
    return ResidualStream(file.residual_scale, largest, None, file.float16_limit, measured=True)
