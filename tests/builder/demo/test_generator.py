"""The generated data: what training and evaluation rely on."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from builder.demo import facts, words
from builder.demo.generator import Row, copy_row, post_row, social_prompt, test_rows, tones
from builder.demo.posts import OPENINGS, count_words
from builder.demo.stages import STAGES, Stage, first_rows, news_rows
from builder.demo.stories import KINDS

test_rows.__test__ = False  # type: ignore[attr-defined]  # a function of the generator, not a test

HASHTAG = re.compile(r"(?<!\S)#\w+")
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2139\u26a1]")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    rng = Random(7)
    return [post_row(rng) for _ in range(3000)]


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(stage: Stage) -> None:
    def some(seed: int) -> list[list[Row]]:
        rng = Random(seed)
        return [stage.rows(rng, 0.1) for _ in range(50)]

    assert some(1) == some(1)
    assert some(1) != some(2)


def test_a_post_keeps_name_and_fact_which_stand_in_the_text(rows: list[Row]) -> None:
    for row in rows:
        assert row.name in row.text and row.fact in row.text, row
        assert row.name in row.post and row.fact in row.post, row


def test_a_post_obeys_the_limit_and_carries_one_to_three_hashtags(rows: list[Row]) -> None:
    for row in rows:
        assert count_words(row.post) <= row.words, row
        assert 1 <= len(HASHTAG.findall(row.post)) <= 3, row


def test_no_template_syntax_is_left(rows: list[Row]) -> None:
    for row in rows:
        assert not re.search(r"[{}\[\]|]", row.post.replace(" | ", " ")), row
        assert not re.search(r"[{}\[\]]", row.text), row


def test_tone_and_length_matter(rows: list[Row]) -> None:
    def share(tone: str, pattern: re.Pattern[str]) -> float:
        posts = [row.post for row in rows if row.tone == tone]
        return sum(bool(pattern.search(post)) for post in posts) / len(posts)

    assert share("professional", EMOJI) == 0
    assert share("enthusiastic", EMOJI) > share("friendly", EMOJI) > 0.3
    lengths = {limit: [count_words(row.post) for row in rows if row.words == limit] for limit in (25, 50)}
    assert sum(lengths[50]) / len(lengths[50]) > 1.4 * sum(lengths[25]) / len(lengths[25])
    assert set(OPENINGS) == set(tones())


def test_every_kind_comes_up_and_some_texts_have_neither_date_nor_number(rows: list[Row]) -> None:
    assert {row.kind for row in rows} == set(KINDS)
    assert 0.03 < sum(not row.fact for row in rows) / len(rows) < 0.3


def test_training_never_uses_a_name_of_the_evaluation() -> None:
    rng = Random(3)
    trained = {row.name for row in (post_row(rng) for _ in range(3000))}
    tested = {row.name for row in test_rows(2026, 300)}
    assert not trained & tested
    assert not any(map(words.is_held_out, trained))
    assert all(words.is_held_out(name.replace("\u2019", "'")) for name in tested)


def test_names_hardly_ever_come_twice(rows: list[Row]) -> None:
    assert len({row.name for row in rows}) > 0.95 * len(rows)


def test_dates_are_written_in_many_ways() -> None:
    rng = Random(1)
    shapes = {re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "1", facts.date_text(rng)[0])) for _ in range(3000)}
    assert len(shapes) > 12


@pytest.mark.parametrize(
    ("number", "written"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (21, "21st")]
)
def test_ordinals(number: int, written: str) -> None:
    assert facts.ordinal(number) == written


def test_early_training_copies_and_late_training_does_not() -> None:
    def copies(progress: float) -> int:
        rng = Random(5)
        return sum(row.kind == "copy" for _ in range(400) for row in first_rows(rng, progress))

    assert copies(0.0) > 150
    assert copies(0.9) < 30
    row = copy_row(Random(1))
    assert row.text in row.prompt
    assert re.sub(r"[\W_]+", "", row.post) == re.sub(r"[\W_]+", "", row.text)


def test_news_come_with_what_the_first_stage_taught() -> None:
    rng = Random(5)
    kinds = Counter(row.kind for _ in range(400) for row in news_rows(rng, 0.5))
    assert 40 < kinds["copy"] < 80
    assert len(kinds) > 40
    assert all(row.words >= count_words(row.post) for row in news_rows(rng, 1.0) if row.tone)


def test_a_pasted_text_with_slots_of_its_own_stays_as_it_is() -> None:
    prompt = social_prompt("{tone} {words} {text} <b>", "friendly", 25)
    assert "{tone} {words} {text} <b>" in prompt
    assert prompt.startswith("<start_of_turn>user\nWrite a friendly social media post of at most 25 words")
    assert prompt.endswith("<end_of_turn>\n<start_of_turn>model\n")
