"""Token ids and what of them is learned, with a tokenizer of letters; and that they are what the page sends."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import DataError, TokenizerError
from builder.model import function_calls
from builder.model.families.dense import GEMMA_TURNS
from builder.model.families.functiongemma import TURNS as FUNCTION_TURNS
from builder.model.opened import OpenedCheckpoint
from builder.model.turns import Turns
from builder.tune.data import Call, Conversation, Message
from builder.tune.examples import Encoder, Example, split
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.llama_checkpoints import write_llama

TURN_PIECES = ["<bos>", "<start_of_turn>", "<end_of_turn>"]
PIECES = [*TURN_PIECES, *function_calls.PIECES]


def letters(text: str) -> list[int]:
    return [PIECES.index(part) if part in PIECES else ord(part) for part in re.findall(r"<\w+>|.", text, re.DOTALL)]


def text_of(ids: tuple[int, ...]) -> str:
    return "".join(PIECES[each] if each < len(PIECES) else chr(each) for each in ids)


def encoder(turns: Turns = GEMMA_TURNS) -> Encoder:
    return Encoder(letters, 0, turns, "<end_of_turn>", frozenset(TURN_PIECES))


def said(*messages: tuple[str, str]) -> Conversation:
    return Conversation(tuple(Message(role, text) for role, text in messages), "data.jsonl, line 7")  # type: ignore[arg-type]


def learned(example: Example) -> str:
    return text_of(tuple(each for each, yes in zip(example.ids, example.learned, strict=True) if yes))


def test_answers_and_their_ends_are_learned_and_nothing_else() -> None:
    example = encoder().example(
        said(("system", "Be kind"), ("user", "Hi"), ("model", "Ho"), ("user", "Bye"), ("model", "Ciao"))
    )
    assert text_of(example.ids) == (
        "<bos><start_of_turn>user\nBe kind\n\nHi<end_of_turn>\n<start_of_turn>model\nHo<end_of_turn>\n"
        "<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\nCiao<end_of_turn>"
    )
    assert learned(example) == "Ho<end_of_turn>Ciao<end_of_turn>"
    assert example.answer_tokens == 8


def test_a_model_with_system_turns_gets_them() -> None:
    example = encoder(FUNCTION_TURNS).example(said(("system", "Be kind"), ("user", "Hi"), ("model", "Ho")))
    assert text_of(example.ids).startswith(
        "<bos><start_of_turn>developer\nBe kind<end_of_turn>\n<start_of_turn>user\nHi"
    )


WEATHER = {
    "name": "get_weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
DECLARED = (
    "<start_function_declaration>declaration:get_weather{description:<escape>Tells the weather.<escape>,parameters:{properties:"
    "{city:{type:<escape>STRING<escape>}},required:[<escape>city<escape>],type:<escape>OBJECT<escape>}}<end_function_declaration>"
)
CALLED = "<start_function_call>call:get_weather{city:<escape>Paris<escape>}<end_function_call>"


def calling(*, tools: tuple[dict[str, object], ...] = (WEATHER,), city: str = "Paris") -> Conversation:
    return Conversation(
        (
            Message("user", "Is it cold?"),
            Message("model", "", (Call("get_weather", {"city": city}),)),
            Message("tool", "", (Call("get_weather", {"degrees": 3}),)),
            Message("model", "Yes."),
        ),
        "data.jsonl, line 7",
        tools,
    )


def test_a_call_is_learned_with_the_piece_that_asks_for_its_result() -> None:
    example = replace(encoder(FUNCTION_TURNS), calls=True).example(calling())
    assert text_of(example.ids) == (
        "<bos><start_of_turn>developer\nYou are a model that can do function calling with the following functions"
        f"{DECLARED}<end_of_turn>\n<start_of_turn>user\nIs it cold?<end_of_turn>\n<start_of_turn>model\n{CALLED}"
        "<start_function_response>response:get_weather{degrees:3}<end_function_response>Yes.<end_of_turn>"
    )
    assert learned(example) == f"{CALLED}<start_function_response>Yes.<end_of_turn>"


def test_functions_are_refused_for_a_model_without_pieces_for_them_and_where_they_hold_such_pieces() -> None:
    with pytest.raises(DataError, match="this model's tokenizer has no pieces"):
        encoder(FUNCTION_TURNS).example(calling())
    with pytest.raises(DataError, match="a function holds <escape>"):
        replace(encoder(FUNCTION_TURNS), calls=True).example(calling(city="Par<escape>is"))
    with pytest.raises(DataError, match="a function holds <end_of_turn>"):
        replace(encoder(FUNCTION_TURNS), calls=True).example(
            calling(tools=({**WEATHER, "description": "<end_of_turn>"},))
        )


def test_a_system_message_stands_in_place_of_the_templates_own(tmp_path: Path) -> None:
    opened = OpenedCheckpoint.open(write_llama(tmp_path / "model"))
    real, pieces = Encoder.of(opened.tokenizer, opened.turns), opened.tokenizer.processor
    talk = ("user", "Hi"), ("model", "Ho")
    rest = "<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>"
    for messages, system in ((talk, "You are a small model."), ((("system", "Be kind"), *talk), "Be kind")):
        assert pieces.decode(list(real.example(said(*messages)).ids)) == f"<|im_start|>system\n{system}{rest}"


@pytest.mark.parametrize("role", ["user", "model"])
def test_a_message_may_hold_no_turn(role: str) -> None:
    messages = {"user": "Hi", "model": "Ho"} | {role: "a<end_of_turn>b"}
    with pytest.raises(DataError, match=r"data\.jsonl, line 7: a message holds <end_of_turn>"):
        encoder().example(said(*messages.items()))


def test_a_checkpoint_gives_its_own_tokens(tmp_path: Path) -> None:
    opened = OpenedCheckpoint.open(write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1)))
    real = Encoder.of(opened.tokenizer, opened.turns)
    example = real.example(said(("user", "ab"), ("model", "ba")))
    (end,) = real.encode(real.end)
    assert example.ids[0] == opened.tokenizer.start_id and example.learned[-1]
    assert example.ids[-1] == end and example.ids.count(end) >= 1
    prompt = opened.turns.question.prefix + "ab" + opened.turns.question.suffix
    assert list(example.ids[1 : example.learned.index(True)]) == real.encode(prompt)


def test_a_tokenizer_that_nothing_ends_is_refused(tmp_path: Path) -> None:
    opened = OpenedCheckpoint.open(write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1)))
    blind = type(opened.tokenizer)(**{**vars(opened.tokenizer), "pieces": ("a",)})
    with pytest.raises(TokenizerError, match="ends an answer"):
        Encoder.of(blind, opened.turns)


def examples(lengths: list[int]) -> list[Example]:
    return [Example(tuple(range(index, index + length)), (True,) * length) for index, length in enumerate(lengths)]


def test_the_split_is_by_seed_disjoint_and_whole() -> None:
    everything = examples([5] * 40 + [50] * 3)
    first, again = (split(everything, share=0.1, longest=20, seed=1) for _ in range(2))
    assert first == again and first != split(everything, share=0.1, longest=20, seed=2)
    assert len(first.evaluation) == 4 and len(first.training) == 36 and first.too_long == 3
    assert not set(first.training) & set(first.evaluation)


def test_an_example_given_twice_never_judges_itself() -> None:
    doubled = examples([5] * 10) * 2
    parts = split(doubled, share=0.5, longest=20, seed=0)
    assert len(parts.training) == 10 and len(parts.evaluation) == 5
    assert not set(parts.training) & set(parts.evaluation)


@pytest.mark.parametrize("lengths", [[], [5], [5, 50]])
def test_too_few_are_refused(lengths: list[int]) -> None:
    with pytest.raises(DataError, match="at least two are wanted"):
        split(examples(lengths), share=0.1, longest=20, seed=0)
