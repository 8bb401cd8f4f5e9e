"""The scorer, on posts made by hand: good ones have no fault, and each fault is found where it is and named."""

from __future__ import annotations

import pytest

from builder.demo.figures import changed_figures
from builder.demo.score import Subject, commonest_opening, on_subject, score

OPENING = Subject(
    "The Harbour Street Library reopens on Saturday, 14 March after eight months. It has 1,120 seats, and entry costs €3 "
    "from 7 pm.",
    sober=False,
    names=("Harbour Street Library",),
    facts=("14 March", "1,120"),
    subjects=("books",),
)
DEATH = Subject(
    "Our founder Margit Ostrander died on Tuesday, she was 81. The shop stays closed until Monday 9 June.",
    sober=True,
    names=("Margit Ostrander",),
    facts=("81", "9 June"),
    subjects=("inmemory",),
)
GOOD = (
    (OPENING, "Hello neighbours! The Harbour Street Library reopens on Saturday, 14 March. 📚 #Library #Books"),
    (OPENING, "After 8 months, Harbour Street Library opens again with 1,120 seats on March 14th. #HarbourStreet"),
    (OPENING, "Harbour Street Library: Saturday 14 March, entry €3 from 7pm. Come and see it! #Library"),
    (DEATH, "It is with sadness that we say goodbye to Margit Ostrander, who died at 81. #InMemory"),
    (
        DEATH,
        "Margit Ostrander died on Tuesday. The shop is closed until 9 June. Please keep her in mind. #MargitOstrander",
    ),
)
BAD = (
    (DEATH, "Great news! Margit Ostrander died at 81. #InMemory", "cheer"),
    (DEATH, "Margit Ostrander died at 81. 🎉 #InMemory", "cheer"),
    (DEATH, "Hi everyone! Margit Ostrander died at 81. #InMemory", "cheer"),
    (DEATH, "We are pleased to announce: Margit Ostrander died at 81. #InMemory", "cheer"),
    (OPENING, "The Harbour Street Library reopens on 14 March with. #Library", "cut"),
    (OPENING, "The Harbour Street Library reopens on 14 March and the reading room has #Library", "cut"),
    (OPENING, 'The Harbour Street Library reopens on 14 March, "at last. #Library', "cut"),
    (OPENING, "#Library", "cut"),
    (
        OPENING,
        "Harbour Street Library reopens on 14 March. Harbour Street Library reopens 14 March! #Library",
        "repeated",
    ),
    (OPENING, "On 14 March the Harbour Street Library is at the Harbour Street Library. #Library", "repeated"),
    (OPENING, "The Harbour Street Library reopens on 14 March, from 14 March. #Library", "repeated"),
    (OPENING, "The Harbour Street Library reopens on 14 March with seats seats seats. #Library", "repeated"),
    (OPENING, "The Harbour Street Library reopens on 14 March with Rubmmmmmmmm. #Library", "repeated"),
    (OPENING, "The Harbour Street Library reopens on 15 March. #Library", "changed"),
    (OPENING, "The Harbour Street Library reopens on 14 May. #Library", "changed"),
    (OPENING, "The Harbour Street Library reopens on Sunday, 14 March. #Library", "changed"),
    (OPENING, "Harbour Street Library, 14 March, $3. #Library", "changed"),
    (OPENING, "Harbour Street Library, 14 March, 7 am. #Library", "changed"),
    (OPENING, "Harbour Street Library opens on 14 March with nine floors. #Library", "changed"),
    (OPENING, "Harbour Street Library opens on 14 March, says Petra Lindholm. #Library", "changed"),
    (OPENING, "Harbuor Street Library, the Harbour Street Library, opens on 14 March. #Library", "changed"),
    (OPENING, "The library reopens on 14 March. #Library", "lost_name"),
    (OPENING, "The Harbour Street Library reopens soon. #Library", "lost_fact"),
    (OPENING, "The Harbour Street Library reopens on 14 March. #Football", "tags"),
    (OPENING, "The Harbour Street Library reopens on 14 March.", "tags"),
    (OPENING, "The Harbour Street Library reopens on 14 March. #Library #Books #March #Seats", "tags"),
    (OPENING, f"The Harbour Street Library reopens on 14 March{' so' * 30}. #Library", "long"),
)


@pytest.mark.parametrize(("subject", "post"), GOOD)
def test_a_good_post_is_publishable(subject: Subject, post: str) -> None:
    assert score(subject, post, 25).faults == ()
    assert score(subject, post, 25).publishable


@pytest.mark.parametrize(("subject", "post", "fault"), BAD)
def test_a_fault_is_found_and_named(subject: Subject, post: str, fault: str) -> None:
    assert fault in score(subject, post, 25).faults


def test_what_the_text_says_twice_may_be_said_twice() -> None:
    hours = Subject(
        "Ardley Baths open Mon 9 am to 5 pm, Sat 9 am to 5 pm. Ha ha ha!", False, ("Ardley Baths",), ("9 am",)
    )
    post = "Ardley Baths open Mon 9 am to 5 pm, Sat 9 am to 5 pm. Ha ha ha! #ArdleyBaths"
    assert score(hours, post, 25).publishable
    assert score(
        OPENING, "Yesss, hip hip hooray: the Harbour Street Library is open on 14 March! #Library", 25
    ).publishable


def test_cheer_is_no_fault_where_the_news_is_good() -> None:
    assert score(OPENING, "Great news! Harbour Street Library opens on 14 March! 🎉 #Library", 25).publishable


def test_a_warning_may_have_its_exclamation_mark() -> None:
    flood = Subject("Flood in Ardley by 6 pm.", True, ("Ardley",), ("6 pm",))
    assert score(flood, "Flood in Ardley by 6 pm. Please do not drive there! #Ardley", 25).publishable


def test_what_the_model_did_not_end_is_cut() -> None:
    assert score(OPENING, GOOD[0][1], 25, ended=False).faults == ("cut",)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Thurs 16 Jan", "Thursday, 16 January"),
        ("on 4 Nov from 2 to 5", "on November 4th, 2–5"),
        ("three of 1,400", "3 of 1400"),
        ("opens 18:00", "opens at 18"),
        ("18 percent", "18%"),
        ("600 pounds", "£600"),
        ("2 to 7 June", "2–7 June"),
        ("It costs 14.50", "It costs 14.5"),
        ("closed", "It may rain, and we sat in the sun"),
    ],
)
def test_a_figure_written_otherwise_is_not_changed(text: str, body: str) -> None:
    assert list(changed_figures(text, body)) == []


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("Library", True),
        ("HarbourStreetLibrary", True),
        ("Libraries", True),
        ("Books", True),
        ("ReopeningSoon", True),
        ("Travel", False),
        ("GoodFood", False),
    ],
)
def test_a_hashtag_is_of_the_subject(tag: str, fits: bool) -> None:
    assert on_subject(tag, OPENING) is fits


def test_the_commonest_opening() -> None:
    assert commonest_opening(["Good news! A", "Good news: b", "C d e", "E f"]) == ("good news", 0.5)
    assert commonest_opening([]) == ("", 0.0)
