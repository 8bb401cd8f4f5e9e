"""Reading examples: every shape that people have them in, and every way in which a line is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.errors import DataError
from builder.tune.data import Call, Message, conversation_of, read_conversations

USER, MODEL = Message("user", "Hi"), Message("model", "Ho")
PAIR = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]


CALLING = {
    "role": "assistant",
    "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}],
}
RESULT = {"role": "tool", "name": "f", "content": '{"b": 2}'}


@pytest.mark.parametrize(
    ("entry", "messages"),
    [
        ({"messages": PAIR}, (USER, MODEL)),
        ({"prompt": "Hi", "completion": "Ho"}, (USER, MODEL)),
        ({"prompt": PAIR[:1], "completion": PAIR[1:], "more": 1}, (USER, MODEL)),
        ({"messages": [{"role": "system", "content": "Be kind"}, *PAIR, *PAIR]}, (Message("system", "Be kind"), *[USER, MODEL] * 2)),
        ({"messages": [PAIR[0], {"role": "model", "content": "Ho"}]}, (USER, MODEL)),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]}, PAIR[1]]}, (USER, MODEL)),
    ],
)  # fmt: skip
def test_an_example_is_read(entry: object, messages: tuple[Message, ...]) -> None:
    assert conversation_of(json.dumps(entry), "here").messages == messages


def test_calls_results_and_tools_are_read() -> None:
    entry = {
        "messages": [
            PAIR[0],
            CALLING,
            RESULT,
            {"role": "tool", "content": {"name": "g", "response": [1]}},
            PAIR[1],
            *PAIR,
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}, {"name": "g"}],
    }
    read = conversation_of(json.dumps(entry), "here")
    results = (Call("f", {"b": 2}), Call("g", [1]))
    assert read.messages == (
        USER,
        Message("model", "", (Call("f", {"a": 1}),)),
        Message("tool", "", results),
        MODEL,
        USER,
        MODEL,
    )
    assert [tool["name"] for tool in read.tools] == ["f", "g"]
    text = {"role": "assistant", "content": "Look.", "tool_calls": [{"name": "f", "arguments": '{"a": 1}'}]}
    last = conversation_of(json.dumps({"messages": [PAIR[0], text]}), "here").messages[-1]
    assert last == Message("model", "Look.", (Call("f", {"a": 1}),))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "here is not valid JSON"),
        ("[" * 100_000, "here is not valid JSON"),
        ("[]", "here is no object"),
        ("{}", "here has nothing"),
        ('{"text": "a"}', "here has 'text'"),
        ('{"messages": "a"}', "expected a list"),
        ('{"messages": [1]}', "is not a message"),
        ('{"messages": []}', "the roles are none"),
        ('{"messages": [{"role": "tool", "content": "a"}]}', "is not a result"),
        ('{"messages": [{"role": "tool", "name": "<escape>", "content": "a"}]}', "is not a result"),
        (
            json.dumps({"messages": [PAIR[0], {"role": "assistant", "tool_calls": [{"name": "f", "arguments": [1]}]}]}),
            "is not a call",
        ),
        (json.dumps({"messages": PAIR, "tools": [{"name": "two words"}]}), "is not a tool"),
        (json.dumps({"messages": [*PAIR, {"role": "tool", "name": "f", "content": "1"}, PAIR[1]]}), "by turns"),
        (json.dumps({"messages": [PAIR[0], CALLING, PAIR[1]]}), "only between a call and what is said"),
        (json.dumps({"messages": [PAIR[0], CALLING, RESULT]}), "the assistant last"),
        ('{"messages": [{"role": ["user"], "content": "a"}]}', "is not a message"),
        ('{"messages": [{"role": "user", "content": 1}]}', "the content of user is 1"),
        ('{"messages": [{"role": "user", "content": [{"type": "image"}]}]}', "expected a text"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "the roles are user: expected"),
        ('{"prompt": "a", "completion": " "}', "an answer is empty"),
        ('{"prompt": "a", "completion": null}', "expected a list"),
        (json.dumps({"messages": [*PAIR, {"role": "system", "content": "late"}]}), "by turns"),
    ],
)
def test_what_is_no_example_is_named_with_its_place(line: str, sentence: str) -> None:
    with pytest.raises(DataError) as error:
        conversation_of(line, "here")
    assert str(error.value).startswith("here") and sentence in str(error.value)


def test_files_and_folders_are_read_and_a_bad_line_is_counted(tmp_path: Path) -> None:
    good = json.dumps({"messages": PAIR})
    (tmp_path / "b.jsonl").write_text(f"\ufeff{good}\n\n{good}", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(f"{good}\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    places = [each.place for each in read_conversations(tmp_path)]
    assert places == [
        f"{tmp_path / 'a.jsonl'}, line 1",
        f"{tmp_path / 'b.jsonl'}, line 1",
        f"{tmp_path / 'b.jsonl'}, line 3",
    ]
    (tmp_path / "b.jsonl").write_text(f"{good}\n\n\nnothing\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"b\.jsonl, line 4 is not valid JSON"):
        read_conversations(tmp_path)


@pytest.mark.parametrize(("content", "sentence"), [(b"\n \n", "no example"), (b"\xff\xfe", "not UTF-8")])
def test_a_file_without_examples_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_conversations(tmp_path / "a.jsonl")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_conversations(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match=r"contains no \.jsonl file"):
        read_conversations(tmp_path)
