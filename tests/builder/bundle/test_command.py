"""`onpage bundle` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sentencepiece.sentencepiece_model_pb2 import ModelProto

from builder.bundle import Source
from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.formats.inspect_model import BundleFacts, inspect_model
from builder.formats.inspect_web_file import PromptTemplate, inspect_web_file
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.llm_metadata import LlmMetadata
from onpage.command import cli
from tests.checkpoints import gemma3_config, write_checkpoint


def onpage(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["bundle", *map(str, arguments)])


def facts(path: Path) -> BundleFacts:
    found = inspect_model(path)
    assert isinstance(found, BundleFacts)
    return found


def test_a_web_file_needs_nothing_else(web_file: Path, tmp_path: Path) -> None:
    done = onpage(web_file, "-o", tmp_path / "m.litertlm")
    assert done.exit_code == 0, done.output
    assert f"onpage inspect {tmp_path / 'm.litertlm'} --summary" in done.output
    assert facts(tmp_path / "m.litertlm").tokens.stop_ids == [1, 5]


def test_a_graph_takes_gemmas_turns_from_gemmas_tokenizer(graph_file: Path, graph: Source, tmp_path: Path) -> None:
    done = onpage(graph_file, "--tokenizer", graph.tokenizer.path, "-o", tmp_path / "m.task", "--json")
    assert json.loads(done.output)["parts"].keys() == {"TF_LITE_PREFILL_DECODE", "TOKENIZER_MODEL", "METADATA"}
    found = facts(tmp_path / "m.task")
    assert found.prompt_template == PromptTemplate("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n")
    assert found.tokens.stop_tokens == ["<eos>", "<end_of_turn>"]


def test_what_is_given_takes_the_place_of_what_the_model_says(web_file: Path, tmp_path: Path) -> None:
    template = tmp_path / "chat_template.jinja"
    template.write_text("{{ messages }}")
    done = onpage(
        *(web_file, "-o", tmp_path / "m.litertlm", "--template", template),
        *("--stop-token", "<eos>", "--start-token", "<pad>", "--prompt-prefix", r"Q:\n", "--answer-prefix", ""),
    )
    assert done.exit_code == 0, done.output
    found = facts(tmp_path / "m.litertlm")
    assert (found.tokens.start_id, found.tokens.stop_ids, found.chat_template) == (0, [1], True)
    assert found.prompt_template == PromptTemplate("Q:\n", "<end_of_turn>\n")
    assert LitertlmFile.open(tmp_path / "m.litertlm").metadata.jinja_prompt_template == "{{ messages }}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{graph}", "-o", "{out}.task"], "without a tokenizer: add one with --tokenizer"),
        (["{web}", "--tokenizer", "{tokenizer}", "-o", "{out}.litertlm"], "which contains its tokenizer"),
        (["{web}", "-o", "{out}.task"], "is a web file, which MediaPipe loads directly"),
        (["{web}", "-o", "{out}"], "must end with .litertlm or .task"),
        (["{web}", "-o", "{out}.litertlm", "--stop-token", "<none>"], "has no piece '<none>'"),
        (["{web}", "-o", "{out}.litertlm", "--template", "/dev/zero"], "The chat template"),
        (["{web}", "-o", "{out}.litertlm", "--prompt-prefix", "x" * 5000], "longer than 4,096 characters"),
        (["{graph}", "--tokenizer", "{web}", "-o", "{out}.task"], "as a SentencePiece model"),
        (["{graph}", "--tokenizer", "{tokenizer}", "-o", "{out}.task", "--template", "{template}"], "cannot contain a chat template"),
        (["{web}", "-o", "/nowhere/m.litertlm"], "/nowhere does not exist"),
        (["{template}", "-o", "{out}.litertlm"], "is not a model that a browser runs"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_is_left(
    web_file: Path, graph_file: Path, graph: Source, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    template = tmp_path / "chat_template.jinja"
    template.write_text("{{ messages }}")
    places = {"graph": graph_file, "web": web_file, "tokenizer": graph.tokenizer.path, "template": template}
    done = onpage(*(argument.format(**places, out=tmp_path / "m") for argument in arguments))
    assert isinstance(done.exception, OnpageError)
    assert sentence in str(done.exception)
    assert list(tmp_path.iterdir()) == [template]


def test_a_tokenizer_that_names_no_tokens_is_told_them(graph_file: Path, graph: Source, tmp_path: Path) -> None:
    model = ModelProto.FromString(graph.tokenizer.model)
    model.trainer_spec.bos_id = model.trainer_spec.eos_id = -1
    for piece in model.pieces:
        if piece.piece == "<end_of_turn>":
            piece.piece = "<end>"
    silent = tmp_path / "tokenizer.model"
    silent.write_bytes(model.SerializeToString())
    output = tmp_path / "m.task"
    arguments = [graph_file, "--tokenizer", silent, "-o", output]
    assert "names no start token: set it with --start-token" in str(onpage(*arguments).exception)
    arguments += ["--start-token", "<bos>"]
    assert "names no stop token: set it with --stop-token" in str(onpage(*arguments).exception)
    assert onpage(*arguments, "--stop-token", "<end>").exit_code == 0
    assert facts(output).tokens.stop_tokens == ["<end>"] and facts(output).prompt_template is None


def test_a_bundle_does_not_take_the_place_of_its_parts(web_file: Path, tmp_path: Path) -> None:
    part = tmp_path / "m.litertlm"
    part.write_bytes(web_file.read_bytes())
    done = onpage(part, "-o", part)
    assert "is an input of the bundle" in str(done.exception)
    assert part.read_bytes() == web_file.read_bytes()


def test_a_family_is_named_back_as_it_was_given(graph_file: Path, graph: Source, tmp_path: Path) -> None:
    for family, field in (("functiongemma3", "function_gemma"), ("gemma2", "generic_model")):
        output = tmp_path / f"{family}.litertlm"
        done = onpage(graph_file, "--tokenizer", graph.tokenizer.path, "--family", family, "-o", output)
        assert done.exit_code == 0, done.output
        metadata = LitertlmFile.open(output).metadata
        assert LlmMetadata.pb(metadata).llm_model_type.WhichOneof("model_type") == field
        assert facts(output).family == ("unknown" if field == "generic_model" else family)


def test_bundles_go_into_the_store_and_a_bare_graph_does_not(
    web_file: Path, graph_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONPAGE_HOME", str(tmp_path / "home"))
    onpage(web_file, "-o", tmp_path / "m.litertlm")
    done = CliRunner().invoke(cli, ["import", str(tmp_path / "m.litertlm"), "--json"])
    manifest = json.loads(done.output)
    assert (manifest["format"], manifest["family"], manifest["quantization"]) == ("litertlm", "gemma3", "int8")
    done = CliRunner().invoke(cli, ["import", str(graph_file)])
    assert "is a LiteRT graph without a tokenizer" in str(done.exception)
    assert CliRunner().invoke(cli, ["verify", str(graph_file), str(tmp_path / "m.litertlm")]).exit_code == 0


def test_bundles_are_not_bundled_again(web_file: Path, tmp_path: Path) -> None:
    onpage(web_file, "-o", tmp_path / "m.litertlm")
    assert "is a bundle already" in str(onpage(tmp_path / "m.litertlm", "-o", tmp_path / "n.litertlm").exception)


def test_what_reads_back_otherwise_leaves_nothing(
    web_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written is read back and compared; the file that was there stays."""
    from builder.bundle import container

    output = tmp_path / "m.litertlm"
    output.write_bytes(b"before")
    original = container.Part.chunks
    turn = iter(range(100))

    def lossy(part: container.Part) -> object:
        chunks = list(original(part))
        return [chunks[0][:-1] + b"\xff"] if next(turn) == 1 else chunks  # the tokenizer's last byte, while writing

    monkeypatch.setattr(container.Part, "chunks", lossy)
    assert "does not hold tokenizer as it was given" in str(onpage(web_file, "-o", output).exception)
    assert output.read_bytes() == b"before" and list(tmp_path.iterdir()) == [output]


def test_what_opens_a_conversation_stands_before_the_question(tmp_path: Path) -> None:
    """A system text of the chat template's own: a .litertlm has no other place for it."""
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1))
    (folder / "chat_template.jinja").write_text(
        "Be kind.\n{% for m in messages %}{{ '<start_of_turn>' + m.role + '\n' + m.content + '<end_of_turn>\n' -}}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
    )
    convert_checkpoint(folder, tmp_path / "m.task")
    assert onpage(tmp_path / "m.task", "-o", tmp_path / "m.litertlm").exit_code == 0
    assert facts(tmp_path / "m.litertlm").prompt_template == inspect_web_file(tmp_path / "m.task").prompt_template
    assert LitertlmFile.open(tmp_path / "m.litertlm").metadata.prompt_templates.user.prefix == (
        "Be kind.\n<start_of_turn>user\n"
    )
