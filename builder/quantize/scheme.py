"""How the matrices of a model are quantized, in words: bits, how many inputs share a scale, and which part gets what.

No numpy here: inspecting a file needs this, and serving comes without numpy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from builder.model.weights import LayerMatrix, Part, PixelMatrix, Weight

Bits = Literal[4, 8]
Role = Literal["embedding", "attention", "feedforward"]
"""What a matrix does; each role may have a scheme of its own."""

ROLES: tuple[Role, ...] = get_args(Role)

ROLE_OF: dict[Part, Role] = {
    "embedding": "embedding",
    "head": "embedding",
    "per_layer_embedding": "embedding",
    "query": "attention",
    "key": "attention",
    "value": "attention",
    "output": "attention",
    "gate": "feedforward",
    "up": "feedforward",
    "down": "feedforward",
    "router": "feedforward",
    "expert_gate": "feedforward",
    "expert_up": "feedforward",
    "expert_down": "feedforward",
    "dense": "feedforward",
    "picture_projection": "feedforward",
    **dict.fromkeys(get_args(PixelMatrix), "feedforward"),
}
"""Of the matrices by their part of the model."""

Order = Literal["blocks", "rows"]
"""Of the integers of a matrix in a web file: unsigned in blocks of 4 × 4, or signed, output after output."""

ScaleChoice = Literal["max", "mse", "weighted"]
"""max: the largest value is the largest integer. mse: the scale whose squared error is least, a few large values clipped. weighted:
the same with each error weighted by how large the input is that it meets, which a text sent through the model says."""


@dataclass(frozen=True)
class Scheme:
    """Integers of `bits` bits, and a scale for each output, or for each `block` inputs of it."""

    bits: Bits = 8
    block: int | None = None

    def __str__(self) -> str:
        return f"int{self.bits}" if self.block is None else f"int{self.bits} in blocks of {self.block}"


INT8, INT4, Q4_0 = Scheme(8), Scheme(4), Scheme(4, 32)

SCHEMES = {"8": INT8, "4": INT4, "q4_0": Q4_0}
"""What the options of a command call them."""


@dataclass(frozen=True)
class Quantization:
    """A scheme for each role, and how scales are chosen."""

    embedding: Scheme = INT8
    attention: Scheme = INT8
    feedforward: Scheme = INT8
    scale: ScaleChoice = "max"
    exceptions: tuple[tuple[LayerMatrix | Literal["per_layer_embedding"], Scheme], ...] = ()
    """Parts of the layers with another scheme than their role's. They have it in every layer: MediaPipe takes no layer unlike the
    others."""

    @classmethod
    def of(
        cls,
        bits: str = "8",
        *,
        embedding: str | None = None,
        attention: str | None = None,
        feedforward: str | None = None,
        scale: ScaleChoice = "max",
    ) -> Quantization:
        """From keys of SCHEMES; a role that is not named gets `bits`."""
        return cls(SCHEMES[embedding or bits], SCHEMES[attention or bits], SCHEMES[feedforward or bits], scale)

    def with_best_scales(self) -> Quantization:
        """The same with scales chosen as is best for a checkpoint's weights without a text of the user's."""
        has_four_bits = any(self.scheme_at(part).bits == 4 for part in ROLE_OF)
        return replace(self, scale="weighted" if has_four_bits else "max")

    def with_a_scale_for_each_row_of(self, part: Literal["per_layer_embedding"]) -> Quantization:
        """The same bits, and no blocks of inputs there."""
        scheme = self.scheme_at(part)
        return (
            self if scheme.block is None else replace(self, exceptions=(*self.exceptions, (part, Scheme(scheme.bits))))
        )

    def scheme(self, role: Role) -> Scheme:
        """Of the matrices of one role."""
        found: Scheme = getattr(self, role)
        return found

    def scheme_of(self, matrix: Weight) -> Scheme:
        """Of one matrix of a model."""
        return self.scheme_at(matrix.part)

    def scheme_at(self, part: Part) -> Scheme:
        """Of the matrices that do this."""
        if part == "router":
            return INT8  # it is small, and what it chooses is all or nothing
        return dict[Part, Scheme](self.exceptions).get(part, self.scheme(ROLE_OF[part]))

    def choice(self, scheme: Scheme) -> ScaleChoice:
        """How scales of a scheme are chosen: at 8 bits the largest value is as good as weighing."""
        return "max" if self.scale == "weighted" and scheme.bits == 8 else self.scale

    def __str__(self) -> str:
        said = described({role: str(self.scheme(role)) for role in ROLES})
        return ", ".join((said, *(f"{part} {scheme}" for part, scheme in self.exceptions)))

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        exceptions = {part: str(scheme) for part, scheme in self.exceptions}
        roles = {role: str(self.scheme(role)) for role in ROLES} | {"scale": self.scale}
        return roles | ({"exceptions": exceptions} if exceptions else {})


ALL_INT8 = Quantization()


def described(schemes: dict[str, str]) -> str:
    """Role → scheme, as people say it: int4, or "int4, embedding int8", or "attention int8, feedforward int4"."""
    if len(set(schemes.values())) == 1:
        return next(iter(schemes.values()))
    layers = {role: scheme for role, scheme in schemes.items() if "embedding" not in role}
    same = len(set(layers.values())) == 1
    parts = list(layers.values())[:1] if same else [f"{role} {scheme}" for role, scheme in layers.items()]
    parts += [f"{role} {scheme}" for role, scheme in schemes.items() if role not in layers]
    return ", ".join(parts)
