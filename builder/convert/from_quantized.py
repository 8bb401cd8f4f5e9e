"""A checkpoint that is quantized already, as GGUF files are: which bits suit it, and what rounding it again costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.rows import StoredRows
from builder.checkpoint.stored_types import NUMPY_TYPES, to_float32
from builder.model.weights import Weight, Weights
from builder.quantize.as_stored import SCHEMES_AS_STORED
from builder.quantize.rounding import BLOCK, dequantize, quantize_band
from builder.quantize.scheme import ALL_INT8, INT8, ROLE_OF, ROLES, Quantization, Scheme

SAMPLED_ROWS = 64
"""Of each matrix, for what is said of its error: many more change the second digit."""


def suited(weights: Weights, asked: Quantization | None = None) -> Quantization:
    """The bits for weights that nobody chose bits for: those of the file where most of a role is in a scheme of ours, else int8.

    `asked` says how scales are chosen.
    """
    asked = asked or ALL_INT8
    sizes: dict[str, dict[Scheme, int]] = {role: defaultdict(int) for role in ROLES}
    for weight in weights.tensors:
        if weight.is_quantized:
            scheme = SCHEMES_AS_STORED.get(stored_type(weights, weight) or "", INT8)
            sizes[ROLE_OF[weight.part]][scheme] += weight.size
    embedding, attention, feedforward = (max(sizes[role], key=sizes[role].__getitem__) for role in ROLES)
    return replace(asked, embedding=embedding, attention=attention, feedforward=feedforward)


def stored_type(weights: Weights, weight: Weight) -> str | None:
    """The type that a checkpoint holds it in; None where what is converted is not what is stored, such as a merged one."""
    rows = next(iter(weights.bands(weight)))[1]
    return rows.stored_type if isinstance(rows, StoredRows) else None


@dataclass
class _Group:
    """Matrices that go from one type to one scheme."""

    count: int = 0
    noise: float = 0.0
    signal: float = 0.0


def notes_on(weights: Weights, quantization: Quantization) -> tuple[str, ...]:
    """What becomes of the quantized matrices, in words: which go over as they are, and the error of those that do not.

    Nothing of weights that are not quantized. The errors are those of rounding, found on some rows of each matrix.
    """
    groups: dict[tuple[str, Scheme], _Group] = defaultdict(_Group)
    for weight in weights.tensors:
        found = stored_type(weights, weight) if weight.is_quantized else None
        if found is None or found in NUMPY_TYPES:
            continue
        scheme = quantization.scheme_of(weight)
        group = groups[found, scheme]
        group.count += 1
        if SCHEMES_AS_STORED.get(found) != scheme:
            noise, signal = _squares(weights, weight, scheme, quantization)
            group.noise, group.signal = group.noise + noise, group.signal + signal
    return tuple(_said(*key, group) for key, group in sorted(groups.items(), key=lambda item: -item[1].count))


def _said(found: str, scheme: Scheme, group: _Group) -> str:
    matrices = f"{group.count} {'matrix' if group.count == 1 else 'matrices'} of the type {found}"
    if SCHEMES_AS_STORED.get(found) == scheme:
        return f"{matrices} went over as they are, not rounded again"
    error = (group.noise / group.signal) ** 0.5 if group.signal else 0.0
    return f"{matrices} rounded again to {scheme}: error {error:.2%} of their root mean square"


def _squares(weights: Weights, weight: Weight, scheme: Scheme, quantization: Quantization) -> tuple[float, float]:
    """Sums of the squares of the errors and of the weights, of SAMPLED_ROWS rows spread over the matrix."""
    noise = signal = 0.0
    for values in _sample(weights, weight):
        band = quantize_band(values.copy(), scheme, quantization.choice(scheme))
        back = dequantize(band.strips.reshape(-1), band.scales.reshape(-1), weight.inputs, len(values), scheme.bits)
        apart = (back - values).reshape(-1).astype(np.float64)
        noise += float(apart @ apart)
        signal += float(np.vdot(values, values))
    return noise, signal


def _sample(weights: Weights, weight: Weight) -> Iterable[NDArray[np.float32]]:
    bands = list(weights.bands(weight))
    count = max(BLOCK, SAMPLED_ROWS // len(bands) // BLOCK * BLOCK)
    for _, rows in bands:
        first = max(0, rows.shape[0] - count) // 2 // BLOCK * BLOCK
        yield to_float32(rows[first : first + count])
