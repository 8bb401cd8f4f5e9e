"""The blind texts: as many and as mixed as promised, and annotated with what stands in them."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import pytest

from builder.demo.blind import BLIND, SHAPES, BlindText, blind_texts
from builder.demo.generator import post_row
from builder.demo.spelling import contains

MAX_WORDS = 250


def test_there_are_sixty_and_at_least_fifteen_bear_no_cheer() -> None:
    texts = blind_texts()
    assert len(texts) == len({one.text for one in texts}) == 60
    assert sum(one.sober for one in texts) >= 15


def test_every_shape_comes_with_good_and_bad_news() -> None:
    for sober in (True, False):
        counts = Counter(one.shape for one in blind_texts() if one.sober is sober)
        assert set(counts) == set(SHAPES)


def test_the_first_line_says_what_they_are_for() -> None:
    note = json.loads(BLIND.read_text(encoding="utf-8").splitlines()[0])["note"]
    assert "before any training" in note and "nothing is tuned on these" in note


@pytest.mark.parametrize("one", blind_texts(), ids=lambda one: one.text[:24])
def test_what_must_be_kept_stands_in_the_text(one: BlindText) -> None:
    assert one.names and one.facts and one.subjects
    assert len(one.text.split()) <= MAX_WORDS
    for spelling in one.names + one.facts:
        assert contains(one.text.casefold(), [spelling.casefold()]), spelling
    assert all(subject == subject.lower() and subject.isalnum() for subject in one.subjects)


def test_no_blind_name_is_generated_for_training() -> None:
    names = {name for one in blind_texts() for name in one.names}
    rng = Random(11)
    texts = "\n".join(post_row(rng).text for _ in range(3000))
    assert not [name for name in names if contains(texts, [name])]
