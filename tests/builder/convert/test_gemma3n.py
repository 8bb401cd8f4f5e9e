"""Gemma 3n on its way into a web file: every tensor is the checkpoint's and matters, and a scaled stream is the same function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.convert.against import check_against
from builder.convert.web_file import UNBOUNDED, convert_checkpoint
from builder.errors import OnpageError, UnsupportedModel
from builder.formats.check_web_file import check_web_file
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.web_file_reader import WebFile
from builder.graph.convert import convert_to_graph
from builder.lora.adapter_file import Base
from builder.reference.dense import Reference
from tests.checkpoints import gemma3n_config, write_checkpoint
from tests.goldens.cases import CASES

PROMPT = [2, *range(300, 340)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("gemma3n") / "c", gemma3n_config(sliding_window=16))


@pytest.fixture(scope="module")
def written(folder: Path) -> Path:
    return convert_checkpoint(folder, folder.with_name("m.task")).path


def test_every_weight_is_the_checkpoints(written: Path, folder: Path) -> None:
    check_web_file(WebFile.open(written))
    facts = inspect_web_file(written)
    assert check_against(written, folder) == facts.parameters
    assert (facts.family, facts.model_type, facts.quantization) == ("gemma3n", "GEMMA3N_2B", "int8")
    assert facts.parts["residual streams"] > 0


def test_every_tensor_changes_the_logits(tmp_path: Path) -> None:
    reference = Reference.from_web_file(CASES["gemma3n"].convert("gemma3n", tmp_path).path)
    expected, random = reference.logits(PROMPT), np.random.Generator(np.random.PCG64(1))
    source: Any = reference.source
    for where, held in enumerate([source._whole, *source._layers]):
        for part, values in list(held.items()):
            held[part] = values * random.uniform(0.5, 2, values.shape).astype(np.float32)
            assert np.abs(reference.logits(PROMPT) - expected).max() > 0.01, (where, part)
            held[part] = values
    np.testing.assert_array_equal(reference.logits(PROMPT), expected)


def test_a_scaled_stream_is_the_same_function(tmp_path: Path) -> None:
    """Of a stream that is large enough for the epsilon of its norms not to matter."""
    folder = write_checkpoint(tmp_path / "c", gemma3n_config(sliding_window=16), residual=4096.0)
    files = [convert_checkpoint(folder, tmp_path / f"{c}.task", residual_scale=c).path for c in (1 / 64, 1 / 512)]
    one, other = (Reference.from_web_file(path).logits(PROMPT) for path in files)
    np.testing.assert_allclose(other, one, atol=2e-3)
    assert all(check_against(path, folder) > 0 for path in files)
    largest = [WebFile.open(path).largest_residual or 0 for path in files]
    assert largest[0] == pytest.approx(8 * largest[1], rel=1e-3)


def test_no_bound_is_found_for_mixed_streams(folder: Path, tmp_path: Path) -> None:
    written = convert_checkpoint(folder, tmp_path / "m.task", residual_scale="bound")
    file = WebFile.open(written.path)
    assert (file.residual_scale, file.residual_bound, file.largest_residual) == (1.0, None, None)
    assert UNBOUNDED in written.notes


def test_no_graph_and_no_adapter_are_written_for_it(folder: Path, written: Path, tmp_path: Path) -> None:
    for source in (folder, written):
        with pytest.raises(OnpageError, match="graph"):
            convert_to_graph(source, tmp_path / "g.litertlm")
        with pytest.raises(UnsupportedModel, match="other names in the engine: onpage"):
            Base.open(source)
    assert not (tmp_path / "g.litertlm").exists()
