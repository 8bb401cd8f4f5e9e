"""What cannot be converted is refused with a sentence that names it, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from builder.encoder.convert import convert_encoder, is_encoder
from builder.errors import OnpageError
from tests.checkpoints import write_shards
from tests.goldens.encoder_cases import ENCODERS


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    """Changes a JSON file."""
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def with_tensor(folder: Path, name: str) -> None:
    """Adds one to the weights."""
    write_shards(folder, load_file(folder / "model.safetensors") | {name: np.ones((2, 2), np.float32)})


CHANGES: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "no modules": ("bert", lambda f: (f / "modules.json").unlink(), "has no modules.json"),
    "another module": (
        "bert",
        lambda f: edit(f / "modules.json", lambda m: [*m, {"type": "x.LSTM", "path": "9_LSTM"}]),
        "'LSTM'",
    ),
    "a module elsewhere": (
        "bert",
        lambda f: edit(f / "modules.json", lambda m: [*m, {"type": "x.Dense", "path": "../other"}]),
        "expected its type and the folder beside it",
    ),
    "two poolings": (
        "bert",
        lambda f: edit(f / "1_Pooling/config.json", lambda c: c | {"pooling_mode_max_tokens": True}),
        "expected mean or cls",
    ),
    "prompt left out": (
        "bert",
        lambda f: edit(f / "1_Pooling/config.json", lambda c: c | {"include_prompt": False}),
        "include_prompt",
    ),
    "dense of another width": (
        "gemma",
        lambda f: edit(f / "2_Dense/config.json", lambda c: c | {"in_features": 64}),
        "in_features is 64: expected 128",
    ),
    "dense with another activation": (
        "gemma",
        lambda f: edit(f / "2_Dense/config.json", lambda c: c | {"activation_function": "torch.nn.ReLU"}),
        "activation_function",
    ),
    "no weights of a dense layer": ("gemma", lambda f: (f / "3_Dense/model.safetensors").unlink(), "3_Dense"),
    "relative positions": (
        "bert",
        lambda f: edit(f / "config.json", lambda c: c | {"position_embedding_type": "relative_key"}),
        "position_embedding_type",
    ),
    "another activation": (
        "bert",
        lambda f: edit(f / "config.json", lambda c: c | {"hidden_act": "relu"}),
        "hidden_act",
    ),
    "a tensor too many": ("bert", lambda f: with_tensor(f, "encoder.layer.9.x"), "such as encoder.layer.9.x"),
    "a tensor too many of a Gemma": ("gemma", lambda f: with_tensor(f, "layers.9.x"), "such as layers.9.x"),
    "pieces beyond the table": (
        "bert",
        lambda f: edit(f / "tokenizer.json", lambda t: t | {"model": t["model"] | {"vocab": {"a": 400}}}),
        "pieces that the model's table of 400 rows",
    ),
    "two tokens in front": (
        "bert",
        lambda f: edit(
            f / "tokenizer.json",
            lambda t: t | {"post_processor": t["post_processor"] | {"single": t["post_processor"]["single"][:1] * 2}},
        ),
        "at most one token before",
    ),
    "vocab.txt alone": (
        "bert",
        lambda f: ((f / "tokenizer.json").unlink(), (f / "vocab.txt").write_text("[PAD]\n")),
        "AutoTokenizer",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_cannot_be_computed_is_refused(name: str, tmp_path: Path) -> None:
    case, change, expected = CHANGES[name]
    folder = ENCODERS[case].write(tmp_path / "checkpoint")
    change(folder)
    before = set(tmp_path.iterdir())
    with pytest.raises(OnpageError) as raised:
        convert_encoder(folder, tmp_path / "model.litertlm", max_tokens=40)
    assert expected in str(raised.value)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("output", "options", "expected"),
    [
        ("model.task", {}, "end the name so"),
        ("model.litertlm", {"max_tokens": 65}, "expected 3 to 64"),
        ("model.litertlm", {"lengths": (50,), "max_tokens": 40}, "from 1 to 40"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused(output: str, options: Any, expected: str, tmp_path: Path) -> None:
    folder = ENCODERS["bert"].write(tmp_path / "checkpoint")
    with pytest.raises(OnpageError) as raised:
        convert_encoder(folder, tmp_path / output, **options)
    assert expected in str(raised.value)


def test_only_models_that_make_vectors_are_taken_for_ones(tmp_path: Path) -> None:
    folder = ENCODERS["gemma"].write(tmp_path / "checkpoint")
    assert is_encoder(folder)
    edit(folder / "config.json", lambda c: c | {"use_bidirectional_attention": False})
    assert not is_encoder(folder)
    assert not is_encoder(tmp_path / "nothing")
