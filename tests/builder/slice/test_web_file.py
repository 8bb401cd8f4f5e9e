"""A slice of a web file: bytes of the whole's tensors, the same as a sliced checkpoint gives wherever scales allow it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from io import FileIO
from pathlib import Path

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import OutputError, UnsupportedModel, WebFileError
from builder.formats.check_web_file import check_web_file
from builder.formats.web_file_reader import WebFile
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.slice.composed import ComposedReader
from builder.slice.plan import Slice
from builder.slice.source import SliceSource
from builder.slice.web_file import compose, open_sliceable, slice_web_file
from builder.slice.write import write_slice
from builder.store.checking import check_files
from tests.checkpoints import SLICEABLE, gemma3n_config, write_checkpoint
from tests.gguf_files import write_gguf

CONFIG = gemma3n_config(**SLICEABLE, sliding_window=16, vocab_size=512, vocab_size_per_layer_input=512)
KEPT = (*range(12), 15, 16, 17)
SLICE = Slice(KEPT, (128,) * 12 + (64,) * 3)
DOWN = ".mlp.linear"
PROMPT = [2, *range(300, 330)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("slice") / "c", CONFIG, seed=1)


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
def test_it_is_what_the_sliced_checkpoint_becomes(folder: Path, tmp_path: Path, bits: str) -> None:
    quantization = Quantization.of(bits, embedding="8")  # type: ignore[arg-type]
    large = convert_checkpoint(folder, tmp_path / "l.task", quantization=quantization, residual_scale=1)
    sliced = WebFile.open(slice_web_file(large.path, tmp_path / "s.task", SLICE).path)
    small = write_slice(folder, tmp_path / "c", SLICE).path
    expected = WebFile.open(
        convert_checkpoint(small, tmp_path / "e.task", quantization=quantization, residual_scale=1).path
    )
    assert [*sliced.tensors] == [*expected.tensors]
    assert sliced.parameters == expected.parameters
    unlike = {name for name in sliced.tensors if sliced.read(name) != expected.read(name)}
    # an output of down has one scale for all of its inputs, also for those that are left out, but not where blocks have theirs
    assert unlike == set() if bits == "q4_0" else unlike and all(DOWN in name for name in unlike)
    check_files([sliced.path])
    check_web_file(sliced)
    layers = [i for i, _ in enumerate(KEPT)]
    whole, narrow = Reference.from_web_file(large.path).weights, Reference.from_web_file(sliced.path).weights
    for place, (layer, width) in enumerate(zip(KEPT, SLICE.widths, strict=True)):
        there = whole[f"transformer.layer_{layer}{DOWN}"][:, :width]
        np.testing.assert_array_equal(narrow[f"transformer.layer_{place}{DOWN}"], there)
    assert len(layers) == sliced.parameters.transformer_parameters.num_stacks
    assert sliced.notes["slice"] == {"layers": list(KEPT), "ffn": list(SLICE.widths)}
    assert sliced.largest_residual is None


def test_the_whole_has_the_bytes_of_the_whole(folder: Path, tmp_path: Path) -> None:
    large = convert_checkpoint(folder, tmp_path / "l.task")
    _, whole = open_sliceable(large.path)
    written = slice_web_file(large.path, tmp_path / "s.task", whole.whole)
    before, after = WebFile.open(large.path), WebFile.open(written.path)
    assert all(before.read(name) == after.read(name) for name in before.tensors)
    assert before.parameters == after.parameters and written.parameters == large.parameters


def test_what_is_refused(folder: Path, tmp_path: Path) -> None:
    large = convert_checkpoint(folder, tmp_path / "l.task", quantization=Quantization.of("q4_0", embedding="8")).path
    with pytest.raises(
        UnsupportedModel, match=r"a scale for each 32 inputs of transformer\.layer_0\.mlp\.linear, of which"
    ):
        slice_web_file(large, tmp_path / "s.task", Slice(KEPT, (48,) * 15))
    with pytest.raises(UnsupportedModel, match="are 64, 128 wide in this order"):
        slice_web_file(large, tmp_path / "s.task", Slice(KEPT, (128, 64) + (128,) * 13))
    with pytest.raises(OutputError, match="is the file that is sliced"):
        slice_web_file(large, large, Slice(KEPT, (128,) * 15))
    other = convert_checkpoint(write_checkpoint(tmp_path / "gemma3"), tmp_path / "other.task").path
    with pytest.raises(UnsupportedModel, match="is no model of Gemma 3n"):
        open_sliceable(other)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gemma3", "l.task", "other.task"]


def test_matrices_of_other_sizes_than_the_parameters_have_are_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = convert_checkpoint(folder, tmp_path / "l.task", residual_scale=1)
    file, whole = open_sliceable(large.path)
    parts = [
        f"{name}{end}"
        for name in (f"layer_0{DOWN}.w", "layer_15.mlp.ff1.w")
        for end in ("", "_quantized_scale", ".sum_i")
    ]
    for part in (*parts, "embedder.per_layer_model_projection.w"):
        entry = file.tensors[f"transformer.{part}"]
        for size in (1, entry.size - 3, 2 * entry.size - 4):
            tensors = file.tensors | {entry.name: replace(entry, size=size)}
            damaged = replace(file, tensors=tensors), whole
            monkeypatch.setattr("builder.slice.web_file.open_sliceable", lambda _, opened=damaged: opened)
            with pytest.raises(WebFileError, match=r"holds no transformer\..* outputs, as its parameters have it"):
                slice_web_file(large.path, tmp_path / "s.task", SLICE)
        if not part.endswith(".sum_i"):  # which files of others may leave out
            tensors = {name: one for name, one in file.tensors.items() if name != entry.name}
            damaged = replace(file, tensors=tensors), whole
            monkeypatch.setattr("builder.slice.web_file.open_sliceable", lambda _, opened=damaged: opened)
            with pytest.raises(WebFileError, match=r"holds no transformer\..* outputs, as its parameters have it"):
                slice_web_file(large.path, tmp_path / "s.task", SLICE)
    assert not (tmp_path / "s.task").exists()


def test_a_piece_is_held_at_a_time_however_it_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = convert_checkpoint(folder, tmp_path / "l.task", residual_scale=1)
    written = slice_web_file(large.path, tmp_path / "s.task", SLICE)
    expected = written.path.read_bytes()
    monkeypatch.setattr("builder.slice.composed.PIECE", 1000)
    composed = compose(large.path, SLICE)
    pieces: dict[int, bytes] = {}
    with FileIO(large.path) as source:
        measured = composed.measure(source, pieces.__setitem__)
        held = [len(data) for at, data in pieces.items() if 0 < at < composed.sums_offset]
        assert max(held) == 1000 and measured.sha256 == written.sha256 == hashlib.sha256(expected).hexdigest()
        for size in (997, 1 << 18):
            reader, read = ComposedReader(source, composed, measured.sums), []
            while data := reader.read(size):
                read.append(data)
            assert b"".join(read) == expected
        for start in range(0, len(expected), 4801):
            reader.seek(start)
            data = reader.read(300)
            assert data == expected[start : start + len(data)] and data
    assert composed.header.tensors == WebFile.open(written.path).tensors


def test_other_containers_are_named(folder: Path, tmp_path: Path) -> None:
    bundled = convert_checkpoint(folder, tmp_path / "b.litertlm").path
    with pytest.raises(UnsupportedModel, match=r"is a \.litertlm: a slice is made of a web file"):
        SliceSource.open(bundled)
    gguf = write_gguf(tmp_path / "m.gguf", CONFIG)
    with pytest.raises(UnsupportedModel, match="make a web file of it with onpage convert, and slice that"):
        SliceSource.open(gguf)
