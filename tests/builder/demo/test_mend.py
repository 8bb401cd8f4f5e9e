"""What is put right in a post by leaving out."""

from __future__ import annotations

import pytest

from builder.demo.mend import assembled, mended

LIBRARY = "The Harbour Street Library reopens on 14 March. Entry is free."
RECALL = "Nordwind recalls its KX2 kettle: the handle can break. Stop using it. Shops refund €39."


@pytest.mark.parametrize(
    ("text", "post", "limit", "better"),
    [
        (
            LIBRARY,
            "The Harbour Street Library is back. Read, borrow, stay. See you on 14 March! #Library",
            13,
            "The Harbour Street Library is back. See you on 14 March! #Library",
        ),
        (
            LIBRARY,
            "The Harbour Street Library reopens on 14 March. Entry costs €5. #Library",
            25,
            "The Harbour Street Library reopens on 14 March. #Library",
        ),
        (
            LIBRARY,
            "The Harbour Street Library reopens on 14 March. Entry is free and #Library #Gardening",
            25,
            "The Harbour Street Library reopens on 14 March. #Library",
        ),
        (
            LIBRARY,
            "The Harbour Street Library reopens on 14 March. #Gardening",
            25,
            "The Harbour Street Library reopens on 14 March. #HarbourStreetLibrary",
        ),
        (
            RECALL,
            "The Nordwind KX2 kettle is recalled! 🎉 Shops refund €39. #Nordwind",
            25,
            "The Nordwind KX2 kettle is recalled. Shops refund €39. #Nordwind",
        ),
        (
            RECALL,
            "Our Nordwind KX2 kettle! You get €39. #Nordwind",
            25,
            "Our Nordwind KX2 kettle. You get €39. #Nordwind",
        ),
    ],
    ids=[
        "too long: not the sentence with the date",
        "a sum changed",
        "cut, and a tag",
        "a tag of the name",
        "emoji",
        "!",
    ],
)
def test_what_is_wrong_is_left_out(text: str, post: str, limit: int, better: str) -> None:
    assert mended(text, post, limit) == better


@pytest.mark.parametrize(
    "post",
    [
        "The Harbour Street Library reopens on 14 March! 🎉 #Library",
        "The Harbour Street Library reopens in May, so we #Library",
        "Die Bibliothek ist ab dem 3. Mai wieder für alle da, und es gibt auch Kaffee.",
        "",
    ],
    ids=["nothing wrong", "one sentence, and that is wrong", "another language", "nothing"],
)
def test_nothing_else_is_touched(post: str) -> None:
    assert mended(LIBRARY, post, 25) == post


def test_one_too_long_sentence_stays() -> None:
    post = "The Harbour Street Library reopens on Saturday, 14 March #Library"
    assert mended(LIBRARY, post, 5) == post


CHOIR = "The Northfield Choir sings in the old tram depot on Friday, 22 May. Tickets cost 12 euros."


SEVERAL = (
    (
        ["The choir sings in the old depot. #Choir", "The Northfield Choir sings on 22 May. #Choir"],
        "The Northfield Choir sings on 22 May. #Choir",
    ),
    (
        [
            "Come along! The Northfield Choir sings. #Choir",
            "On 22 May there is music, and. Tickets from 22 May. #Choir",
        ],
        "Tickets from 22 May. #NorthfieldChoir",
    ),
    (
        ["The Northfield Choir sings. #Choir", "The Northfield Choir sings on 23 May. #Choir"],
        "The Northfield Choir sings. #Choir",
    ),
)


@pytest.mark.parametrize(
    ("drafts", "best"), SEVERAL, ids=["one is good", "the name in a hashtag", "nothing that is wrong"]
)
def test_what_one_draw_leaves_out_is_taken_from_another(drafts: list[str], best: str) -> None:
    assert assembled(CHOIR, drafts, 25) == best
