"""Renders a chat template on some conversations: a program of its own, run by `chat_template` in a child process.

A template is a program of whoever published the checkpoint. It runs in jinja2's sandbox, which keeps it from Python; whoever runs
this gives it little memory and little time, which keeps it from the machine. Reads {"template", "names", "conversations"} as JSON
from stdin; writes a list with one {"text"} or {"error"} for each conversation as JSON to stdout.
Imports nothing of ours: the file is run by its path.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_TEXT = 64 << 10
"""Characters of a rendered conversation; one of two short messages has a few hundred."""

DAY = date(2024, 7, 26)
"""Today, for templates that ask: always the same, so that the same checkpoint gives the same file. It is what Llama 3.2's own template
says where nobody tells it the day."""


class Generation(Extension):
    """`{% generation %}`, with which transformers marks what the model says: its content as it is."""

    tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """The statements inside."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def environment() -> ImmutableSandboxedEnvironment:
    """As transformers makes it."""
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    made.filters["tojson"] = to_json
    made.globals["raise_exception"] = refuse
    made.globals["strftime_now"] = DAY.strftime
    return made


def to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **_: Any) -> str:
    """As transformers has it: nothing is escaped for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def refuse(message: object) -> None:
    """What a template calls to refuse a conversation."""
    raise jinja2.TemplateError(str(message)[:200])


def rendered(template: jinja2.Template, values: dict[str, Any]) -> dict[str, str]:
    """The text, or why there is none."""
    text = ""
    try:
        for piece in template.generate(values):
            text += piece
            if len(text) > MAX_TEXT:
                return {"error": f"it writes more than {MAX_TEXT:,} characters"}
    except Exception as error:  # whatever a program may do
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    return {"text": text}


def main() -> None:
    """Answers one request."""
    request = json.loads(sys.stdin.buffer.read())
    compiled: Callable[[str], jinja2.Template] = environment().from_string
    try:
        template = compiled(request["template"])
    except Exception as error:
        answers = [{"error": f"{type(error).__name__}: {error}"[:300]} for _ in request["conversations"]]
    else:
        answers = [rendered(template, request["names"] | values) for values in request["conversations"]]
    sys.stdout.buffer.write(json.dumps(answers).encode())


if __name__ == "__main__":
    main()
