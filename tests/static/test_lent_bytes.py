"""A page that has a model, or a slice of it, downloads only what it lacks of the other; the bytes are those of the file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from builder.convert.web_file import convert_checkpoint
from builder.formats.web_file_reader import WebFile
from builder.quantize.scheme import Quantization
from tests.checkpoints import SLICEABLE, gemma3n_config, write_checkpoint
from tests.static.node import ROOT
from webapp.app import Config, create_app
from webapp.served_slices import Slices

CONFIG = gemma3n_config(**SLICEABLE, vocab_size=512, vocab_size_per_layer_input=512)
HALF = 1_700_000
"""Parameters of the slice without layers 12 to 14, half as wide."""


@pytest.fixture(scope="module", params=["8", "q4_0"])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model and its slice, as one server sends both out of the model's file."""
    folder = tmp_path_factory.mktemp("lent")
    large = convert_checkpoint(
        write_checkpoint(folder / "c", CONFIG),
        folder / "l.task",
        quantization=Quantization.of(request.param, embedding="8"),
    )
    client = create_app(Config([large.path], slices=Slices([HALF]))).test_client()
    with client.get(client.get("/api/models").get_json()[1]["url"]) as response:
        (folder / "s.task").write_bytes(response.data)
    return large.path, folder / "s.task"


def load(target: Path, *others: Path) -> dict[str, Any]:
    script = ROOT / "tests" / "static" / "support" / "lend.js"
    run = subprocess.run(["node", script, target, *others], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = dict(json.loads(run.stdout))
    assert found["same"] and found["sent"] == found["size"] - found["lent"]
    assert found["told"] == [found["lent"], 0], "what is said beforehand, of all and of what is behind the end"
    return found


def weights(path: Path) -> int:
    """Bytes of all tensors."""
    return sum(tensor.size for tensor in WebFile.open(path).tensors.values())


def test_a_slice_of_what_is_there_needs_hardly_a_byte(files: tuple[Path, Path]) -> None:
    large, small = files
    found = load(small, large)
    # but for the header, the tokenizer and what is at the end; sums and scales between matrices are too short to be worth a request
    front = min(tensor.offset for tensor in WebFile.open(small).tensors.values())
    assert found["sent"] - front - (found["size"] - front - weights(small)) < 0.1 * weights(small)


def test_the_whole_needs_what_its_slice_lacks(files: tuple[Path, Path]) -> None:
    """Layers that were left out, and the matrices whose outputs were."""
    large, small = files
    found, tensors = load(large, small), WebFile.open(large).tensors
    lacking = sum(
        tensor.size
        for tensor in tensors.values()
        if tensor.name.startswith(tuple(f"transformer.layer_{i}." for i in (12, 13, 14))) or ".mlp." in tensor.name
    )
    assert found["lent"] > 0.9 * (weights(large) - lacking)


def test_another_model_lends_nothing(files: tuple[Path, Path], tmp_path: Path) -> None:
    large, _ = files
    other = convert_checkpoint(write_checkpoint(tmp_path / "c", CONFIG, seed=9), tmp_path / "o.task").path
    assert load(large, other)["lent"] == 0


def test_where_nothing_is_there_nothing_more_is_asked(files: tuple[Path, Path]) -> None:
    found = load(files[0])
    assert found["asked"] == 0 and found["requests"] == 1
