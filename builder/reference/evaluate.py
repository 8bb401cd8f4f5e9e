"""How good a model is on texts: its perplexity, and how near its predictions are to those of another of the same tokens.

Every text is cut into stretches of CONTEXT tokens, each read from the start token on by itself. A pass goes layer by layer over all of
them, and the logits of all positions are looked at in bands of the vocabulary, so that neither the weights nor the logits are ever
whole in memory.

    perplexity       e to the mean of −log of the share that the model gave to the token which follows
    divergence       mean Kullback-Leibler divergence of the model's shares from the other's, in nats a token
    same choice      share of the positions at which both find the same next token likeliest

Each has an interval of 95 %: of the shares Wilson's, of the means the percentiles of RESAMPLES bootstrap samples of blocks of BLOCK
neighbouring tokens, whose errors are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from builder.errors import OnpageError
from builder.files.reading import NotReadableError, read_bounded
from builder.model.residual import FLOAT16_MAX, float16_limit
from builder.reference.arithmetic import Arithmetic, Array, Precision
from builder.reference.decoder import Decoder, LowRanks, WeightSource, embedded_texts

DEFAULT_TEXTS = tuple(Path(__file__).with_name(name) for name in ("report.txt", "prose.txt"))
"""News, a recipe, a letter and code; and a story. Both were written for this."""
MAX_TEXT = 1 << 20
CONTEXT = 512
BLOCK = 32
RESAMPLES = 1000
Z = 1.96

Progress = Callable[[str, int, int], None]
"""Called with what is done, the steps done and the steps in all."""


@dataclass(frozen=True)
class Interval:
    """A figure, and where it lies with 95 % confidence."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """Of one text, or of all together."""

    text: str
    """Its file's name."""
    tokens: int
    perplexity: Interval
    other_perplexity: Interval | None = None
    divergence: Interval | None = None
    same_choice: Interval | None = None


@dataclass(frozen=True)
class Evaluation:
    """What `onpage evaluate` prints."""

    texts: tuple[Figures, ...]
    all: Figures
    largest_residual: float | None
    """Of the model's residual stream; None where the pass does not show it."""
    float16_limit: float = FLOAT16_MAX
    """The largest value with which engines in float16 compute rightly."""

    @property
    def fits_float16(self) -> bool | None:
        """Whether engines that compute in float16 hold every value of that stream."""
        return None if self.largest_residual is None else self.largest_residual <= self.float16_limit

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"fits_float16": self.fits_float16}


class Predictor(Protocol):
    """What predicts the next token after each of some texts."""

    @property
    def largest_residual(self) -> float | None:
        """After a pass."""

    @property
    def float16_limit(self) -> float:
        """As of builder.model.residual."""

    def bands(self, texts: Sequence[Sequence[int]], progress: Callable[[], None]) -> Iterator[tuple[int, Array]]:
        """(first id, logits (positions of all texts, ids)), band by band of the vocabulary; texts are ids with the start token."""


class SourcePredictor:
    """The reference's forward pass, with weights from anywhere."""

    def __init__(self, source: WeightSource, precision: Precision = "float32", adapter: LowRanks | None = None) -> None:
        self.source = source
        self.decoder = Decoder(source.model, Arithmetic(precision), adapter)

    @property
    def precision(self) -> Precision:
        """Of the activations."""
        return self.decoder.arithmetic.precision

    @property
    def steps(self) -> int:
        """How often `bands` calls `progress`."""
        return len(self.source.model.layers)

    @property
    def largest_residual(self) -> float | None:
        """As `Predictor`."""
        return self.decoder.largest_residual

    @property
    def float16_limit(self) -> float:
        """As `Predictor`."""
        return float16_limit(self.source.model.residual_streams)

    def bands(self, texts: Sequence[Sequence[int]], progress: Callable[[], None]) -> Iterator[tuple[int, Array]]:
        """As `Predictor`."""
        x, attending = embedded_texts(self.decoder, self.source, texts)
        x = self.decoder.layers(self.source.layer, x, attending, report=lambda done, total: progress())
        last = self.decoder.normed(x, self.source.whole("final_norm"))
        for first, rows in self.source.head_bands():
            yield first, self.decoder.logits(last @ rows.T)


@dataclass(frozen=True)
class Text:
    """A text in tokens."""

    name: str
    ids: list[int]


def read_text(path: Path) -> str:
    """The text; OnpageError where it cannot be read or is none."""
    try:
        return read_bounded(path, MAX_TEXT).decode()
    except NotReadableError as error:
        raise OnpageError(f"{path} {error}.", subject=path) from None
    except UnicodeDecodeError:
        raise OnpageError(f"{path} is not text: expected UTF-8.", subject=path) from None


def tokens_of(path: Path, encode: Callable[[str], list[int]], limit: int | None = None) -> Text:
    """A file in tokens, the first `limit` of them; OnpageError where it holds none."""
    ids = encode(read_text(path))[:limit]
    if not ids:
        raise OnpageError(f"{path} contains no text to evaluate on.", subject=path)
    return Text(path.name, ids)


def evaluate(
    model: Predictor,
    texts: Sequence[Text],
    start_id: int,
    other: Predictor | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Runs `model` over the texts, and compares it with `other`, which has the same tokens, where there is one."""
    stretches = [
        [start_id, *text.ids[first : first + CONTEXT]] for text in texts for first in range(0, len(text.ids), CONTEXT)
    ]
    told = np.concatenate([np.array(stretch[1:], np.int64) for stretch in stretches])
    contexts = [stretch[:-1] for stretch in stretches]
    scores = _Scores(len(told), told)
    other_scores = _Scores(len(told), told)
    products = np.zeros(len(told))
    if other is None:
        for first, logits in model.bands(contexts, progress):
            scores.see(first, logits)
    else:
        for first, ours, theirs in _aligned(model.bands(contexts, progress), other.bands(contexts, progress)):
            scores.see(first, ours)
            # Σ share · (their logit − ours), of which the divergence is made; kept relative to their largest logit so far
            products *= other_scores.see(first, theirs)
            weights = np.exp(theirs - other_scores.highest[:, None].astype(np.float32))
            products += np.einsum("pv,pv->p", weights, theirs - ours, dtype=np.float64)
    parts: list[tuple[str, NDArray[np.bool_]]] = []
    done = 0
    for text in texts:
        chosen = np.zeros(len(told), bool)
        chosen[done : done + len(text.ids)] = True
        parts.append((text.name, chosen))
        done += len(text.ids)

    def figures(name: str, chosen: NDArray[np.bool_]) -> Figures:
        loss = scores.losses()[chosen]
        found = Figures(name, len(loss), _exponential(_of_mean(loss)))
        if other is None:
            return found
        divergence = products / other_scores.sums - other_scores.log_sums() + scores.log_sums()
        same = scores.choices[chosen] == other_scores.choices[chosen]
        return Figures(
            name,
            len(loss),
            found.perplexity,
            _exponential(_of_mean(other_scores.losses()[chosen])),
            _of_mean(np.maximum(divergence[chosen], 0)),
            wilson(int(same.sum()), len(same)),
        )

    return Evaluation(
        tuple(figures(*part) for part in parts),
        figures("all", np.ones(len(told), bool)),
        model.largest_residual,
        model.float16_limit,
    )


class _Scores:
    """Sums over the vocabulary for each position, as its bands go by."""

    def __init__(self, positions: int, told: NDArray[np.int64]) -> None:
        self._told = told
        self.highest = np.full(positions, -np.inf)
        self.choices = np.zeros(positions, np.int64)
        self.sums = np.zeros(positions)
        """Of e to each logit less the highest."""
        self._own = np.zeros(positions)

    def see(self, first: int, logits: Array) -> NDArray[np.float64]:
        """Takes a band; what sums kept relative to the highest logit are to be multiplied with."""
        top = logits.argmax(axis=1)
        values = np.take_along_axis(logits, top[:, None], axis=1)[:, 0].astype(np.float64)
        rises = values > self.highest
        self.choices[rises] = first + top[rises]
        highest = np.maximum(self.highest, values)
        shrink: NDArray[np.float64] = np.exp(self.highest - highest)
        self.highest = highest
        powers = np.exp(logits - highest[:, None].astype(np.float32))
        self.sums = self.sums * shrink + powers.sum(axis=1, dtype=np.float64)
        here = np.flatnonzero((self._told >= first) & (self._told < first + logits.shape[1]))
        self._own[here] = logits[here, self._told[here] - first]
        return shrink

    def log_sums(self) -> NDArray[np.float64]:
        """Logarithms of the sums of e to each logit."""
        total: NDArray[np.float64] = self.highest + np.log(self.sums)
        return total

    def losses(self) -> NDArray[np.float64]:
        """−log of the share of the token that follows."""
        return self.log_sums() - self._own


def _aligned(
    ours: Iterable[tuple[int, Array]], theirs: Iterable[tuple[int, Array]]
) -> Iterator[tuple[int, Array, Array]]:
    """Two sequences of bands of the same vocabulary, cut where either is."""
    left, right = iter(ours), iter(theirs)
    a, b = next(left, None), next(right, None)
    while a is not None and b is not None:
        count = min(a[1].shape[1], b[1].shape[1])
        yield a[0], a[1][:, :count], b[1][:, :count]
        a, b = _rest(a, count) or next(left, None), _rest(b, count) or next(right, None)


def _rest(band: tuple[int, Array], count: int) -> tuple[int, Array] | None:
    first, logits = band
    return (first + count, logits[:, count:]) if logits.shape[1] > count else None


def wilson(hits: int, count: int) -> Interval:
    """A share with Wilson's interval."""
    share, z2 = hits / count, Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def _of_mean(values: NDArray[np.float64]) -> Interval:
    """A mean, with the percentiles of the means of blocks drawn again and again."""
    starts = range(0, len(values), BLOCK)
    sums = np.array([values[start : start + BLOCK].sum() for start in starts])
    counts = np.array([len(values[start : start + BLOCK]) for start in starts])
    drawn = np.random.default_rng(0).integers(0, len(sums), (RESAMPLES, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), (2.5, 97.5))
    return Interval(float(values.mean()), float(low), float(high))


def _exponential(mean: Interval) -> Interval:
    return Interval(*(math.exp(min(value, 700.0)) for value in (mean.value, mean.low, mean.high)))
