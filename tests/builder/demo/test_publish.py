"""The report on posts, without a model but for two posts of the demo's."""

from __future__ import annotations

import json

import pytest

from builder.demo.blind import blind_texts
from builder.demo.check import DRAW_TEMPERATURE, LIKELIEST_TEMPERATURE
from builder.demo.evaluate import Sampling
from builder.demo.publish import LABELS, MEASURES, PostsReport, Trial, drawn, evaluate_posts, judge, trials
from builder.demo.score import Subject
from builder.demo.words import is_held_out
from webapp.paths import DEMO_MODEL

SAD = Subject("Margit Ostrander died at 81.", True, ("Margit Ostrander",), ("81",))
GLAD = Subject("Velmora Library opens on 14 March.", False, ("Velmora Library",), ("14 March",))


def report() -> PostsReport:
    sad, glad = Trial("blind", SAD, "prose", "friendly", 25), Trial("generated", GLAD, "list", "friendly", 50)
    return PostsReport(
        "some.task",
        (
            judge(sad, "Margit Ostrander died at 81. #MargitOstrander", True),
            judge(sad, "Great news! Margit Ostrander died at 81. #MargitOstrander", True),
            judge(glad, "Great news! Velmora Library opens on 14 March! #Library", True),
            judge(glad, "Velmora Library opens on 15 March. #Library", True),
        ),
    )


def test_shares_are_of_what_a_measure_applies_to() -> None:
    made = report()
    assert made.share("no cheer", "blind", 25) == 0.5
    assert made.share("no cheer", "generated", 50) is None
    assert made.share("kept", "generated", 50) == made.share("unchanged", "generated", 50) == 0.5
    assert made.share("publishable", "blind", 25) == 0.5
    assert made.share("kept", "blind", 50) is None
    assert set(LABELS) == set(MEASURES)


def test_misses_are_said_and_the_rest_is_data() -> None:
    made = report()
    assert [failure.split(":")[0] for failure in made.failures] == [
        "generated, 50 words, kept",
        "generated, 50 words, unchanged",
        "generated, 50 words, publishable",
        "blind, 25 words, no cheer",
        "blind, 25 words, publishable",
    ]
    table = made.table()
    assert "blind 25" in table and "generated 50" in table and "below the bar" in table
    loaded = json.loads(json.dumps(made.to_json()))
    assert loaded["posts"][1]["faults"] == ["cheer"] and loaded["faults"]["changed"] == 1
    assert loaded["commonest_opening"] == {"words": "great news", "share": 0.5}


def test_trials_are_the_same_each_time_at_both_lengths_with_held_out_names() -> None:
    made = trials(10)
    assert made == trials(10)
    assert len(made) == 2 * (10 + len(blind_texts()))
    assert {trial.words for trial in made} == {25, 50}
    assert all(is_held_out(trial.subject.names[0]) for trial in made if trial.source == "generated")
    assert len(trials(3, blind=0)) == 6
    fewer, more = ({trial.subject.text for trial in trials(0, blind=number)} for number in (5, 20))
    assert len(fewer) == 5 and fewer < more and len(more) == 20


@pytest.mark.parametrize("generated", [1])
def test_a_model_is_asked(generated: int) -> None:
    made = evaluate_posts(DEMO_MODEL, generated=generated, blind=0)
    assert len(made.posts) == 2 and all(one.post for one in made.posts)


ASKED = (Trial("blind", SAD, "prose", "friendly", 25), Trial("generated", GLAD, "list", "friendly", 50))
GOOD = ("Margit Ostrander died at 81. #MargitOstrander", "Velmora Library opens on 14 March. #Library")


def test_what_the_check_finds_fault_with_is_drawn_again_and_the_best_is_kept() -> None:
    answers = {
        (0, 0): "Hooray, Margit Ostrander died at 81. #MargitOstrander",
        (1, 0): GOOD[0],
        (0, 1): "Velmora Library opens on 15 March. #Library",
        (1, 1): "Velmora Library opens. #Library",
        (2, 1): "Velmora Library opens in May #VelmoraLibrary",
    }
    asked: list[tuple[int, float, list[str]]] = []

    def write(prompts: list[str], begun: list[str], sampling: Sampling | None, draw: int) -> list[tuple[str, bool]]:
        assert sampling
        asked.append((draw, sampling.temperature, begun))
        places = [next(i for i, trial in enumerate(ASKED) if trial.prompt == prompt) for prompt in prompts]
        return [(answers[draw, place], True) for place in places]

    sad, glad = drawn(write, ASKED, Sampling(0.3, 8), 3, demo=True)
    assert asked == [
        (0, 0.3, ["", ""]),
        (1, 0.3, ["Velmora Library"]),
        (1, DRAW_TEMPERATURE, [""]),
        (2, DRAW_TEMPERATURE, [""]),
    ]
    assert sad.post == GOOD[0] and sad.findings == () and sad.score.publishable
    assert glad.post == "Velmora Library opens. #Library" and [each.rule for each in glad.findings] == ["lost_fact"]
    assert glad.drafts == tuple(answers[draw, 1] for draw in range(3))
    made = PostsReport("some.task", (sad, glad)).to_json()
    assert made["draws"] == 2.5 and made["posts"][1]["findings"] == {"lost_fact": ["14 March"]}
    asked.clear()
    answers[2, 1] = answers[0, 1]
    answers[3, 1] = GOOD[1]
    _, glad = drawn(write, ASKED, Sampling(0.3, 8), 3, demo=True)
    assert asked[-1] == (3, LIKELIEST_TEMPERATURE, [""]) and glad.post == GOOD[1], (
        "in place of one that is there already"
    )
    answers[2, 1] = "Velmora Library opens in May #VelmoraLibrary"
    asked.clear()
    drawn(write, ASKED, Sampling(0.3, 8), 3)
    assert [begun for _, _, begun in asked] == [["", ""], ["", ""], ["Velmora Library"]], (
        "others tell the name at the third draw"
    )


def test_what_the_model_did_not_end_is_drawn_again_and_taken_only_where_there_is_nothing_else() -> None:
    draws = []
    answers = [("Velmora Library opens on 15 March and", False), ("Velmora Library opens on 14 March. #Library", True)]

    def write(prompts: list[str], begun: list[str], sampling: Sampling | None, draw: int) -> list[tuple[str, bool]]:
        draws.append(draw)
        return [answers[min(draw, last)] for _ in prompts]

    last = 0
    (alone,) = drawn(write, ASKED[1:], None, 1)
    (left,) = drawn(write, ASKED[1:], Sampling(0.3, 8), 3)
    assert draws == [0, 0, 1, 2, 3] and alone.post == left.post and "cut" in left.score.faults
    last = 1
    (better,) = drawn(write, ASKED[1:], Sampling(0.3, 8), 3)
    assert better.post == answers[1][0] and better.score.publishable and len(better.drafts) == 2
