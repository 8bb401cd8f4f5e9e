"""Chat templates in the page against `onpage convert`, which runs them with jinja2: the same turns, or no file. Nobody vouches for a template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.errors import OnpageError
from builder.model.chat_template import ChatTemplate
from builder.model.chat_template_rendering import environment, rendered
from builder.model.choose_turns import choose_turns
from builder.model.families.dense import GEMMA_TURNS
from builder.model.sidecars import FolderSidecars
from builder.model.tokenizer import Tokenizer
from builder.synth.web_file import synthetic_tokenizer
from tests.builder.model.test_chat_template import (
    CHATML,
    DATED,
    GEMMA,
    PARTS_ONLY,
    QWEN,
    WITH_INSTRUCTIONS,
)
from tests.static.node import evaluate
from tests.static.test_convert import FUNCTION_GEMMAS, GEMMA4S, TEMPLATE

SCRIPT = """
import { readFileSync } from "node:fs";
import * as library from "./static/node_modules/@huggingface/jinja/dist/index.js";
import { templateOf } from "./static/convert/chat_template.js";
import { chooseTurns } from "./static/convert/choose_turns.js";
import { GEMMA_TURNS } from "./static/convert/families/dense.js";
import { NotUnderstood, TemplateError } from "./static/convert/jinja/errors.js";
import { rendererOf } from "./static/convert/jinja/renderer.js";
import { Refusal } from "./static/convert/refusal.js";
import { SentencePieceModel } from "./static/convert/sentencepiece_model.js";
const { tokenizer, names, templates, conversations } = JSON.parse(readFileSync(0, "utf8"));
const pieces = new SentencePieceModel(Uint8Array.from(Buffer.from(tokenizer, "base64")));
const answer = async (make) => {
  try {
    return await make();
  } catch (error) {
    return { [[Refusal, TemplateError, NotUnderstood].find((kind) => error instanceof kind)?.name ?? String(error?.stack)]: error.message };
  }
};
const results = [];
for (const text of templates) {
  const began = process.cpuUsage();
  const turns = await answer(async () => ({ turns: await chooseTurns(templateOf(text, names), pieces, GEMMA_TURNS, async () => library) }));
  const { user, system } = process.cpuUsage(began); // by the clock, another program's work would count
  const took = (user + system) / 1000;
  const texts = await Promise.all((conversations ?? []).map((values) => answer(() => ({ text: rendererOf(library, text)({ ...names, ...values }) }))));
  results.push({ turns, took, texts });
}
console.log(JSON.stringify(results));
"""
NAMES = {"tools": None, "documents": None, "bos_token": "<bos>", "eos_token": "<eos>"}
MESSAGES = [
    {"role": "system", "content": "S s"},
    {"role": "user", "content": " Q q\n"},
    {"role": "assistant", "content": "A: \u201cé\u201d"},
    {"role": "user", "content": [{"type": "text", "text": "P"}]},
]
CONVERSATIONS = [
    {"messages": MESSAGES[first:last], "add_generation_prompt": goes_on}
    for first, last, goes_on in ((0, 3, True), (1, 2, False), (1, 3, True), (3, 4, True))
]

ROUNDS = """{% set ns = namespace(found=false, n=0) %}{% for m in messages %}
{% if m.role == 'user' and not ns.found %}{% set ns.found = true %}{{ '<a>' }}{% endif %}{% set ns.n = ns.n + 1 %}{% set x = (x or 0) + 1 %}
{{ x ~ ns.n ~ true ~ none }}{% if loop.last %}</a>{% else %}{% continue %}{% endif %}never{% endfor %}{{ x }}"""
MACROS = """{% macro turn(role, text='', more=[]) %}<{{ role }}{{ m is defined }}>{{ text | trim }}{% for one in more %}{{ one }}{% endfor %}
{% endmacro %}{% for m in messages if m.role != 'system' %}{{ turn(m['role'], more=['b']) }}{% else %}none{% endfor %}{{ turn('model') if add_generation_prompt }}"""
VALUES = """{%- for k, v in messages[-1].items() -%}{{ k }}={{ v if v is string else v[0].text }};{%- endfor -%}
{% set d = {'k': 'v', 'n': [1, 2]} %}{{ d.k ~ d['n'][-1] }}{{ d | tojson }}{{ 7 % 3 }}{{ 7 // 2 }}{{ 1 == true }}{{ '1' == 1 }}{{ d.n == [1, 2] }}
{{ messages | length }}{{ nothing }}{{ nothing is defined }}{{ nothing | default('z') }}{{ nothing == none }}{{ 'a' in ['b', 'a'] }}{{ messages.length }}
{{ '<x>'.strip('<>') }}{{ 'xaxa'.replace('x', 'yy', 1) }}{{ 'a b  c'.split()[1] }}{{ 'a,b'.split(',') | join('-') }}{{ '\x1c.\ufeff' | trim | length }}
{% for i in range(2, 9, 3) %}{{ i }}{% if i == 5 %}{% break %}{% endif %}{% endfor %}{% for c in 'ab' %}{{ loop.index }}{{ c }}{% endfor %}"""
CHOSEN = """{%- for m in messages | selectattr('role', 'equalto', 'user') | list -%}{{ m.role }}{%- endfor -%}
{{ (messages | map(attribute='role') | list)[0] }}{% filter upper %}x{{ messages[0].role }}{% endfilter %}{% set y %}a{% endset %}{{ y }}"""
WINDOWS = GEMMA.replace("\n", "\r\n")
LANGUAGES_ONLY = (
    "{{ '<start_of_turn>' + messages[0].content[0].source_lang_code.upper() + '<end_of_turn>' + raise_exception('x') }}"
)
KNOWN = [
    *(
        GEMMA,
        CHATML,
        QWEN,
        DATED,
        WITH_INSTRUCTIONS,
        PARTS_ONLY,
        TEMPLATE,
        GEMMA4S,
        ROUNDS,
        MACROS,
        VALUES,
        CHOSEN,
        WINDOWS,
    ),
    FUNCTION_GEMMAS.read_text(),
    TEMPLATE.replace("m.content", "m.content | trim"),
    TEMPLATE.replace("<end_of_turn>", "{{ eos_token }}"),
    TEMPLATE.replace("{{ bos_token }}", "{{ bos_token }}Be kind. "),
    "\ufeff" + TEMPLATE,
]
REFUSED = [
    "{{ messages[0]['content'] | upper }}",
    "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}",
    "{{ raise_exception('no') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages.append(1) }}",
    "{{ messages.constructor.constructor('return 1')() }}",
    "{{ nothing.at.all }}",
    "{{ 1 + messages[0].content }}",
    "{% include '/etc/passwd' %}",
    "{% for m in messages %}{{ m.content }}" + "x" * 5000 + "{% endfor %}",
    "{% for m in messages %}{{ loop.index }}: {{ m.content }} {% endfor %}{% if add_generation_prompt %}A{% endif %}",
    CHATML.replace("im_end", "im_over"),
    CHATML + "{% if false %}{% set 'x' = 1 %}{% endif %}",
    CHATML + "{{ messages[nothing:] and '' }}",
    CHATML + "{{ messages[::0] and '' }}",
    CHATML + "{% if false %}{{ [1 2] }}{% endif %}",
    CHATML + "{% for none in messages %}{% endfor %}",
    CHATML + "{{ 'x' if messages else '' | nothing }}",
    "",
]
"""By both."""
HOSTILE = [
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(4000) %}{% for j in range(4000) %}{{ i }}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{{ i }}{% endfor %}",
    "{{ 'x' * 10 ** 10 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% set x = 'xxxxxxxx' %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "{% set x = ['x'] %}" + "{% set x = x + x %}" * 60,
    "{% set x = 'x' %}" + "{% set x = x.replace('x', 'xxxxxxxx') %}" * 60,
    "{% set x = namespace(y=1) %}{% set x.y = x %}{{ x | tojson }}",
    "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(x) %}{{ f(x) ~ f(x) }}{% endmacro %}{{ f(1) }}",
    "{{ " + "(" * 100_000 + ")" * 100_000 + " }}",
    "{{ " + "not " * 50_000 + "1 }}",
    "{{ " + "x ~ " * 50_000 + "x }}",
    " " * 250_000,
    "{%" * 100_000,
    "\n" * 200_000 + "{% generation %}",
    "{{ range(0, 100000, 1) | tojson(indent=1000000) }}",
    "{{ '%s' % ('x' * 1000000000) }}",
    "{{ strftime_now('%Y' * 9) }}{{ strftime_now('%s') }}",
    "{% set a = range(4000) | list %}" + "{% for i in a %}{% if -1 in a %}x{% endif %}{% endfor %}" * 90,
    "abc{% for i in range(4000) %}{% macro f() %}" + "{{ x }}" * 20_000 + "{% endmacro %}{% endfor %}",
]
"""By the page at once, whatever jinja2 makes of them."""


def tokenizer() -> Tokenizer:
    """Gemma's marks and ChatML's."""
    added = {500: "<|im_start|>", 501: "<|im_end|>", 502: "<|im_sep|>", 503: "<|turn>", 504: "<turn|>"}
    return Tokenizer.from_bytes(Path("made"), synthetic_tokenizer(500)).with_tokens_added(added, 508)


def in_the_page(templates: list[str], conversations: list[Any] | None = None) -> list[dict[str, Any]]:
    import base64

    pieces = base64.b64encode(tokenizer().model).decode()
    given = {"tokenizer": pieces, "names": NAMES, "templates": templates, "conversations": conversations}
    found: list[dict[str, Any]] = evaluate(SCRIPT, json.dumps(given))
    return found


def by_the_command(folder: Path, template: str) -> dict[str, Any] | None:
    """The turns as the page has them, None where they are refused."""
    names = {name: value for name, value in NAMES.items() if value}
    (folder / "tokenizer_config.json").write_text(json.dumps(names | {"chat_template": template}))
    try:
        turns = choose_turns(FolderSidecars(folder), tokenizer(), GEMMA_TURNS).turns
    except OnpageError:
        return None
    sides = {"user": turns.user, "model": turns.model, "system": turns.system}
    said: dict[str, Any] = {side: turn and [turn.prefix, turn.suffix] for side, turn in sides.items()}
    return said | {"opening": turns.opening, "ends": list(turns.ends)}


def test_the_turns_of_a_template_are_the_commands(tmp_path: Path) -> None:
    templates = [*KNOWN, LANGUAGES_ONLY]
    found = in_the_page(templates)
    for template, said in zip(templates, found, strict=True):
        expected = by_the_command(tmp_path, template)
        if expected is None:
            assert said["turns"].keys() == {"Refusal"}, (template, said)
        else:
            assert said["turns"].get("turns") == expected, (template, said)
    taken = sum("turns" in said["turns"] for said in found)
    assert taken >= 13, "or the templates show nothing"


def test_a_conversation_is_written_as_jinja2_writes_it() -> None:
    for template, said in zip(KNOWN, in_the_page(KNOWN, CONVERSATIONS), strict=True):
        compiled = environment().from_string(template)
        for values, ours in zip(CONVERSATIONS, said["texts"], strict=True):
            theirs = rendered(compiled, NAMES | values)
            if "text" in ours:
                assert ours == theirs, template
            else:
                assert "error" in theirs or "NotUnderstood" in ours, (template, ours, theirs)
        assert any("text" in ours for ours in said["texts"]), (template, said)


def test_what_the_command_refuses_is_refused(tmp_path: Path) -> None:
    for template, said in zip(REFUSED, in_the_page(REFUSED), strict=True):
        assert by_the_command(tmp_path, template) is None, template
        assert said["turns"].keys() == {"Refusal"}, (template, said)


def test_no_template_takes_long_or_much_memory() -> None:
    """Two seconds by the clock are the most of what is run; some is read before, and what collects garbage works beside it."""
    for template, said in zip(HOSTILE, in_the_page(HOSTILE), strict=True):
        assert said["turns"].keys() == {"Refusal"}, (template[:80], said)
        assert said["turns"]["Refusal"].startswith("template: "), said
        assert said["took"] < 5000, (template[:80], said)


@pytest.mark.parametrize("said", [5, {"a": 1}, [{"name": "tool_use", "template": "{{ x }}"}], "x" * (257 << 10)])
def test_what_is_no_template_is_refused(said: Any) -> None:
    with pytest.raises(OnpageError):
        ChatTemplate.of_text(Path("x"), said, {})
    [found] = in_the_page([said])
    assert found["turns"]["Refusal"].startswith("template"), found
