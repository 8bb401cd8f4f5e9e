"""The scenes and the posts made of them: what a tuned model learns from."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from builder.demo import words
from builder.demo.blind import blind_texts
from builder.demo.generator import tones
from builder.demo.scenes import voice
from builder.demo.scenes.read import Scene, parse, scenes, slots_of
from builder.demo.scenes.shapes import ASIDES, NOTED, SHAPES
from builder.demo.scenes.values import fresh
from builder.demo.scenes.whole import Whole, whole_of, wholes
from builder.demo.scenes.write import MOST, PAIRED_FROM, SceneRow, scene_row, scene_rows
from builder.demo.score import commonest_opening, score
from builder.demo.spelling import contains
from builder.tune.data import read_conversations

EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2139\u26a1]")


@pytest.fixture(scope="module")
def rows() -> list[SceneRow]:
    rng = Random(7)
    return [scene_row(rng) for _ in range(2500)]


def test_the_same_seed_gives_the_same_rows() -> None:
    assert [scene_row(Random(1)) for _ in range(3)] == [scene_row(Random(1)) for _ in range(3)]
    assert scene_row(Random(1)) != scene_row(Random(2))


def test_every_post_is_publishable(rows: list[SceneRow]) -> None:
    for row in rows:
        assert score(row.subject, row.post, row.words, stuttered=False).faults == (), row


def test_no_slot_or_choice_is_left_open(rows: list[SceneRow]) -> None:
    for row in rows:
        assert not re.search(r"[{}\[\]|]", row.post + row.subject.text), row


def test_every_scene_shape_tone_and_length_comes_up(rows: list[SceneRow]) -> None:
    assert {row.scene for row in rows} == {scene.title for scene in (*scenes(), *(each.scene for each in wholes()))}
    assert {row.shape for row in rows} == {*SHAPES, "whole"}
    assert {row.tone for row in rows} == set(tones())
    assert {row.words for row in rows} == {25, 50}
    assert max(len(row.subject.text.split()) for row in rows) <= 250
    assert 0.4 < sum(row.subject.sober for row in rows) / len(rows) < 0.6


def test_openings_vary(rows: list[SceneRow]) -> None:
    for sober in (True, False):
        for tone in tones():
            posts = [row.post for row in rows if row.tone == tone and row.subject.sober is sober]
            assert commonest_opening(posts)[1] < 0.08, commonest_opening(posts)


def test_bad_news_has_no_exclamation_but_a_warning(rows: list[SceneRow]) -> None:
    shouted = Counter(row.post.count("!") > 0 for row in rows if row.subject.sober)
    assert shouted[True] < 0.12 * shouted[False]
    assert not [
        row.post
        for row in rows
        if row.tone == "professional" and EMOJI.search(row.post) and not EMOJI.search(row.subject.text)
    ]


def test_the_longer_length_tells_more(rows: list[SceneRow]) -> None:
    words_of = {limit: [len(row.post.split()) for row in rows if row.words == limit] for limit in (25, 50)}
    assert sum(words_of[50]) / len(words_of[50]) > 1.3 * sum(words_of[25]) / len(words_of[25])


def test_a_short_post_leaves_room_to_miscount(rows: list[SceneRow]) -> None:
    for row in rows:
        assert len(row.post.split()) <= MOST[row.words] < row.words, row


def test_a_long_text_is_told_at_both_lengths_and_the_longer_post_tells_more() -> None:
    rng = Random(5)
    groups = [scene_rows(rng) for _ in range(400)]
    for group in groups:
        long = len(group[0].subject.text.split()) >= PAIRED_FROM
        assert sorted(row.words for row in group) == ([25, 50] if long else [group[0].words])
        assert len({(row.instruction.split("\n\n", 1)[1], row.tone) for row in group}) == 1
    pairs = [sorted(group, key=lambda row: row.words) for group in groups if len(group) == 2]
    assert len(pairs) > 100
    longer = [len(long.post.split()) - len(short.post.split()) for short, long in pairs]
    assert sum(more >= 5 for more in longer) > 0.85 * len(longer)


def test_a_report_comes_to_its_name_late_and_no_post_tells_the_asides(rows: list[SceneRow]) -> None:
    starts = [re.split(r"\{\w+\}", aside)[0].strip() for aside in ASIDES]
    reports = [row for row in rows if row.shape == "report"]
    assert len(reports) > 100
    for row in reports:
        name = row.subject.text.casefold().find(row.subject.names[0].casefold())
        assert name < 0 or ". " in row.subject.text[:name] or ".\n" in row.subject.text[:name], row
    told = [start for start in starts if len(start.split()) > 2]
    assert not [row.post for row in rows if any(start in row.post for start in told)]


def test_posts_give_no_thanks_for_understanding_that_the_text_does_not_give(rows: list[SceneRow]) -> None:
    stock = re.compile(r"tickets stay valid|understanding|patience|inconvenience", re.IGNORECASE)
    for row in rows:
        for clause in stock.findall(row.post):
            assert clause.casefold() in row.subject.text.casefold(), row


def test_training_never_uses_a_name_of_the_evaluation(rows: list[SceneRow]) -> None:
    rng = Random(3)
    assert not any(words.is_held_out(row.subject.names[0]) for row in rows)
    assert all(words.is_held_out(scene_row(rng, held_out=True).subject.names[0]) for _ in range(100))


def test_no_blind_name_is_generated(rows: list[SceneRow]) -> None:
    texts = "\n".join(row.subject.text for row in rows)
    # single first names and common surnames of the lists may meet: what is looked for is a whole name of a blind text
    names = {name for one in blind_texts() for name in one.names if " " in name}
    assert not [name for name in names if contains(texts, [name])]


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.title)
def test_a_scene_is_whole(scene: Scene) -> None:
    """Its group has a voice, its slots have values, and its lead states name and fact in every text and every post."""
    known = fresh(Random(1)).keys() | scene.choices.keys()
    assert scene.group in (voice.SOBER if scene.sober else voice.GLAD)
    for point in scene.points:
        for template in (*point.texts, *point.notes, *point.posts):
            assert {slot.lower() for slot in re.findall(r"\{(\w+)\}", template)} <= known, template
        assert not any("!" in post for post in point.posts if scene.sober)
    lead = scene.points[0]
    for template in lead.posts:
        assert {scene.name, scene.fact} <= slots_of(template), template


@pytest.mark.parametrize("whole", wholes(), ids=lambda whole: whole.scene.title)
def test_a_whole_text_is_whole(whole: Whole) -> None:
    """Its group has a voice, its slots have values that its text states, and every post names the main thing and the fact."""
    scene = whole.scene
    assert scene.points == ()
    assert scene.group in (voice.SOBER if scene.sober else voice.GLAD)
    known = fresh(Random(1)).keys() | scene.choices.keys()
    stated = slots_of(whole.text)
    assert {slot.lower() for slot in re.findall(r"\{(\w+)\}", whole.text)} <= known
    for post in (*whole.short, *whole.long):
        assert slots_of(post) <= stated, post
        assert {scene.name, *filter(None, [scene.fact])} <= {
            slot.lower() for slot in re.findall(r"\{(\w+)\}", post)
        } | slots_of(post)
        assert not ("!" in post and scene.sober)
    assert min(len(post.split()) for post in whole.long) > min(len(post.split()) for post in whole.short)


def test_the_name_or_the_figure_of_a_whole_text_often_comes_late() -> None:
    """Most of them cannot be told by copying the first sentence, which is what a small model does if it can."""
    late = []
    for whole in wholes():
        first = re.split(r"(?<=[.!?])\s|\n\n", whole.text)[0]
        late.append(not {whole.scene.name, *filter(None, [whole.scene.fact])} <= slots_of(first))
    assert sum(late) > 0.6 * len(late)


def test_titles_are_unique() -> None:
    titles = [scene.title for scene in (*scenes(), *(each.scene for each in wholes()))]
    assert len(titles) == len(set(titles))


def test_a_bad_whole_text_is_named() -> None:
    head = "glad event\ntags: A\nname: person\nfact: none"
    assert whole_of("x", f"{head}\ntext:\n{{Person}} is here.\nshort: a\nlong: b c\n").scene.fact == ""
    for source in (
        f"{head}\ntext:\nshort: a\nlong: b\n",
        f"{head}\ntext:\na\nshort: a\n",
        f"{head}\nshort: a\nlong: b\n",
    ):
        with pytest.raises(ValueError, match="text, short and long"):
            whole_of("x", source)


def test_a_bad_scene_is_named() -> None:
    with pytest.raises(ValueError, match="scene 'x': 'odd' is neither glad nor sober"):
        parse("# x\nodd event\n- text: a\n  note: b\n  post: c\n")
    with pytest.raises(ValueError, match=r"scene 'x'.*text, note and post"):
        parse("# x\nglad event\ntags: A\nname: person\nfact: age\n- text: a\n- text: a\n  note: b\n  post: c\n")


def test_notes_are_for_lists_and_sentences_for_the_rest() -> None:
    assert set(SHAPES) > NOTED


def test_examples_are_what_tune_takes(tmp_path: Path) -> None:
    made = subprocess.run([sys.executable, "-m", "builder.demo.scenes", "20"], capture_output=True, check=True)
    (tmp_path / "post.jsonl").write_bytes(made.stdout)
    assert len(read_conversations(tmp_path)) == 20
