"""Rounding with feedback against the plainest form of the same: after each input, the best of all that are not rounded yet."""

from __future__ import annotations

import numpy as np
import pytest

from builder.quantize import feedback as feedback_module
from builder.quantize.feedback import DAMPING, Feedback


def inputs(seed: int, tokens: int, k: int) -> np.ndarray:
    """That go together, some of them large."""
    random = np.random.default_rng(seed)
    mixed = random.standard_normal((tokens, k // 2)) @ random.standard_normal((k // 2, k))
    return (mixed * random.uniform(0.1, 3, k) + 0.3 * random.standard_normal((tokens, k))).astype(np.float32)


def plainly(row: np.ndarray, sums: np.ndarray, scales: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    damped = sums + DAMPING * np.diag(sums).mean() * np.eye(len(sums))
    order = np.argsort(-np.diag(sums), kind="stable")
    rounded = np.zeros_like(row)
    wanted = row.copy()
    for place, j in enumerate(order):
        rounded[j] = np.clip(np.rint(wanted[j] / scales[j]), lowest, highest)
        done, left = order[: place + 1], order[place + 1 :]
        lost = row[done] - rounded[done] * scales[done]
        # (row - wanted) H (row - wanted) is least over what is left where its derivative is zero
        wanted[left] = row[left] + np.linalg.solve(damped[np.ix_(left, left)], damped[np.ix_(left, done)] @ lost)
    return rounded


@pytest.mark.parametrize("block", [None, 8])
@pytest.mark.parametrize("columns", [3, 64])
def test_each_input_is_rounded_to_the_best_that_the_others_can_make_up_for(
    block: int | None, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_module, "COLUMNS", columns)
    k, random = 24, np.random.default_rng(1)
    x = inputs(0, 100, k)
    sums = x.T @ x
    rows = random.standard_normal((6, k)).astype(np.float32)
    scales = random.uniform(0.2, 0.5, (6, k // (block or k))).astype(np.float32)
    scales[1] *= -1
    found = Feedback(sums).round(rows, scales, -8, 7)
    per_input = np.repeat(scales, block or k, axis=1)
    expected = [
        plainly(row, sums.astype(np.float64), s, -8, 7) for row, s in zip(rows.astype(float), per_input, strict=True)
    ]
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, expected)


def test_what_comes_out_is_nearer_than_with_plain_rounding() -> None:
    x = inputs(0, 500, 64)
    rows = np.random.default_rng(1).standard_normal((32, 64)).astype(np.float32)
    scales = np.abs(rows).max(axis=1, keepdims=True) / 7
    found = Feedback(x.T @ x).round(rows, scales, -8, 7) * scales
    plain = np.rint(rows / scales) * scales
    assert np.square((found - rows) @ x.T).sum() < 0.35 * np.square((plain - rows) @ x.T).sum()


def test_inputs_that_are_never_there_are_rounded_to_the_nearest() -> None:
    x = inputs(0, 50, 16)
    x[:, [2, 9]] = 0
    rows = np.random.default_rng(1).standard_normal((4, 16)).astype(np.float32)
    scales = np.full((4, 1), 0.3, np.float32)
    found = Feedback(x.T @ x).round(rows, scales, -128, 127)
    np.testing.assert_array_equal(found[:, [2, 9]], np.rint(rows[:, [2, 9]] / scales))


def test_inputs_that_are_all_zero_leave_plain_rounding() -> None:
    rows = np.random.default_rng(1).standard_normal((4, 16)).astype(np.float32)
    scales = np.full((4, 1), 0.3, np.float32)
    found = Feedback(np.zeros((16, 16), np.float32)).round(rows, scales, -128, 127)
    np.testing.assert_array_equal(found, np.rint(rows / scales))
