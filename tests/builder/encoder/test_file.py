"""The file: what the format's own library reads in it, what onpage says of it, and damaged ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from litert_lm_builder.runtime.proto import embedding_metadata_pb2

from builder.encoder.convert import convert_encoder
from builder.errors import ModelFileError
from builder.formats.embedding_file import EmbeddingFile, facts_from
from builder.formats.inspect_model import VectorFacts, inspect_model
from builder.store import Store
from builder.store.importing import import_file
from onpage.command import cli
from tests.goldens.encoder_cases import CLS, ENCODERS, SEP
from webapp.served_models import ServedModel


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted BERT with a prompt for queries."""
    folder = tmp_path_factory.mktemp("encoder")
    output = folder / "bert.litertlm"
    convert_encoder(ENCODERS["bert-cls"].write(folder / "checkpoint"), output)
    return output


def test_the_metadata_is_the_engines(model: Path) -> None:
    section = next(s for s in EmbeddingFile.open(model).header.sections if s.kind == "EmbeddingMetadataProto")
    data = model.read_bytes()[section.offset : section.offset + section.size]
    said = embedding_metadata_pb2.EmbeddingMetadata.FromString(data)
    assert said.embedding_model_type.WhichOneof("model_type") == "generic_model"
    assert (list(said.bos_token.token_ids.ids), list(said.eos_token.token_ids.ids)) == ([CLS], [SEP])
    assert said.max_input_length == 64


def test_the_same_checkpoint_gives_the_same_bytes(model: Path, tmp_path: Path) -> None:
    convert_encoder(ENCODERS["bert-cls"].write(tmp_path / "checkpoint"), tmp_path / "again.litertlm")
    assert (tmp_path / "again.litertlm").read_bytes() == model.read_bytes()


def test_it_is_inspected_imported_and_served_as_what_it_is(model: Path, tmp_path: Path) -> None:
    facts = inspect_model(model)
    assert isinstance(facts, VectorFacts) and facts.said
    assert (facts.family, facts.context_length, facts.said.dimensions, facts.said.query) == ("bert", 64, 32, "find: ")
    stored = import_file(Store(tmp_path / "store"), model)
    assert (stored.manifest.kind, stored.manifest.context) == ("embedding", 64)
    served = ServedModel.read(stored).to_json()
    assert (served["kind"], served["files"][0]["format"]) == ("embedding", "litertlm-embedding")
    assert served["embedding"] == {"dimensions": 32, "sizes": [32], "maxTokens": 64, "query": "find: ", "document": ""}


def test_the_command_converts_and_inspects_it(tmp_path: Path) -> None:
    folder = ENCODERS["gemma"].write(tmp_path / "checkpoint")
    output = tmp_path / "gemma.litertlm"
    run = CliRunner().invoke(cli, ["convert", str(folder), "--target", "graph", "--context", "40", "-o", str(output)])
    assert run.exit_code == 0, run.output
    assert "makes vectors of texts; gemma3" in run.output
    shown = CliRunner().invoke(cli, ["inspect", str(output)]).output
    assert "longest text" in shown and "128 numbers" in shown
    refused = CliRunner().invoke(cli, ["convert", str(folder), "-o", str(tmp_path / "x-web.task")])
    assert "is written as .litertlm; end the name so" in str(refused.exception)
    smooth = ["convert", str(folder), "--target", "graph", "--smooth", "-o", str(output)]
    assert "leave out --smooth" in CliRunner().invoke(cli, smooth).output


FACTS: dict[str, Any] = {"family": "bert", "dimensions": 32, "sizes": [16, 32], "lengths": [8, 64]}


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": []},
        {"sizes": [32, 16]},
        {"sizes": [16, 64]},
        {"sizes": [16, "32"]},
        {"lengths": [0]},
        {"lengths": None},
        {"query": "a\nb"},
        {"query": 5},
        {"document": "x" * 201},
        {"parameters": True},
        {"quantization": ""},
        {"family": None},
    ],
    ids=json.dumps,
)
def test_what_a_file_says_wrongly_of_itself_is_not_taken(change: dict[str, Any]) -> None:
    assert facts_from(FACTS).sizes == (16, 32)
    with pytest.raises(ValueError):
        facts_from(FACTS | change)


def test_a_damaged_file_is_refused(model: Path, tmp_path: Path) -> None:
    data = model.read_bytes()
    damaged = tmp_path / "damaged.litertlm"
    for broken in (
        data[: len(data) // 2],
        data.replace(b"tf_lite_text_encoder", b"tf_lite_text_encodes"),
        data.replace(b'"sizes": [32]', b'"sizes": [99]'),
        data.replace(b"encoder_32", b"xncoder_32").replace(b"encoder_64", b"xncoder_64"),
    ):
        assert broken != data
        damaged.write_bytes(broken)
        with pytest.raises(ModelFileError):
            inspect_model(damaged)
