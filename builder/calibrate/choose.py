"""Mixed bits: which parts of a model get 8 bits and which q4_0, for a size of file or a divergence.

(4 bits with one scale for an output are never among them: at the same size of file, q4_0 in more parts is better.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol, TypeVar

from builder.calibrate.sensitivity import AT_Q4_0, PARTS, Costs
from builder.errors import OnpageError
from builder.model.weights import LAYER_MATRICES, Part, Weight
from builder.quantize.scheme import INT8, Q4_0, ROLE_OF, Quantization, Role, Scheme

CALIBRATED = 0.75
"""What of the sum of the costs a calibrated file has on other texts. To measure it would take a calibration before the choice, and a text
for it. It is Gemma 3 270M's: 0.67 with the embedding at q4_0, 0.73 with all parts but value and output. A wrong one moves what is
chosen for a divergence, not what is chosen for a size."""

MAX_DIVERGENCE = 0.1
"""Where nothing is asked for."""

SizeOf = Callable[[Quantization], int]
"""Bytes that the file has at most."""


@dataclass(frozen=True)
class Candidate:
    """A mix of bits."""

    at_4: tuple[Part, ...]
    """What gets q4_0; the rest has 8 bits."""
    quantization: Quantization
    size: int
    """Of the file, in bytes."""
    divergence: float
    """Predicted, in nats a token, after calibration."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {"q4_0": list(self.at_4), "size": self.size, "divergence": round(self.divergence, 4)}


@dataclass(frozen=True)
class Mix:
    """What was chosen, and from what."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]
    """From the smallest file to the largest: none is both larger and worse than another."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {"chosen": self.chosen.to_json(), "candidates": [one.to_json() for one in self.candidates]}


@dataclass(frozen=True)
class _Rough:
    at_4: tuple[Part, ...]
    size: float
    divergence: float


def candidates(
    matrices: Iterable[Weight], costs: Costs, size_of: SizeOf, at_q4_0: Quantization = AT_Q4_0
) -> tuple[Candidate, ...]:
    """The mixes of which none is both larger and worse than another, from the smallest file to the largest.

    `costs` are those of `sensitivity`, and `at_q4_0` is its `at_4`. All 256 mixes are compared by the bytes of their weights; the best are laid out, which gives
    the size of the file.
    """
    weights, saved = 0, dict.fromkeys(PARTS, 0.0)
    for matrix in matrices:
        # a layer's own table of the vocabulary goes with the embedding
        part = "embedding" if matrix.part == "per_layer_embedding" else matrix.part
        weights += matrix.size
        saved[part] += matrix.size * (1 - _bits_a_weight(at_q4_0.scheme_of(matrix)) / 8)

    def rough(at_4: tuple[Part, ...]) -> _Rough:
        divergence = costs.at_8_bits + CALIBRATED * sum(costs.at_q4_0[part] for part in at_4)
        return _Rough(at_4, weights - sum(saved[part] for part in at_4), divergence)

    mixes = [rough(at_4) for count in range(len(PARTS) + 1) for at_4 in combinations(PARTS, count)]
    exact = []
    for one in _best(mixes):
        quantization = mixed(one.at_4)
        exact.append(Candidate(one.at_4, quantization, size_of(quantization), one.divergence))
    return tuple(_best(exact))


def mixed(at_4: Collection[Part]) -> Quantization:
    """The quantization with q4_0 in these parts and 8 bits in the others."""

    def scheme(part: Part) -> Scheme:
        return Q4_0 if part in at_4 else INT8

    def most(role: Role) -> Scheme:
        return Counter(scheme(part) for part in PARTS if ROLE_OF[part] == role).most_common(1)[0][0]

    by_role = Quantization(most("embedding"), most("attention"), most("feedforward"), "weighted" if at_4 else "max")
    unlike = ((part, scheme(part)) for part in LAYER_MATRICES if scheme(part) != by_role.scheme_at(part))
    return Quantization(by_role.embedding, by_role.attention, by_role.feedforward, by_role.scale, tuple(unlike))


def choose(found: Sequence[Candidate], target_size: int | None, max_divergence: float | None) -> Candidate:
    """The best of at most `target_size` bytes, or the smallest of at most `max_divergence` (MAX_DIVERGENCE where neither is given).

    OnpageError where there is none.
    """
    if target_size is not None:
        refuse_smaller(target_size, found[0].size)
        return [one for one in found if one.size <= target_size][-1]
    limit = MAX_DIVERGENCE if max_divergence is None else max_divergence
    near = [one for one in found if one.divergence <= limit]
    if not near:
        raise OnpageError(
            f"No mix of bits keeps the divergence within {limit:g} nats a token: 8 bits everywhere have about "
            f"{found[-1].divergence:.3f}.",
            subject="divergence",
        )
    return near[0]


def refuse_smaller(target_size: int | None, smallest: int) -> None:
    """OnpageError where no file is as small as that."""
    if target_size is not None and target_size < smallest:
        raise OnpageError(
            f"No mix of bits makes a file of at most {target_size:,} bytes: the smallest has {smallest:,} bytes "
            f"({-(-smallest // 100_000) / 10:,.1f} MB).",
            subject="target size",
        )


class _Judged(Protocol):
    @property
    def size(self) -> float: ...

    @property
    def divergence(self) -> float: ...


_Kind = TypeVar("_Kind", bound=_Judged)


def _best(found: Iterable[_Kind]) -> list[_Kind]:
    """Those that no other is both smaller and better than, from the smallest to the largest."""
    best: list[_Kind] = []
    for one in sorted(found, key=lambda one: (one.size, one.divergence)):
        if not best or one.divergence < best[-1].divergence:
            best.append(one)
    return best


def _bits_a_weight(scheme: Scheme) -> float:
    """With its scales, which are float32."""
    return scheme.bits + (32 / scheme.block if scheme.block else 0)
