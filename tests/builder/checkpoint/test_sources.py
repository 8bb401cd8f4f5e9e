"""Expressions over tensors, looked up in a checkpoint and read in bands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.checkpoint import checkpoint as checkpoint_module
from builder.checkpoint.evaluate import find
from builder.checkpoint.folder import CheckpointFolder
from builder.checkpoint.sources import ColumnsOf, MatricesOf, RowsOf, Source, Stacked, Tensor, renamed, tensor_names
from builder.checkpoint.stored_types import to_float32
from builder.errors import CheckpointError
from tests.checkpoints import write_shards

A = np.arange(10 * 4, dtype=np.float32).reshape(10, 4)
B = -np.arange(6 * 4, dtype=np.float32).reshape(6, 4)
V = np.arange(5, dtype=np.float32)
E = np.arange(3 * 4 * 2, dtype=np.float32).reshape(3, 4, 2)


@pytest.fixture
def checkpoint(tmp_path: Path) -> CheckpointFolder:
    (tmp_path / "config.json").write_text("{}")
    write_shards(tmp_path, {"a": A, "b": B, "v": V, "e": E}, "F32", 2)
    return CheckpointFolder.open(tmp_path)


def read(checkpoint: CheckpointFolder, source: Source, shape: tuple[int, ...]) -> NDArray[np.float32]:
    bands = list(checkpoint.bands_of(find(checkpoint, source, shape), shape))
    firsts = [first for first, _ in bands]
    assert firsts == [sum(rows.shape[0] for _, rows in bands[:i]) for i in range(len(bands))]
    return np.concatenate([to_float32(rows[:]) for _, rows in bands])


@pytest.mark.parametrize("band_bytes", [1, 100, 1 << 20])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Tensor("a"), A),
        (RowsOf(Tensor("a"), 0, 7), A[:7]),
        (RowsOf(Tensor("a"), 3, 7), A[3:]),
        (Stacked((Tensor("a"), Tensor("b"))), np.concatenate([A, B])),
        (Stacked((Tensor("b"), RowsOf(Tensor("a"), 9, 1), Tensor("b"))), np.concatenate([B, A[9:], B])),
        (RowsOf(Stacked((Tensor("a"), Tensor("b"))), 8, 5), np.concatenate([A[8:], B[:3]])),
        (RowsOf(RowsOf(Tensor("a"), 2, 6), 1, 3), A[3:6]),
        (ColumnsOf(Tensor("a"), 4, 1, 2), A[:, 1:3]),
        (ColumnsOf(ColumnsOf(Tensor("a"), 4, 1, 3), 3, 2, 1), A[:, 3:]),
        (ColumnsOf(Stacked((Tensor("b"), Tensor("a"))), 4, 0, 3), np.concatenate([B, A])[:, :3]),
        (RowsOf(ColumnsOf(Tensor("a"), 4, 2, 2), 1, 8), A[1:9, 2:]),
        (MatricesOf(Tensor("e"), 3, 4), E.reshape(12, 2)),
        (RowsOf(MatricesOf(Tensor("e"), 3, 4), 5, 6), E.reshape(12, 2)[5:11]),
        (Stacked(tuple(RowsOf(MatricesOf(Tensor("e"), 3, 4), 4 * i, 2) for i in range(3))), E[:, :2].reshape(6, 2)),
        (
            Stacked((ColumnsOf(Tensor("b"), 4, 1, 2), RowsOf(ColumnsOf(Tensor("b"), 4, 1, 2), 0, 1))),
            np.concatenate([B, B[:1]])[:, 1:3],
        ),
    ],
)
def test_an_expression_is_its_rows(
    checkpoint: CheckpointFolder,
    source: Source,
    expected: NDArray[np.float32],
    band_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoint_module, "BAND_BYTES", band_bytes)
    np.testing.assert_array_equal(read(checkpoint, source, expected.shape), expected)


def test_a_band_can_be_read_in_parts(checkpoint: CheckpointFolder) -> None:
    both = np.concatenate([A, B])
    [(_, rows)] = checkpoint.bands_of(find(checkpoint, Stacked((Tensor("a"), Tensor("b"))), (16, 4)), (16, 4))
    for first in range(16):
        for stop in range(first, 17):
            np.testing.assert_array_equal(rows[first:stop], both[first:stop])


def test_a_vector_is_one_row(checkpoint: CheckpointFolder) -> None:
    np.testing.assert_array_equal(read(checkpoint, Tensor("v"), (5,)), V[None])


@pytest.mark.parametrize(
    ("source", "shape", "message"),
    [
        (Tensor("c"), (4, 4), "Tensor c is missing"),
        (Tensor("a"), (9, 4), r"Tensor a .* has shape \[10, 4\], but config.json gives \[9, 4\]"),
        (RowsOf(Tensor("c"), 0, 4), (4, 4), "Tensor c is missing"),
        (RowsOf(Tensor("a"), 4, 7), (7, 4), "a of .* does not have the 7 rows"),
        (RowsOf(Tensor("a"), 0, 7), (8, 4), "a of .* does not have the 8 rows"),
        (RowsOf(Tensor("a"), 0, 7), (7, 5), r"Tensor a .* has shape \[10, 4\], but config.json gives \[10, 5\]"),
        (ColumnsOf(Tensor("c"), 8, 4, 4), (4, 4), "Tensor c is missing"),
        (ColumnsOf(Tensor("a"), 8, 4, 4), (10, 4), r"Tensor a .* has shape \[10, 4\], but config.json gives \[10, 8\]"),
        (ColumnsOf(Tensor("a"), 4, 2, 3), (10, 3), "a of .* does not have the 3 columns"),
        (ColumnsOf(Tensor("a"), 4, 2, 2), (10, 3), "a of .* does not have the 3 columns"),
        (Stacked((Tensor("a"), Tensor("b"))), (17, 4), r"a \+ b of .* does not have the 17 rows"),
        (Stacked((Tensor("a"), Tensor("c"))), (16, 4), "Tensor c is missing"),
        (MatricesOf(Tensor("c"), 3, 4), (12, 2), r"Tensor c is missing .* expected shape \[3, 4, 2\]"),
        (
            MatricesOf(Tensor("e"), 4, 3),
            (12, 2),
            r"Tensor e .* has shape \[3, 4, 2\], but config.json gives \[4, 3, 2\]",
        ),
        (MatricesOf(Tensor("e"), 3, 4), (11, 2), "e of .* does not have the 11 rows"),
        (
            RowsOf(MatricesOf(Tensor("e"), 3, 2), 0, 6),
            (6, 2),
            r"Tensor e .* has shape \[3, 4, 2\], but config.json gives \[3, 2, 2\]",
        ),
        (RowsOf(MatricesOf(Tensor("c"), 3, 4), 4, 2), (2, 2), r"Tensor c is missing .* expected shape \[3, 4, 2\]"),
        (RowsOf(MatricesOf(Tensor("e"), 3, 4), 8, 5), (5, 2), "e of .* does not have the 5 rows"),
    ],
)
def test_what_is_not_there_is_told(
    checkpoint: CheckpointFolder, source: Source, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        find(checkpoint, source, shape)


def test_tensors_of_two_types_are_not_stacked(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    write_shards(tmp_path, {"a": A}, "F32")
    (tmp_path / "model.safetensors").rename(tmp_path / "one.safetensors")
    write_shards(tmp_path, {"b": B}, "F16")
    (tmp_path / "model.safetensors").rename(tmp_path / "two.safetensors")
    with pytest.raises(CheckpointError, match=r"a \+ b of .* are of the types F16, F32: expected one"):
        find(CheckpointFolder.open(tmp_path), Stacked((Tensor("a"), Tensor("b"))), (16, 4))


def test_the_tensors_of_an_expression_are_named() -> None:
    assert tensor_names(Stacked((Tensor("a"), RowsOf(ColumnsOf(Tensor("b"), 4, 0, 1), 0, 1)))) == {"a", "b"}


def test_an_expression_is_renamed() -> None:
    assert renamed(MatricesOf(Tensor("a"), 3, 4), "b") == MatricesOf(Tensor("b"), 3, 4)
    assert renamed(RowsOf(ColumnsOf(Tensor("a"), 4, 1, 2), 0, 1), "b") == RowsOf(ColumnsOf(Tensor("b"), 4, 1, 2), 0, 1)
