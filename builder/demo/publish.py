"""How many of a model's posts are worth publishing: what `onpage evaluate-posts` reports.

Every text is told at both lengths of the page. Generated ones have held-out names (`scenes`), blind ones were written by hand
before any training (`blind`). The scorer (`score`) judges; the model runs in numpy from its web file. Where the page's check finds
something wrong with a post, it is written again, as the page does it (`drawn`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Literal

from builder.demo.blind import blind_texts
from builder.demo.check import BEGUN_AFTER, BEGUN_FOR, DRAW_TEMPERATURE, LIKELIEST_TEMPERATURE, Finding, check
from builder.demo.evaluate import BATCH, Sampling, write_prompts
from builder.demo.generator import social_post, social_prompt, tones
from builder.demo.mend import assembled
from builder.demo.names import beginning
from builder.demo.scenes.write import scene_row
from builder.demo.score import Score, Subject, commonest_opening, score

Source = Literal["generated", "blind"]
SOURCES: tuple[Source, ...] = ("generated", "blind")
SEED = 2026
BARS: dict[Source, dict[str, float]] = {
    "generated": {"kept": 0.95, "unchanged": 0.95, "no cheer": 1.0, "publishable": 0.8},
    "blind": {"kept": 0.85, "unchanged": 0.85, "no cheer": 1.0, "publishable": 0.8},
}
"""The shares that a model must reach at each length to be called one whose posts can be published."""


@dataclass(frozen=True)
class Trial:
    """One post to write."""

    source: Source
    subject: Subject
    shape: str
    tone: str
    words: int

    @property
    def prompt(self) -> str:
        """As the page sends it, without BOS."""
        return social_prompt(self.subject.text, self.tone, self.words)


@dataclass(frozen=True)
class Judged:
    """A trial, the post, and what is wrong with it."""

    trial: Trial
    post: str
    score: Score
    drafts: tuple[str, ...] = ()
    """All posts that were drawn, in their order, if this one was chosen among several."""
    findings: tuple[Finding, ...] = ()
    """What the page would say of it."""


MEASURES: dict[str, Callable[[Judged], bool | None]] = {
    "kept": lambda one: not (one.score.lost_name or one.score.lost_fact),
    "unchanged": lambda one: not one.score.changed,
    "no cheer": lambda one: not one.score.cheer if one.trial.subject.sober else None,
    "whole": lambda one: not one.score.cut,
    "not repeated": lambda one: not one.score.repeated,
    "tags": lambda one: not one.score.found["tags"],
    "within limit": lambda one: not one.score.long,
    "publishable": lambda one: one.score.publishable,
}
LABELS = {
    "kept": "keep the name, and a date or number",
    "unchanged": "change no name, date or number",
    "no cheer": "tell bad news without cheer",
    "whole": "have no cut sentence",
    "not repeated": "say nothing twice",
    "tags": "carry one to three fitting hashtags",
    "within limit": "have at most the words asked for",
    "publishable": "can be published: nothing of the above is wrong",
}


@dataclass(frozen=True)
class PostsReport:
    """Every judged post, and the shares of them."""

    file: str
    posts: tuple[Judged, ...]

    def of(self, source: Source, words: int) -> list[Judged]:
        """The posts of one column."""
        return [one for one in self.posts if one.trial.source == source and one.trial.words == words]

    def share(self, measure: str, source: Source, words: int) -> float | None:
        """Of the posts of a column that the measure applies to; None where it applies to none."""
        values = [value for one in self.of(source, words) if (value := MEASURES[measure](one)) is not None]
        return sum(values) / len(values) if values else None

    @property
    def draws(self) -> float:
        """How many times a post was written, on average."""
        return sum(max(1, len(one.drafts)) for one in self.posts) / max(1, len(self.posts))

    @property
    def failures(self) -> tuple[str, ...]:
        """The bars that are missed, one sentence each."""
        return tuple(
            f"{source}, {words} words, {measure}: {share:.1%}, at least {bar:.0%} wanted"
            for source, words in columns(self.posts)
            for measure, bar in BARS[source].items()
            if (share := self.share(measure, source, words)) is not None and share < bar
        )

    def table(self) -> str:
        """A plain text table, with the commonest opening and the misses below."""
        heads = columns(self.posts)
        lines = [
            f"{'share of posts that …':<52}" + "".join(f"{f'{source} {words}':>15}" for source, words in heads),
            f"{'':<52}" + "".join(f"{len(self.of(source, words)):>15}" for source, words in heads),
        ]
        for measure, label in LABELS.items():
            shares = [self.share(measure, source, words) for source, words in heads]
            lines.append(f"{label:<52}" + "".join(f"{'-' if each is None else f'{each:.1%}':>15}" for each in shares))
        opening, share = commonest_opening([one.post for one in self.posts])
        lines.append(f"commonest opening: {opening!r}, {share:.1%} of all")
        lines.append(f"draws for each post: {self.draws:.2f}")
        lines += [f"below the bar: {sentence}" for sentence in self.failures]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Shares, bars and every post with its faults."""
        opening, share = commonest_opening([one.post for one in self.posts])
        return {
            "file": self.file,
            "shares": [
                {"source": source, "words": words, **{each: self.share(each, source, words) for each in MEASURES}}
                for source, words in columns(self.posts)
            ],
            "faults": dict(Counter(fault for one in self.posts for fault in one.score.faults)),
            "commonest_opening": {"words": opening, "share": share},
            "draws": self.draws,
            "bars": BARS,
            "failures": list(self.failures),
            "posts": [
                {
                    **{key: value for key, value in asdict(one.trial).items() if key != "subject"},
                    "text": one.trial.subject.text,
                    "sober": one.trial.subject.sober,
                    "post": one.post,
                    "drafts": list(one.drafts),
                    "findings": {finding.rule: list(finding.found) for finding in one.findings},
                    "faults": list(one.score.faults),
                    "found": {"changed": one.score.changed, "cheer": one.score.cheer, "tags": one.score.tags},
                }
                for one in self.posts
            ],
        }


def columns(posts: Sequence[Judged]) -> list[tuple[Source, int]]:
    """Source and length of each column that has posts."""
    there = {(one.trial.source, one.trial.words) for one in posts}
    return [
        (source, words)
        for source in SOURCES
        for words in sorted({words for _, words in there})
        if (source, words) in there
    ]


def trials(generated: int, *, blind: int | None = None, seed: int = SEED) -> list[Trial]:
    """`generated` texts and `blind` of the blind ones (None: all), drawn by `seed`, each at both lengths, in tones by chance."""
    rng = Random(f"posts {seed}")
    lengths = [entry["words"] for entry in social_post()["lengths"]]
    texts: list[tuple[Source, Subject, str]] = []
    for _ in range(generated):
        row = scene_row(rng, held_out=True)
        texts.append(("generated", row.subject, row.shape))
    everything = blind_texts()
    chosen = Random(f"blind {seed}").sample(everything, len(everything))[:blind]
    texts += [
        ("blind", Subject(one.text, one.sober, one.names, one.facts, one.subjects), one.shape)
        for one in everything
        if one in chosen
    ]
    return [
        Trial(source, subject, shape, rng.choice(tones()), words)
        for source, subject, shape in texts
        for words in lengths
    ]


def judge(trial: Trial, post: str, ended: bool) -> Judged:
    """One post."""
    findings = check(trial.subject.text, post, trial.words)
    return Judged(trial, post, score(trial.subject, post, trial.words, ended=ended), findings=findings)


Write = Callable[[list[str], list[str], Sampling | None, int], list[tuple[str, bool]]]
"""Prompts, how each post begins, how to sample, and the number of the draw from 0 → the posts with their beginnings, and whether the model
ended each itself."""


def drawn(
    write: Write, asked: Sequence[Trial], sampling: Sampling | None, draws: int, *, demo: bool = False
) -> list[Judged]:
    """The posts for some trials, as the page gets them: those that the check finds fault with are written again, up to `draws` times in
    all, begun with a name that the text is about (not at once, unless the `demo` writes), or else warmer, and once more, the likeliest, where one says
    what another says; the best that can be put together of all draws is kept (`assembled`).
    What the model did not end is drawn again, and taken only where there is nothing else. With `draws` 1 a post stays as the model wrote it."""
    after = BEGUN_AFTER["demo" if demo else "others"]
    tries: list[list[tuple[str, bool]]] = [[] for _ in asked]
    kept: list[Judged | None] = [None for _ in asked]
    for draw in range(draws + 1):
        last = draw == draws  # in place of one that says again what another says
        places = [
            place
            for place, one in enumerate(kept)
            if (one is None or one.findings) and (not last or _has_repeated(tries[place]))
        ]
        begun = {
            place: beginning(asked[place].subject.text, 1 + draw - after) if _is_begun(kept[place]) and not last else ""
            for place in places
        }
        for group in (
            [place for place in places if begun[place] or not draw],
            [place for place in places if draw and not begun[place]],
        ):
            if not group:
                continue
            posts = write(
                [asked[place].prompt for place in group],
                [begun[place] for place in group],
                likeliest(sampling) if last else warmer(sampling) if draw and not begun[group[0]] else sampling,
                draw,
            )
            for place, written in zip(group, posts, strict=True):
                tries[place].append(written)
                whole = [post for post, ended in tries[place] if ended]
                if whole:
                    made = assembled(asked[place].subject.text, whole, asked[place].words) if draws > 1 else whole[0]
                    kept[place] = judge(asked[place], made, True)
    chosen = []
    for trial, one, drafts in zip(asked, kept, tries, strict=True):
        best = one or judge(trial, drafts[0][0], False)
        chosen.append(replace(best, drafts=tuple(post for post, _ in drafts)) if len(drafts) > 1 else best)
    return chosen


def _is_begun(best: Judged | None) -> bool:
    """Whether a further draw is begun with a name, after the best so far; None: the model ended none."""
    return best is None or any(finding.rule in BEGUN_FOR for finding in best.findings)


def _has_repeated(posts: Sequence[tuple[str, bool]]) -> bool:
    """Whether one says word for word what another says."""
    return len({post.strip() for post, _ in posts}) < len(posts)


def likeliest(sampling: Sampling | None) -> Sampling | None:
    """For the draw in place of one that says again what another says."""
    return sampling and replace(sampling, temperature=LIKELIEST_TEMPERATURE)


def warmer(sampling: Sampling | None) -> Sampling | None:
    """For a further draw that begins as it likes: at a low temperature it says the same again."""
    return sampling and replace(sampling, temperature=max(sampling.temperature, DRAW_TEMPERATURE))


def evaluate_posts(
    web_file: Path,
    *,
    generated: int = 60,
    blind: int | None = None,
    sampling: Sampling | None = None,
    draws: int = 1,
    demo: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> PostsReport:
    """Write a post for every trial with the model in `web_file`, greedy unless `sampling` is given, and judge it.

    A post with a fault that the page's check finds is drawn up to `draws` times; more than once takes `sampling`, for the likeliest post
    is always the same. `demo`: whether it is the demo model, see `drawn`. `progress` is called with the posts done and the posts in all. Raises WebFileError as `Reference` does.
    """
    from builder.reference.dense import Reference

    model = Reference.from_web_file(web_file, dtype="float32")
    everything = trials(generated, blind=blind)
    order = sorted(range(len(everything)), key=lambda index: len(everything[index].prompt))  # less padding in a batch

    def write(prompts: list[str], begun: list[str], how: Sampling | None, draw: int) -> list[tuple[str, bool]]:
        return write_prompts(model, prompts, how, SEED + draw, begun)

    judged: dict[int, Judged] = {}
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        written = drawn(write, [everything[index] for index in batch], sampling, draws, demo=demo)
        judged.update(zip(batch, written, strict=True))
        if progress:
            progress(len(judged), len(everything))
    return PostsReport(web_file.name, tuple(judged[index] for index in range(len(everything))))
