"""The residual stream of a model, scaled: the same function, with smaller sums on the way.

What the layers add to the stream grows with their number, in a real Gemma beyond 65,504, where float16 ends; and engines on a GPU
compute in float16. But nothing reads the stream except through a norm, which divides by its size, or a matrix that can be divided. So a model whose embedding and
whose layers' outputs are multiplied by c, and whose last norm's factors are divided by c, writes the same text: exactly where c is a
power of two, but for the epsilon that a norm adds to the mean square, which then weighs 1/c² as much.

    embedding × c;  (1 + w) × c in the norms after attention and after the feed-forward;  (1 + w) / c in the last norm

Per-layer embeddings (Gemma 3n and 4) have a norm that adds to the stream, which is multiplied too, and two matrices that read it, which
are divided by c: `per_layer_gate`, and `per_layer_model_projection`, which reads the embedding.

Gemma 3n adds the normed input of its attention to the stream, and what a thin residual makes of it: that norm and the residual's own are
multiplied, and the four matrices that read the input are divided. Its other streams are made of the first and of each other, and grow
with it; a router reads them through a norm. Engines square them where they make them as large as the first, so their values must stay
below 256 (MediaPipe with native float16 wrote nothing but padding beyond).

A model without those norms (Gemma 1) has the matrices before them, `output` and `down`, multiplied instead. An adapter's deltas of
these two go through the same norms, or are multiplied as the matrices are. No numpy here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from builder.model.description import ModelDescription
from builder.model.weights import Part

FLOAT16_MAX = 65_504.0
TARGET = 8192.0
"""What the largest value of the stream should be at most: a long text may have eight times as large a one as a short one."""

FLOAT16_SAFE = 2 * TARGET
"""Up to which a short text's largest value says that float16 holds those of any text: four times as much would be beyond it."""


SQUARED_MAX = math.sqrt(FLOAT16_MAX)
"""The largest value whose square float16 holds, 255.9."""

BOUNDED = FLOAT16_MAX / 2
"""What a bound on the stream should be at most: nothing that an engine rounds on the way brings it to twice as much."""

Asked = float | Literal["bound"] | None
"""How a conversion is asked to scale the stream: by a power of two; by what the weights allow at most; None, by what a text shows."""


def float16_limit(streams: int = 1) -> float:
    """The largest value of a residual stream with which engines in float16 compute rightly: the largest that it holds, and of several
    streams (Gemma 3n), which they square to make them alike in size, the largest whose square it holds."""
    return FLOAT16_MAX if streams == 1 else SQUARED_MAX


def fits_float16(largest: float | None, bound: float | None = None, limit: float = FLOAT16_MAX) -> bool | None:
    """Whether float16 holds the stream on any text: by a bound on it, else by its largest value on a short text; None where neither is
    known. `limit` as of `float16_limit`."""
    if bound is not None:
        return bound <= limit
    return None if largest is None else largest <= FLOAT16_SAFE * limit / FLOAT16_MAX


SMALLEST, LARGEST = 2.0**-24, 1.0

POST_NORMS: tuple[Part, ...] = (
    "post_attention_norm",
    "post_feed_forward_norm",
    "post_per_layer_norm",
    "post_laurel_norm",
)
OUTPUTS: tuple[Part, ...] = ("output", "down")
READERS: tuple[Part, ...] = ("final_norm", "per_layer_gate", "per_layer_model_projection")
"""What takes the factor back: all else that reads the stream is a norm, which divides by it anyway."""
READERS_OF_NORM: tuple[Part, ...] = ("query", "key", "value", "laurel_left")
"""The same, where attention's input is part of the stream."""


@dataclass(frozen=True)
class ResidualScale:
    """A model's stream multiplied by `factor`, a power of two."""

    factor: float = 1.0
    post_norms: bool = True
    """Whether the layers' outputs go through norms, which then take the factor."""
    norm_offset: float = 1.0
    """The model's: what is added to a norm's weights to make its factors."""
    residual_of_norm: bool = False
    """Whether what goes into attention is also added to the stream (Gemma 3n)."""

    @classmethod
    def of(cls, model: ModelDescription, factor: float) -> ResidualScale:
        """For a model all of whose layers are alike in this."""
        return cls(
            factor,
            all(layer.post_norms for layer in model.layers),
            model.norm_offset,
            model.layers[0].low_rank_residual is not None,
        )

    @classmethod
    def fitting(cls, model: ModelDescription, largest: float) -> ResidualScale:
        """The least change that keeps a stream whose largest value on a short text is `largest` within TARGET, or as small a part of
        the model's own limit: none, where it is."""
        return cls.of(model, _least_change(largest, TARGET * float16_limit(model.residual_streams) / FLOAT16_MAX))

    @classmethod
    def bounded(cls, model: ModelDescription, bound: float) -> ResidualScale:
        """The least change that keeps a stream that no text brings beyond `bound` within BOUNDED."""
        return cls.of(model, _least_change(bound, BOUNDED))

    def of_part(self, part: Part) -> float:
        """What a matrix's values, or a norm's factors (1 + w), are multiplied with."""
        if part in READERS or (self.residual_of_norm and part in READERS_OF_NORM):
            return 1 / self.factor
        if self.residual_of_norm and part == "pre_attention_norm":
            return self.factor
        scaled = part == "embedding" or part in (POST_NORMS if self.post_norms else OUTPUTS)
        return self.factor if scaled else 1.0


UNSCALED = ResidualScale()


def _least_change(largest: float, target: float) -> float:
    """The largest power of two up to 1 that brings `largest` to `target` at most."""
    needed = 0 if largest <= target else math.ceil(math.log2(largest / target))
    return max(2.0**-needed, SMALLEST)


def is_residual_scale(value: object) -> bool:
    """Whether a file's note can be one: a power of two in the range of those that are chosen."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not SMALLEST <= value <= LARGEST:
        return False
    return math.frexp(value)[0] == 0.5
