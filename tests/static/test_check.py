"""The page's check of a post finds the same as the evaluation's: on generated texts, with posts made for them and damaged at random."""

from __future__ import annotations

import json
from random import Random

import pytest

from builder.demo.check import check, is_bad_news, is_foreign
from builder.demo.evaluate import HANDWRITTEN
from builder.demo.mend import assembled, mended
from builder.demo.names import beginning, main_names
from builder.demo.rules import CHECK
from builder.demo.scenes.write import scene_row
from tests.builder.demo.test_mend import CHOIR, SEVERAL
from tests.static.node import evaluate

CHECKED = """
import { readFileSync } from "node:fs";
import { makeChecker } from "./static/tasks/post/check/index.js";
const { assembled, beginning, check, mended } = makeChecker(JSON.parse(readFileSync("static/tasks/post/check.json", "utf8")));
const checked = (text, post, limit) => check(text, post, limit).map(({ rule, found }) => [rule, found]);
const { cases, several } = JSON.parse(readFileSync(0, "utf8"));
const better = cases.filter((_, place) => place % 3 === 0).map((values) => mended(...values));
const begun = cases.filter((_, place) => place % 6 === 0).map(([text]) => [0, 1, 2].map((draw) => beginning(text, draw)));
const whole = several.map((values) => assembled(...values));
console.log(JSON.stringify({ found: cases.map((values) => checked(...values)), better, begun, whole }));
"""


def damaged(rng: Random, post: str, other: str) -> str:
    """A post with words taken away, doubled, taken from another one, or with a letter changed."""
    words = post.split(" ")
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(len(words))
        words[place : place + 1] = rng.choice(
            (
                [],
                [words[place], words[place]],
                [rng.choice(other.split(" "))],
                [words[place][::-1]],
                [words[place] + "!"],
                [
                    words[place],
                    rng.choice(("🎉", "#Nothing", "14 March", "7 pm", "€5", "Petra", "(", '"', "and.", "3.50", "fün!")),
                ],
                [words[place].replace("a", "o")],
                words[:place],
            )
        ) or ["so"]
    return " ".join(words)


@pytest.fixture(scope="module")
def cases() -> list[tuple[str, str, int]]:
    rng = Random(19)
    texts = [(row.subject.text, row.post) for row in (scene_row(rng) for _ in range(150))]
    made = [json.loads(line)["text"] for line in HANDWRITTEN.read_text(encoding="utf-8").splitlines()]
    texts += [(text, text[: rng.randrange(60, 200)]) for text in made]
    texts += [
        ("Die Bibliothek ist ab dem 3. Mai wieder für alle da, und das ist gut so.", "Sie ist da."),
        ("図書館は三月に開きます。", "図書館"),
    ]
    posts = [post for _, post in texts] + [
        "Die Bibliothek ist ab dem 3. Mai wieder für alle da, und es gibt auch Kaffee.",
        "",
    ]
    return [
        (text, damaged(rng, mine if rng.random() < 0.8 else rng.choice(posts), rng.choice(posts)), rng.choice((25, 50)))
        for text, mine in texts
        for _ in range(6)
    ]


def test_the_page_finds_what_the_evaluation_finds(cases: list[tuple[str, str, int]]) -> None:
    several = [
        (case[0], [post for _, post, _ in cases[at : at + 3]], case[2])
        for at, case in enumerate(cases[:360])
        if at % 30 == 0
    ]
    several += [(CHOIR, drafts, 25) for drafts, _ in SEVERAL]
    in_page = evaluate(CHECKED, json.dumps({"cases": cases, "several": several}))
    for case, found in zip(cases, in_page["found"], strict=True):
        assert found == [[finding.rule, list(finding.found)] for finding in check(*case)], case
    for case, better in zip(cases[::3], in_page["better"], strict=True):  # each takes as long as many checks
        assert better == mended(*case), case
    for drafts_of, made in zip(several, in_page["whole"], strict=True):
        assert made == assembled(*drafts_of), drafts_of
    for (text, _, _), begun in zip(cases[::6], in_page["begun"], strict=True):
        assert begun == [beginning(text, draw) for draw in range(3)], text
    assert sum(begun[1] != "" for begun in in_page["begun"]) >= 60
    rules = {rule for found in in_page["found"] for rule, _ in found}
    assert rules == {"language", "cheer", "cut", "changed", "repeated", "lost_name", "lost_fact", "long", "tags"}


def test_most_generated_posts_pass_and_bad_news_is_known() -> None:
    """The guesses are guesses; how good they are is measured on texts whose answer is known, most of which are written to hide it."""
    rng = Random(20)
    rows = [scene_row(rng) for _ in range(120)]
    sober, others = ([row for row in rows if row.subject.sober is kind] for kind in (True, False))
    assert sum(is_bad_news(row.subject.text) for row in sober) >= 0.7 * len(sober)
    assert sum(is_bad_news(row.subject.text) for row in others) <= 0.12 * len(others)
    passed = [not check(row.subject.text, row.post, row.words) for row in rows]
    assert sum(passed) >= 0.6 * len(rows)
    assert not any(is_foreign(row.subject.text) for row in rows)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The Harbour Street Library reopens on Saturday, 14 March, says Ann Reed.", "Harbour Street Library"),
        ("Dear all,\nFernleaf 3.2 is out of the door. It syncs notes.\nHelena", "Fernleaf 3.2"),
        ("PRESS RELEASE\n\nIn Leeds, Whitcombe & Daughters is opening a second shop.", "Whitcombe & Daughters"),
        ("please note that it is raining on Monday.", ""),
        ("OFFICIAL WARNING. Lake Orrin must not be entered until 3 May.", "Lake Orrin"),
        ("Three are safe after the fire, says Mrs Patel. The Orrin Barge is not.", "Orrin Barge"),
        ("The Nordwind Kettle with the number B4471 is recalled.", "Nordwind Kettle"),
    ],
)
def test_the_name_that_a_text_is_about(text: str, name: str) -> None:
    assert ([each.text for each in main_names(text)] or [""])[0] == name


def test_a_name_in_a_hashtag_is_told() -> None:
    """Else one in twelve posts of the demo about the page's own example would be put away."""
    text = "The Harbour Street Library reopens on Saturday, 14 March."
    assert check(text, "It reopens on 14 March. #HarbourStreetLibrary", 25) == ()


def test_no_example_of_the_page_is_taken_for_bad_news() -> None:
    examples = json.loads((CHECK.parent / "examples.json").read_text(encoding="utf-8"))
    assert [each["title"] for each in examples if is_bad_news(each["text"])] == []
