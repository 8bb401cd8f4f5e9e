"""Slices of the Gemma 3n that a server offers (`--slice`): models of their own, whose bytes are read from the large file as they are asked for.

The sha256 of a slice takes a pass over its bytes. It is kept, with the sums that lie in it, in a small file under what makes the bytes: the
sha256 of the large file, what is kept of it, and the front that is made anew. The next start reads that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ModelFileError, OutputError, UnsupportedModel
from builder.files.reading import NotReadableError, read_bounded
from builder.files.writing import write_beside
from builder.formats.inspect_web_file import web_file_facts
from builder.store.manifest import model_id
from webapp.errors import NothingToSliceError
from webapp.served_files import ServedFile
from webapp.served_models import ServedModel

if TYPE_CHECKING:  # slicing needs the extra `build`, serving does not
    from builder.slice.composed import ComposedFile, ComposedReader, Measured
    from builder.slice.plan import Slice, Sliceable

WAY = "1"
"""Of composing: another one where the same plan gives other bytes."""


@dataclass(frozen=True)
class Slices:
    """What is offered of each Gemma 3n beside the whole."""

    sizes: Sequence[str | int] = ()
    """E2B, or the parameters that the slice has at most, as for `onpage slice`."""
    folder: Path | None = None
    """Where their hashes are kept; None: nowhere."""


class ServedSlice(ServedFile):
    """A slice: the large file, and what is read of it."""

    def __init__(self, whole: ServedFile, composed: ComposedFile, measured: Measured, name: str) -> None:
        super().__init__(whole.path, measured.sha256, (0, composed.size, 0), name)
        self._whole, self._composed, self._measured = whole, composed, measured

    def open(self) -> ComposedReader:
        """Its bytes; the errors of the large file's `open`."""
        from builder.slice.composed import ComposedReader

        return ComposedReader(self._whole.open_file(), self._composed, self._measured.sums)


def with_slices(served: Mapping[str, ServedModel], slices: Slices) -> dict[str, ServedModel]:
    """The models by sha256, each followed by its slices; NothingToSliceError where there is none to slice, UnsupportedModel where
    one cannot be sliced so."""
    if not slices.sizes:
        return dict(served)
    from builder.slice.mixes import kept_of
    from builder.slice.web_file import open_sliceable

    found, sliceable = dict[str, ServedModel](), False
    for model in served.values():
        found[model.manifest.sha256] = model
        for file in model.files:
            try:
                _, whole = open_sliceable(file.path)
            except (UnsupportedModel, ModelFileError):
                continue  # of another family, or for another engine
            sliceable = True
            for size in slices.sizes:
                kept, _ = kept_of(whole, to=size) if isinstance(size, str) else kept_of(whole, target=size)
                if kept != whole.whole:
                    one = _served(file, whole, kept, size, slices.folder)
                    found.setdefault(one.manifest.sha256, one)
    if not sliceable:
        raise NothingToSliceError(", ".join(model.name for model in served.values()))
    return found


def _served(model: ServedModel, whole: Sliceable, kept: Slice, asked: str | int, folder: Path | None) -> ServedModel:
    from builder.slice.plan import effective_parameters
    from builder.slice.web_file import compose

    composed = compose(model.path, kept)
    measured = _measured(model.content, composed, kept, folder)
    count = effective_parameters(whole.describe(kept))
    counted = f"{count / 1e9:.2f}B" if count >= 10**8 else f"{count / 1e6:.2f}M"
    size = asked if isinstance(asked, str) else counted
    file, name = _named(model.content.name, size), _named(model.name, size)
    manifest = replace(
        model.manifest,
        id=model_id(file),
        sha256=measured.sha256,
        size=composed.size,
        file=file,
        name=name,
        parameters=web_file_facts(composed.header).parameters,
    )
    return ServedModel(ServedSlice(model.content, composed, measured, file), name, manifest, header=composed.header)


def _named(whole: str, size: str) -> str:
    """A name of the whole for a slice of it: its size in place of E4B, else at the end of the name proper."""
    named = re.sub("e4b", size, whole, count=1, flags=re.IGNORECASE)
    stem, ending = re.fullmatch(r"(.*?)((?:-web)?(?:\.task)?)", named).groups()  # type: ignore[union-attr]
    return named if named != whole else f"{stem}-{size}{ending}"


def _measured(whole: ServedFile, composed: ComposedFile, kept: Slice, folder: Path | None) -> Measured:
    """As it was kept, else measured and kept."""
    from builder.formats.web_entries import sums_size, unpacked_sums
    from builder.slice.composed import Measured

    made_of = [WAY, whole.sha256, kept.ranges, kept.runs, hashlib.sha256(composed.front).hexdigest()]
    place = folder / hashlib.sha256(" ".join(made_of).encode()).hexdigest() if folder else None
    sums = sums_size([*composed.header.tensors.values()])
    if place:
        with suppress(NotReadableError, OSError):
            known = read_bounded(place, 32 + sums)
            if len(known) == 32 + sums and unpacked_sums(known[32:]):
                return Measured(known[:32].hex(), known[32:])
    with whole.open_file() as file:
        measured = composed.measure(file)
    whole.open_file().close()  # still the one that was hashed
    if place:
        with suppress(OutputError, OSError):  # a folder that cannot be written costs the pass at each start
            place.parent.mkdir(parents=True, exist_ok=True)
            with write_beside(place, 32 + sums) as part:
                part.write_at(0, bytes.fromhex(measured.sha256) + measured.sums)
    return measured
