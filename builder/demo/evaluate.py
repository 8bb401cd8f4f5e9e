"""How well the demo model writes posts about texts that it has never seen: what `onpage evaluate-demo` reports.

Two sets: generated texts with held-out names, and forty texts written by hand in another style (`handwritten.jsonl`).
The model runs in numpy from the web file that ships (`builder.reference.dense`). The measures of one post:

- name: one of the accepted spellings of the main name stands in it, letter by letter, not inside a longer word;
- fact: so does the main date or number (texts without one are not counted);
- words: at most 50, counting everything between white space, hashtags and emoji too; and the limit that was asked for;
- hashtags: one to three;
- end: the model ended it itself with the end of turn within `MAX_NEW_TOKENS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from builder.demo.generator import social_post, social_prompt, test_rows, tones
from builder.demo.spelling import contains

if TYPE_CHECKING:
    from builder.reference.dense import Reference

HANDWRITTEN = Path(__file__).resolve().parent / "handwritten.jsonl"
MAX_NEW_TOKENS = 128
MAX_WORDS = 50
SEED = 2026
BATCH = 20
BARS = {
    "generated": {"name": 0.95, "fact": 0.95, "within_50": 0.95, "hashtags": 0.95, "ended": 0.95},
    "handwritten": {"name": 0.75, "within_50": 0.95, "ended": 0.95},
}
"""The shares the shipped model promises."""

_HASHTAG = re.compile(r"(?<!\S)#\w+")

Source = Literal["generated", "handwritten"]


@dataclass(frozen=True)
class Sampling:
    """How the page draws each token."""

    temperature: float
    top_k: int


@dataclass(frozen=True)
class Case:
    """One text to write about. `names` and `facts` are the accepted spellings; no facts: the text has none."""

    source: Source
    text: str
    tone: str
    words: int
    names: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def prompt(self) -> str:
        """The prompt as the page sends it, without BOS."""
        return social_prompt(self.text, self.tone, self.words)


@dataclass(frozen=True)
class Marks:
    """What one post achieved; `fact` is None where the text has no date or number."""

    name: bool
    fact: bool | None
    within_50: bool
    within_limit: bool
    hashtags: bool
    ended: bool


MEASURES = tuple(Marks.__dataclass_fields__)


@dataclass(frozen=True)
class Judged:
    """A case, the post written for it, and its marks. `same_in_float16` is None where that was not asked."""

    case: Case
    post: str
    marks: Marks
    same_in_float16: bool | None = None


@dataclass(frozen=True)
class EvaluationReport:
    """Every judged post, and the shares over them."""

    file: str
    posts: tuple[Judged, ...]
    largest_activation: float | None = None
    """The largest absolute activation met in float16 (which holds up to 65,504); None where float16 was not asked."""

    def shares(self, source: Source) -> dict[str, float]:
        """Share of each measure among the posts of `source` that it applies to."""
        found = {}
        for measure in MEASURES:
            values = [getattr(one.marks, measure) for one in self.posts if one.case.source == source]
            values = [value for value in values if value is not None]
            if values:
                found[measure] = sum(values) / len(values)
        return found

    @property
    def float16_share(self) -> float | None:
        """Share of the posts that are the same in float16 and in float32."""
        values = [one.same_in_float16 for one in self.posts if one.same_in_float16 is not None]
        return sum(values) / len(values) if values else None

    @property
    def failures(self) -> tuple[str, ...]:
        """The bars that are missed, one sentence each."""
        missed = []
        for source, bars in BARS.items():
            shares = self.shares(source)  # type: ignore[arg-type]
            for measure, bar in bars.items():
                if measure in shares and shares[measure] < bar:
                    missed.append(f"{source} {measure}: {shares[measure]:.1%}, at least {bar:.0%} wanted")
        return tuple(missed)

    def rows(self) -> list[tuple[str, str, str]]:
        """(measure, generated, by hand), as a table shows them."""
        generated, handwritten = self.shares("generated"), self.shares("handwritten")

        def cell(shares: dict[str, float], measure: str) -> str:
            return f"{shares[measure]:.1%}" if measure in shares else "-"

        return [(LABELS[measure], cell(generated, measure), cell(handwritten, measure)) for measure in MEASURES]

    def table(self) -> str:
        """A plain text table, with the misses below."""
        counts = {source: sum(one.case.source == source for one in self.posts) for source in BARS}
        head = ("share of posts that …", f"{counts['generated']} generated", f"{counts['handwritten']} by hand")
        lines = [f"{row[0]:<44}{row[1]:>15}{row[2]:>12}" for row in (head, *self.rows())]
        if self.float16_share is not None:
            lines.append(f"{'are the same with float16 activations':<44}{self.float16_share:>15.1%}")
            lines.append(f"{'largest activation (float16 ends at 65,504)':<44}{self.largest_activation or 0:>15,.0f}")
        return "\n".join([*lines, *(f"below the bar: {sentence}" for sentence in self.failures)])

    def to_json(self) -> dict[str, Any]:
        """Shares, bars and every post."""
        return {
            "file": self.file,
            "shares": {source: self.shares(source) for source in BARS},  # type: ignore[arg-type]
            "bars": BARS,
            "failures": list(self.failures),
            "float16_share": self.float16_share,
            "largest_activation": self.largest_activation,
            "posts": [asdict(one) for one in self.posts],
        }


LABELS = {
    "name": "keep the main name exactly",
    "fact": "keep the main date or number exactly",
    "within_50": "have at most 50 words",
    "within_limit": "have at most the words asked for",
    "hashtags": "carry one to three hashtags",
    "ended": "end by themselves",
}


def generated_cases(count: int, seed: int = SEED) -> list[Case]:
    """Generated texts whose names the training never uses."""
    return [
        Case("generated", row.text, row.tone, row.words, (row.name,), (row.fact,) if row.fact else ())
        for row in test_rows(seed, count)
    ]


def handwritten_cases(seed: int = SEED) -> list[Case]:
    """The forty texts, in tones by turns, at the standard length."""
    rng = Random(seed)
    standard = max(entry["words"] for entry in social_post()["lengths"])
    entries = [json.loads(line) for line in HANDWRITTEN.read_text(encoding="utf-8").splitlines()]
    return [
        Case("handwritten", entry["text"], rng.choice(tones()), standard, tuple(entry["names"]), tuple(entry["facts"]))
        for entry in entries
    ]


def mark(case: Case, post: str, ended: bool) -> Marks:
    """Judge one post."""
    words = len(post.split())
    return Marks(
        name=contains(post, case.names),
        fact=contains(post, case.facts) if case.facts else None,
        within_50=words <= MAX_WORDS,
        within_limit=words <= case.words,
        hashtags=1 <= len(_HASHTAG.findall(post)) <= 3,
        ended=ended,
    )


def evaluate(
    web_file: Path,
    *,
    generated: int = 300,
    handwritten: bool = True,
    float16: bool = False,
    sampling: Sampling | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluationReport:
    """Write a post for every case with the model in `web_file`, greedy unless `sampling` is given, and judge it.

    `progress` is called with the posts done and the posts in all. Raises WebFileError as `Reference` does.
    """
    from builder.reference.dense import Reference

    exact = Reference.from_web_file(web_file, dtype="float32")
    rounded = Reference.from_web_file(web_file, dtype="float16") if float16 else None
    cases = generated_cases(generated) + (handwritten_cases() if handwritten else [])
    order = sorted(range(len(cases)), key=lambda index: len(cases[index].text))  # less padding in a batch
    judged: dict[int, Judged] = {}
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        posts = write(exact, [cases[index] for index in batch], sampling)
        others = write(rounded, [cases[index] for index in batch], sampling) if rounded else None
        for place, index in enumerate(batch):
            post, ended = posts[place]
            same = posts[place] == others[place] if others else None
            judged[index] = Judged(cases[index], post, mark(cases[index], post, ended), same)
        if progress:
            progress(len(judged), len(cases))
    return EvaluationReport(
        file=web_file.name,
        posts=tuple(judged[index] for index in range(len(cases))),
        largest_activation=rounded.largest_activation if rounded else None,
    )


def write(model: Reference, cases: list[Case], sampling: Sampling | None = None) -> list[tuple[str, bool]]:
    """As `write_prompts`, for cases."""
    return write_prompts(model, [case.prompt for case in cases], sampling)


def write_prompts(
    model: Reference,
    texts: list[str],
    sampling: Sampling | None = None,
    seed: int = SEED,
    begun: Sequence[str] | None = None,
) -> list[tuple[str, bool]]:
    """The post for each prompt, greedy without `sampling`, and whether it ended by itself. `begun`: how each post begins ("" as it likes)."""
    from sentencepiece import SentencePieceProcessor

    pieces = SentencePieceProcessor(model_proto=model.sentencepiece)
    begun = begun or [""] * len(texts)
    prompts = [[model.start_id, *pieces.encode(text + begin)] for text, begin in zip(texts, begun, strict=True)]
    if sampling is None:
        answers = model.greedy(prompts, MAX_NEW_TOKENS)
    else:
        answers = model.sample(
            prompts, MAX_NEW_TOKENS, temperature=sampling.temperature, top_k=sampling.top_k, seed=seed
        )
    return [
        (pieces.decode([*pieces.encode(begin), *answer.ids]).strip(), answer.stopped)
        for begin, answer in zip(begun, answers, strict=True)
    ]
