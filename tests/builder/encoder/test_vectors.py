"""The vectors that the native engine makes with our file are transformers' of the same weights.

The models' weights are such that 8 bits hold them exactly, so float32 activations leave nothing but the order of sums.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.encoder.convert import convert_encoder
from tests.goldens.encoder_cases import COUNTS, ENCODER_GOLDENS, ENCODERS, LENGTHS, EncoderCase
from tests.goldens.native import vectors

GOLDENS = {name: np.array(rows) for name, rows in json.loads(ENCODER_GOLDENS.read_text()).items()}


def made(case: EncoderCase, folder: Path, **options: Any) -> Path:
    """The file of a case."""
    output = folder / "model.litertlm"
    convert_encoder(case.write(folder / "checkpoint"), output, max_tokens=LENGTHS[-1], lengths=LENGTHS[:-1], **options)
    return output


def texts(case: EncoderCase) -> list[str]:
    """Those of the goldens."""
    return [case.text(case.ids(count)) for count in COUNTS]


def cosines(found: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row."""
    return np.einsum("nd,nd->n", found, expected) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)


@pytest.mark.parametrize("name", ENCODERS)
def test_vectors_are_those_of_transformers(name: str, tmp_path: Path) -> None:
    case, expected = ENCODERS[name], GOLDENS[name]
    found = vectors(made(case, tmp_path, activations="float32"), texts(case))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5
    others = cosines(found, np.roll(expected, 1, axis=0))
    assert others.max() < 0.999, "texts too alike to tell a wrong vector"


@pytest.mark.parametrize("name", ENCODERS)
def test_eight_bit_activations_stay_near(name: str, tmp_path: Path) -> None:
    case, expected = ENCODERS[name], GOLDENS[name]
    found = vectors(made(case, tmp_path), texts(case))
    assert cosines(found, expected).min() > 0.995


def test_a_vector_is_cut_to_the_size_that_is_asked_for_and_normed_again(tmp_path: Path) -> None:
    case, expected = ENCODERS["gemma"], GOLDENS["gemma"][:, :64]
    found = vectors(made(case, tmp_path, activations="float32"), texts(case), output_size=64)
    assert found.shape[1] == 64
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert cosines(found, expected).min() > 0.99999


def test_a_window_hides_what_is_far_to_both_sides(tmp_path: Path) -> None:
    """Without one the vectors differ: the golden test would see a window that is left out."""
    case = ENCODERS["gemma"]
    wide = EncoderCase(case.config | {"sliding_window": 512}, case.seed, case.pooling, case.dense)
    found = vectors(made(wide, tmp_path, activations="float32"), texts(case))
    apart = np.abs(found - GOLDENS["gemma"]).max(1)
    assert apart[0] < 1e-5, "three tokens see each other either way"
    assert apart[-1] > 1e-3
