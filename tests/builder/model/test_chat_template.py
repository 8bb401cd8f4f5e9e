"""The turns of a checkpoint are those of its chat template, a program that nobody vouches for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, OnpageError, TokenizerError
from builder.formats.inspect_web_file import PromptTemplate, SystemTurn, inspect_web_file
from builder.formats.web_file_reader import WebFile
from builder.model.choose_turns import choose_turns
from builder.model.families import gemma4
from builder.model.families.dense import GEMMA_TURNS
from builder.model.sidecars import FolderSidecars
from builder.model.tokenizer import Tokenizer
from builder.model.turns import AskedTurns, Turn, Turns
from builder.synth.web_file import synthetic_tokenizer
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.forked import onpage
from webapp.paths import DEMO_MODEL

GEMMA = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
  {%- set start = messages[0]['content'] + '\n\n' -%}
  {%- set rest = messages[1:] -%}
{%- else -%}
  {%- set start = "" -%}
  {%- set rest = messages -%}
{%- endif -%}
{%- for message in rest -%}
  {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
    {{ raise_exception("Roles must alternate") }}
  {%- endif -%}
  {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
  {{ '<start_of_turn>' + role + '\n' + (start if loop.first else "") }}
  {%- if message['content'] is string -%}
    {{ message['content'] | trim }}
  {%- else -%}
    {%- for item in message['content'] -%}{{ item['text'] | trim }}{%- endfor -%}
  {%- endif -%}
  {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}
"""

CHATML = """{% for message in messages %}
{% generation %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' -}}{% endgeneration %}
{% endfor %}
{% if add_generation_prompt %}
{{- '<|im_start|>assistant\n' -}}
{% endif %}"""

CHATML_TURNS = Turns(
    user=Turn("<|im_start|>user\n", "<|im_end|>\n"),
    model=Turn("<|im_start|>assistant\n", "<|im_end|>\n"),
    system=Turn("<|im_start|>system\n", "<|im_end|>\n"),
    ends=("<|im_end|>",),
)

QWEN = "{% if messages[0].role != 'system' %}{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}" + CHATML

DATED = """{{- bos_token }}
{%- if not date is defined %}{% if strftime_now is defined %}{% set date = strftime_now("%d %b %Y") %}{% endif %}{% endif %}
{%- if messages[0].role == 'system' %}{% set said = messages[0].content | trim %}{% set messages = messages[1:] %}
{%- else %}{% set said = "" %}{% endif %}
{{- "<|im_start|>system<|im_sep|>\n\nKnowledge: December 2023\nToday: " + date + "\n\n" + said + "<|im_end|>" }}
{%- for m in messages %}{{ "<|im_start|>" + m.role + "<|im_sep|>\n\n" + m.content | trim + "<|im_end|>" }}{% endfor %}
{%- if add_generation_prompt %}{{ "<|im_start|>assistant<|im_sep|>\n\n" }}{% endif %}"""
"""As Llama 3.2's: headers, a system's turn that is always there, and the day in it."""

DATE = "Knowledge: December 2023\nToday: 26 Jul 2024\n\n"

WITH_INSTRUCTIONS = """{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}
{%- elif m.role == 'assistant' %}{{ ' ' + m.content + eos_token }}
{%- else %}{{ raise_exception('Only user and assistant') }}{% endif %}{% endfor %}"""

PARTS_ONLY = """{% if tools is not none %}{{ raise_exception('tools') }}{% endif %}{% for m in messages %}
{{- '<start_of_turn>' + m.role + '\n' + m.content[0]['text'] + '<end_of_turn>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<start_of_turn>assistant\n' }}{% endif %}"""


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Gemma's marks and ChatML's."""
    return Tokenizer.from_bytes(Path("made"), synthetic_tokenizer(500)).with_tokens_added(
        {500: "<|im_start|>", 501: "<|im_end|>", 502: "<|im_sep|>"}, 504
    )


def folder_with(folder: Path, template: Any, name: str = "chat_template.jinja", **config: Any) -> Path:
    """A folder with a template, and a tokenizer_config.json of other settings."""
    folder.mkdir(exist_ok=True)
    if name == "chat_template.jinja":
        (folder / name).write_text(template)
    else:
        config |= {"chat_template": template}
    if name == "chat_template.json":
        (folder / name).write_text(json.dumps({"chat_template": template}))
        config.pop("chat_template")
    if config:
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def turns_of(folder: Path, tokenizer: Tokenizer, **asked: Any) -> Turns:
    return choose_turns(FolderSidecars(folder), tokenizer, GEMMA_TURNS, AskedTurns(**asked)).turns


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer_config.json", "chat_template.json"])
@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (GEMMA, GEMMA_TURNS),
        (CHATML, CHATML_TURNS),
        (
            WITH_INSTRUCTIONS,
            Turns(user=Turn("[INST] ", " [/INST]"), model=Turn("", "<eos>"), ends=("<eos>",)),
        ),
        (
            QWEN,
            Turns(
                CHATML_TURNS.user,
                CHATML_TURNS.model,
                CHATML_TURNS.system,
                opening="<|im_start|>system\nBe kind.<|im_end|>\n",
                ends=("<|im_end|>",),
            ),
        ),
        (
            DATED,
            Turns(
                user=Turn("<|im_start|>user<|im_sep|>\n\n", "<|im_end|>"),
                model=Turn("<|im_start|>assistant<|im_sep|>\n\n", "<|im_end|>"),
                system=Turn(f"<|im_start|>system<|im_sep|>\n\n{DATE}", "<|im_end|>"),
                opening=f"<|im_start|>system<|im_sep|>\n\n{DATE}<|im_end|>",
                ends=("<|im_end|>",),
            ),
        ),
        (
            PARTS_ONLY,
            Turns(
                user=GEMMA_TURNS.user,
                model=Turn("<start_of_turn>assistant\n", "<end_of_turn>\n"),
                system=Turn("<start_of_turn>system\n", "<end_of_turn>\n"),
                ends=("<end_of_turn>",),
            ),
        ),
    ],
)
def test_the_turns_are_the_templates(
    tmp_path: Path, tokenizer: Tokenizer, name: str, template: str, expected: Turns
) -> None:
    folder = folder_with(tmp_path / "c", template, name, eos_token="<eos>", bos_token={"content": "<bos>"})
    assert turns_of(folder, tokenizer) == expected


def test_the_default_one_of_several_is_taken_and_a_file_of_its_own_goes_first(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    several = [{"name": "tool_use", "template": "{{ x }}"}, {"name": "default", "template": CHATML}]
    folder = folder_with(tmp_path / "c", several, "tokenizer_config.json")
    assert turns_of(folder, tokenizer) == CHATML_TURNS
    (folder / "chat_template.jinja").write_text(GEMMA)
    assert turns_of(folder, tokenizer) == GEMMA_TURNS


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for m in messages %}", "cannot be run (TemplateSyntaxError"),
        ("{{ messages[0]['content'] | upper }}", "writes a message 0 times"),
        ("{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}", "writes a message 2 times"),
        ("{{ raise_exception('no\x1b[31m, never') }}", "cannot be run (TemplateError: no [31m, never"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "cannot be run (SecurityError"),
        ("{{ messages.append(1) }}", "cannot be run (SecurityError"),
        ("{% include '/etc/passwd' %}", "cannot be run (TypeError"),
        ("{{ 'x' * 10 ** 10 }}", "cannot be run (MemoryError"),
        ("{% for i in range(99999) %}{{ i }}{% endfor %}", "writes more than 65,536 characters"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "more time or memory"),
        ("{% for m in messages %}{{ m.content }}" + "x" * 5000 + "{% endfor %}", "more than 2,048 characters"),
        (
            "{% for m in messages %}{{ loop.index }}: {{ m.content }} {% endfor %}{% if add_generation_prompt %}A{% endif %}",
            "begins the user's first turn differently",
        ),
    ],
)
def test_what_cannot_be_run_or_split_is_refused_with_what_to_do(
    tmp_path: Path, tokenizer: Tokenizer, template: str, reason: str
) -> None:
    folder = folder_with(tmp_path / "c", template)
    with pytest.raises(CheckpointError) as caught:
        turns_of(folder, tokenizer)
    sentence = str(caught.value)
    assert reason in sentence and "chat_template.jinja" in sentence
    assert sentence.endswith("set the turns with --prompt-prefix, --prompt-suffix and --stop.")
    whole = turns_of(folder, tokenizer, prefix="Q: ", suffix="\nA: ")
    assert whole == Turns(user=Turn("Q: ", "\nA: ")), "it is not run where nothing of it is needed"


def test_no_module_of_the_current_folder_is_loaded(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(tmp_path / "c", CHATML)
    (folder / "jinja2.py").write_text("import pathlib; pathlib.Path('harm').touch()")
    monkeypatch.chdir(folder)
    turns_of(Path(), tokenizer)
    assert not (folder / "harm").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (300 << 10)])
def test_what_is_no_template_is_refused(tmp_path: Path, tokenizer: Tokenizer, content: bytes) -> None:
    (tmp_path / "chat_template.jinja").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"chat_template\.jinja .*--prompt-prefix"):
        turns_of(tmp_path, tokenizer)


def test_a_template_that_is_no_text_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    folder = folder_with(tmp_path / "c", {"a": 1}, "tokenizer_config.json")
    with pytest.raises(CheckpointError, match=r"chat_template is .*expected a text"):
        turns_of(folder, tokenizer)


def test_turns_whose_pieces_the_tokenizer_lacks_are_refused(tmp_path: Path) -> None:
    """The page would send the mark as nine tokens, and no answer would end."""
    plain = Tokenizer.from_bytes(tmp_path / "tokenizer.model", synthetic_tokenizer(500))
    folder = folder_with(tmp_path / "c", CHATML)
    with pytest.raises(
        TokenizerError, match=r"hold '<\|im_start\|>', but tokenizer.model has no such piece.*--prompt-prefix"
    ):
        turns_of(folder, plain)
    asked = choose_turns(FolderSidecars(folder), plain, GEMMA_TURNS, AskedTurns("<|im_start|>user\n", "<|im_end|>\n"))
    assert "no piece <|im_start|>" in asked.notes[-1], "who insists is told"


def test_a_system_turn_is_set_where_a_template_has_none(tmp_path: Path, tokenizer: Tokenizer) -> None:
    folder = folder_with(tmp_path / "c", GEMMA)
    assert turns_of(folder, tokenizer).system is None
    turns = turns_of(folder, tokenizer, system_prefix="<start_of_turn>system\n", system_suffix="<end_of_turn>\n")
    assert turns.system == Turn("<start_of_turn>system\n", "<end_of_turn>\n")
    assert turns.question == turns_of(folder, tokenizer).question


def test_a_template_of_a_task_of_its_own_leaves_the_familys_turns(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """TranslateGemma's takes no plain message, and writes Gemma's pieces."""
    folder = folder_with(
        tmp_path / "c",
        "{{ '<start_of_turn>' + messages[0].content[0].source_lang_code.upper() + '<end_of_turn>' + raise_exception('x') }}",
    )
    chosen = choose_turns(FolderSidecars(folder), tokenizer, GEMMA_TURNS)
    assert chosen.turns == GEMMA_TURNS
    assert "not around a plain message" in chosen.notes[0]


def test_what_is_asked_for_goes_first(tmp_path: Path, tokenizer: Tokenizer) -> None:
    folder = folder_with(tmp_path / "c", QWEN)
    turns = turns_of(folder, tokenizer, prefix="Q: ")
    assert turns.question == Turn("Q: ", "<|im_end|>\n<|im_start|>assistant\n")
    turns = turns_of(folder, tokenizer, suffix="!")
    assert turns.question == Turn("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n", "!")
    turns = turns_of(folder, tokenizer, system_prefix="S: ")
    assert turns.system == Turn("S: ", "<|im_end|>\n") and turns.user == turns_of(folder, tokenizer).user
    with pytest.raises(TokenizerError, match="no piece '<none>', so no answer would end"):
        turns_of(folder, tokenizer, stops=("<none>",))


def chatml_checkpoint(folder: Path, template: str = CHATML) -> Path:
    write_checkpoint(folder, gemma3_config(num_hidden_layers=1, vocab_size=512), tokenizer=synthetic_tokenizer(500))
    (folder / "added_tokens.json").write_text(json.dumps({"<|im_start|>": 500, "<|im_end|>": 501}))
    (folder / "chat_template.jinja").write_text(template)
    return folder


def test_the_file_says_the_templates_turns_and_ends(tmp_path: Path) -> None:
    output = tmp_path / "m.task"
    written = convert_checkpoint(chatml_checkpoint(tmp_path / "c", QWEN), output)
    facts = inspect_web_file(output)
    opening = "<|im_start|>system\nBe kind.<|im_end|>\n"
    assert facts.prompt_template == PromptTemplate(
        opening + "<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        SystemTurn("<|im_start|>system\n", "<|im_end|>\n"),
    )
    assert facts.tokens.stop_tokens == ["<eos>", "<|im_end|>"]
    parameters = WebFile.open(output).parameters
    assert parameters.prompt_templates.system.prompt_prefix == "<|im_start|>system\n"
    notes = " · ".join(written.notes)
    for expected in (
        "turns of chat_template.jinja: ",
        "'<|im_end|>\\n<|im_start|>assistant\\n' after",
        "opens with",
        "system turns",
    ):
        assert expected in notes


def test_the_command_sets_turns_and_ends(tmp_path: Path) -> None:
    output = tmp_path / "m.task"
    done = onpage(
        *("convert", chatml_checkpoint(tmp_path / "c"), "-o", output),
        *("--prompt-prefix", r"Q:\n", "--prompt-suffix", r"\nA:\n", "--stop", "<eos>", "--stop", "<|im_end|>"),
        *("--system-prefix", r"S:\n", "--system-suffix", r"\n"),
    )
    assert done.returncode == 0, done.stderr
    assert "turns as asked for: 'Q:\\n' before the user's message" in done.stdout
    assert "system turns: 'S:\\n' before, '\\n' after" in done.stdout
    facts = inspect_web_file(output)
    assert facts.prompt_template == PromptTemplate("Q:\n", "\nA:\n", system=SystemTurn("S:\n", "\n"))
    assert facts.tokens.stop_tokens == ["<eos>", "<|im_end|>"]


def test_a_tokenizer_without_the_familys_pieces_gets_no_turns(tmp_path: Path) -> None:
    """The page took Gemma's for a file that says none."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = proto.ModelProto.FromString(synthetic_tokenizer(4096))
    for piece in model.pieces:
        piece.piece = piece.piece.replace("_turn>", "_other>")
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1), tokenizer=model.SerializeToString())
    written = convert_checkpoint(folder, tmp_path / "m.task")
    assert "none of the family's pieces" in written.notes[0]
    assert inspect_web_file(tmp_path / "m.task").prompt_template == PromptTemplate("", "")


@pytest.mark.parametrize(
    ("piece", "expected"),
    [("<start_of_turn>", None), ("<|turn>", gemma4.TURNS), ("<other>", Turns())],
)
def test_a_file_that_says_no_turns_is_asked_in_those_whose_piece_its_tokenizer_has(
    monkeypatch: pytest.MonkeyPatch, piece: str, expected: Turns | None
) -> None:
    """None leaves the server's, which are those of Gemma 1 to 3; static/engine/asked_turns.js does the same."""
    monkeypatch.setattr("builder.formats.inspect_web_file.prompt_template_of", lambda _: None)
    monkeypatch.setattr(WebFile, "tokenizer", lambda _: piece.encode())
    found = inspect_web_file(DEMO_MODEL).prompt_template
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert Turn(found.prefix, found.suffix) == expected.question
    assert (found.system and Turn(found.system.prefix, found.system.suffix)) == expected.system


@pytest.mark.parametrize(("count", "right"), [(64, False), (63, True)])
def test_more_ends_than_a_file_holds_are_refused_before_the_work(tmp_path: Path, count: int, right: bool) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1, eos_token_id=list(range(1, count))))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [0]}))
    output = tmp_path / "m.task"
    if right:
        convert_checkpoint(folder, output)
        assert len(inspect_web_file(output).tokens.stop_ids) == 63
        return
    phases: list[str] = []
    with pytest.raises(OnpageError, match=rf"64 tokens end an answer by eos_token_id of {folder}.*--stop"):
        convert_checkpoint(folder, output, progress=lambda phase, done, total: phases.append(phase))
    assert not phases and not output.exists()
