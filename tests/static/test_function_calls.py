"""What the page sends to a FunctionGemma, and what `onpage tune` teaches it, are what its chat template makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from builder.model import function_calls
from tests.static.node import evaluate

TEMPLATE = Path(__file__).with_name("function_gemma.jinja").read_text(encoding="utf-8")
DOCUMENTED = (
    "<bos><start_of_turn>developer\nYou are a model that can do function calling with the following functions"
    "<start_function_declaration>declaration:get_current_weather{description:<escape>Gets the current weather in a given location."
    '<escape>,parameters:{properties:{location:{description:<escape>The city and state, e.g. "San Francisco, CA" or "Tokyo, JP"'
    "<escape>,type:<escape>STRING<escape>},unit:{description:<escape>The unit to return the temperature in.<escape>,"
    "enum:[<escape>celsius<escape>,<escape>fahrenheit<escape>],type:<escape>STRING<escape>}},required:[<escape>location<escape>],"
    "type:<escape>OBJECT<escape>}}<end_function_declaration><end_of_turn>\n"
    "<start_of_turn>user\nHey, what's the weather in Tokyo right now?<end_of_turn>\n"
    "<start_of_turn>model\n<start_function_call>call:get_current_weather{location:<escape>Tokyo, Japan<escape>}<end_function_call>"
    "<start_function_response>response:get_current_weather{temperature:15,weather:<escape>sunny<escape>}<end_function_response>"
)
"""The example of FunctionGemma's documentation, to the place where the model gives its last answer."""

WEATHER = {
    "name": "get_current_weather",
    "description": "Gets the current weather in a given location.",
    "parameters": {
        "type": "object",
        "properties": {
            "location": {
                "type": "string",
                "description": 'The city and state, e.g. "San Francisco, CA" or "Tokyo, JP"',
            },
            "unit": {
                "type": "string",
                "description": "The unit to return the temperature in.",
                "enum": ["celsius", "fahrenheit"],
            },
        },
        "required": ["location"],
    },
}
NESTED = {
    "name": "plan",
    "description": "Plans {a trip}: \"here\", 'there'",
    "parameters": {
        "type": "object",
        "properties": {
            "Zeal": {"type": "number"},
            "days": {"type": "array", "description": "Which", "items": {"type": "string"}},
            "at": {
                "type": "object",
                "properties": {"y": {"type": "integer"}, "x": {"type": "integer"}},
                "required": ["x"],
            },
            "sure": {"type": "boolean"},
        },
    },
}
NOTHING = {"name": "now", "description": "Tells the time.", "parameters": {"type": "object", "properties": {}}}
ASK = "Hey, what's the weather in Tokyo right now?"
TOKYO = {"name": "get_current_weather", "arguments": {"location": "Tokyo, Japan"}}
SUNNY = {"temperature": 15, "weather": "sunny"}
TURNS: list[dict[str, Any]] = [
    {"question": ASK, "steps": [{"text": "", "calls": [TOKYO | {"result": SUNNY}]}], "answer": ""}
]
BUSY: list[dict[str, Any]] = [
    {
        "question": "Plan it, and tell the time.",
        "steps": [
            {
                "text": "Let me see.",
                "calls": [
                    {
                        "name": "plan",
                        "arguments": {"Zeal": 0.5, "at": {"y": -2, "x": 1}, "days": ["Mo", "}{"], "sure": True},
                        "result": {"done": False, "list": [1, 2.5, {"a": "b"}]},
                    },
                    {"name": "now", "arguments": {}, "result": {"error": "The clock <is> slow."}},
                ],
            },
            {"text": "", "calls": [{"name": "now", "arguments": {}, "result": {"time": "12:00"}}]},
        ],
        "answer": "It is noon.",
    },
    {"question": "Thanks.", "steps": [], "answer": ""},
]

PAGE = """
import { readFileSync } from "node:fs";
import { promptOf } from "./static/engine/messages.js";
import { functionGemma } from "./static/tasks/functions/formats/function_gemma.js";
const { cases, template } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ tools, turns }) => promptOf(functionGemma.messages(tools, turns), template))));
"""
TEMPLATE_IN_THE_PAGE = {
    "prefix": "<start_of_turn>user\n",
    "suffix": "<end_of_turn>\n<start_of_turn>model\n",
    "system": {"prefix": "<start_of_turn>developer\n", "suffix": "<end_of_turn>\n"},
}
CASES = [
    ([WEATHER], TURNS),
    ([WEATHER, NESTED, NOTHING], BUSY),
    ([NOTHING], [{"question": "Hi", "steps": [], "answer": ""}]),
]


def rendered(tools: list[dict[str, Any]], turns: list[dict[str, Any]]) -> str:
    """By the chat template."""
    messages: list[dict[str, Any]] = [{"role": "developer", "content": function_calls.TRIGGER, "tool_calls": []}]
    for turn in turns:
        messages.append({"role": "user", "content": turn["question"], "tool_calls": []})
        for step in turn["steps"]:
            results = [{"name": call["name"], "response": call["result"]} for call in step["calls"]]
            messages.append({"role": "assistant", "content": step["text"], "tool_calls": step["calls"]})
            messages.append({"role": "tool", "content": results})
        if turn["answer"]:
            messages.append({"role": "assistant", "content": turn["answer"], "tool_calls": []})
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    return environment.from_string(TEMPLATE).render(
        messages=messages, tools=tools, bos_token="<bos>", add_generation_prompt=True
    )


@pytest.fixture(scope="module")
def sent() -> list[str]:
    """What the page makes of each case."""
    cases = [{"tools": tools, "turns": turns} for tools, turns in CASES]
    return list(evaluate(PAGE, json.dumps({"cases": cases, "template": TEMPLATE_IN_THE_PAGE})))


def test_the_template_makes_what_the_documentation_shows() -> None:
    assert rendered([WEATHER], TURNS) == DOCUMENTED


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_page_sends_what_the_template_makes(sent: list[str], number: int) -> None:
    assert f"<bos>{sent[number]}" == rendered(*CASES[number])


@pytest.mark.parametrize(("tools", "turns"), CASES)
def test_the_tuning_has_the_same_declarations_calls_and_responses(
    tools: list[dict[str, Any]], turns: list[dict[str, Any]]
) -> None:
    whole = rendered(tools, turns)
    assert "".join(map(function_calls.declaration, tools)) in whole
    for calls in (step["calls"] for turn in turns for step in turn["steps"]):
        made = [function_calls.call(call["name"], call["arguments"]) for call in calls]
        came = [function_calls.response(call["name"], call["result"]) for call in calls]
        assert "".join([*made, *came]) in whole
