from __future__ import annotations

from pathlib import Path

import pytest
from sentencepiece import sentencepiece_model_pb2

from builder.errors import TokenizerError
from builder.model.tokenizer import Tokenizer
from builder.synth.web_file import synthetic_tokenizer


def test_a_sound_tokenizer_says_its_ids(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(synthetic_tokenizer(500))
    tokenizer = Tokenizer.open(path)
    assert len(tokenizer.pieces) == 500
    assert (tokenizer.start_id, tokenizer.end_id) == (2, 1)
    assert tokenizer.id_of("<end_of_turn>") == 5
    assert tokenizer.id_of("<none>") is None


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"<!doctype html>", b"{}"])
def test_what_is_no_tokenizer_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(content)
    with pytest.raises(TokenizerError, match=r"tokenizer\.model"):
        Tokenizer.open(path)


def test_a_tokenizer_that_harms_its_loader_harms_only_a_child(tmp_path: Path) -> None:
    """Parses as a protobuf, but the native library cannot use it."""
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(synthetic_tokenizer(500))
    del model.pieces[3]  # no unknown piece
    model.normalizer_spec.precompiled_charsmap = b"\xff" * 40
    path = tmp_path / "tokenizer.model"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(TokenizerError, match="does not load"):
        Tokenizer.open(path)


def test_a_missing_or_absurdly_large_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"is missing: copy tokenizer\.model"):
        Tokenizer.open(tmp_path / "tokenizer.model")
    large = tmp_path / "large.model"
    with large.open("wb") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(TokenizerError, match="is larger than"):
        Tokenizer.open(large)


@pytest.mark.parametrize(("name", "value"), [("bos_id", 500), ("eos_id", 500), ("eos_id", -2)])
def test_ids_outside_of_the_vocabulary_are_refused(tmp_path: Path, name: str, value: int) -> None:
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(synthetic_tokenizer(500))
    setattr(model.trainer_spec, name, value)
    path = tmp_path / "tokenizer.model"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(TokenizerError, match=f"{name} is {value}|does not load"):
        Tokenizer.open(path)


def test_no_code_is_loaded_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody converts a downloaded checkpoint from within its folder, and it brings a module of a familiar name."""
    (tmp_path / "tokenizer.model").write_bytes(synthetic_tokenizer(500))
    (tmp_path / "sentencepiece.py").write_text("import pathlib; pathlib.Path('harm').touch()")
    monkeypatch.chdir(tmp_path)
    Tokenizer.open(Path("tokenizer.model"))
    assert not (tmp_path / "harm").exists()
