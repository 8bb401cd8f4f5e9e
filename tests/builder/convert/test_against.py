"""`onpage verify FILE --against CHECKPOINT`: each weight is the nearest one that its scale allows."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from builder.bundle import web_source, write_litertlm
from builder.calibrate.prepare import Calibration
from builder.convert.against import check_against, other_row
from builder.convert.web_file import convert_checkpoint
from builder.errors import ModelFileError, OnpageError
from builder.formats.web_file_reader import WebFile
from builder.quantize.scheme import Quantization, ScaleChoice
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.forked import onpage

CONFIG = gemma3_config(num_hidden_layers=1, vocab_size=512)
UP = "params.lm.transformer.x_layers_0.ff_layer.ffn_layer1"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("against") / "c", CONFIG)


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
@pytest.mark.parametrize("scale", ["max", "mse", "weighted"])
def test_what_convert_wrote_is_the_checkpoints(checkpoint: Path, tmp_path: Path, bits: str, scale: ScaleChoice) -> None:
    chosen = Quantization.of(bits, scale=scale)
    written = convert_checkpoint(checkpoint, tmp_path / "m.task", quantization=chosen)
    assert check_against(tmp_path / "m.task", checkpoint) == written.parameters
    write_litertlm(tmp_path / "m.litertlm", web_source(tmp_path / "m.task"))
    assert check_against(tmp_path / "m.litertlm", checkpoint) == written.parameters


@pytest.mark.parametrize(
    ("name", "offset", "change", "reason"),
    [
        (f"{UP}.w", 100, b"\x80" * 64, rf"tensor {UP} is up to .* steps from the checkpoint's weights"),
        (f"{UP}.w_quantized_scale", 8, struct.pack("<f", 9.0), rf"tensor {UP} has scales that are larger"),
        (f"{UP}.w_quantized_scale", 8, struct.pack("<f", 1e-5), rf"tensor {UP} is up to"),
        (
            "params.lm.final_ln.scale",
            4,
            struct.pack("<f", 0.123),
            r"tensor params\.lm\.final_ln\.scale differs by up to",
        ),
    ],
)
def test_what_is_not_the_checkpoints_is_named(
    checkpoint: Path, tmp_path: Path, name: str, offset: int, change: bytes, reason: str
) -> None:
    convert_checkpoint(checkpoint, tmp_path / "m.task")
    at = WebFile.open(tmp_path / "m.task").tensors[name].offset + offset
    content = bytearray((tmp_path / "m.task").read_bytes())
    content[at : at + len(change)] = change
    (tmp_path / "m.task").write_bytes(content)
    with pytest.raises(ModelFileError, match=reason):
        check_against(tmp_path / "m.task", checkpoint)


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
def test_a_calibrated_file_is_the_checkpoints_row_by_row(checkpoint: Path, tmp_path: Path, bits: str) -> None:
    path = tmp_path / "m.task"
    chosen = Quantization.of(bits, embedding="8", scale="weighted")
    written = convert_checkpoint(checkpoint, path, quantization=chosen, calibration=Calibration(tokens=200))
    assert check_against(path, checkpoint) == written.parameters
    other = write_checkpoint(tmp_path / "other", CONFIG, seed=1)
    with pytest.raises(ModelFileError, match=f"does not hold the weights of {other}"):
        check_against(path, other)
    # the scale of another row, up to the sign: a row of other weights
    at = WebFile.open(path).tensors[f"{UP}.w_quantized_scale"].offset
    content = bytearray(path.read_bytes())
    for i in range(at, at + 4 * (1 if bits != "q4_0" else 4), 4):
        content[i + 3] ^= 0x80
    path.write_bytes(content)
    with pytest.raises(
        ModelFileError, match=rf"tensor {UP} has a row 0 that is not the checkpoint's, not .* angle is -(0\.\d\d|1\.00)"
    ):
        check_against(path, checkpoint)


def test_a_calibrated_row_may_go_far_where_no_inputs_are() -> None:
    """As a row of Gemma 3 270M at 4 bits does: 1.28 times its own length."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(6, 4, 32)).astype(np.float32)
    away = random.normal(size=rows.shape).astype(np.float32)
    along = np.einsum("ngk,ngk->n", rows, away) / np.einsum("ngk,ngk->n", rows, rows)
    away -= along[:, None, None] * rows
    away *= (np.linalg.norm(rows, axis=(1, 2)) / np.linalg.norm(away, axis=(1, 2)))[:, None, None]
    assert other_row(rows, rows * np.float32(1.02) + np.float32(1.27) * away) is None
    for row, wrong in ((1, away[1]), (2, rows[3]), (3, np.zeros_like(rows[3])), (4, 2 * rows[4]), (5, -rows[5])):
        found = rows.copy()
        found[row] = wrong
        named = other_row(rows, found)
        assert named is not None and named[0] == row
    assert other_row(np.zeros_like(rows), rows) is None


def test_another_state_of_training_or_another_shape_is_seen(checkpoint: Path, tmp_path: Path) -> None:
    convert_checkpoint(checkpoint, tmp_path / "m.task")
    other = write_checkpoint(tmp_path / "other", CONFIG, seed=1)
    with pytest.raises(ModelFileError, match=f"does not hold the weights of {other}"):
        check_against(tmp_path / "m.task", other)
    larger = write_checkpoint(tmp_path / "larger", CONFIG | {"intermediate_size": 768})
    with pytest.raises(ModelFileError, match="another shape than"):
        check_against(tmp_path / "m.task", larger)


def test_a_merged_file_cannot_be_compared(checkpoint: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a", CONFIG)
    convert_checkpoint(checkpoint, tmp_path / "m.task", merge=adapter)
    with pytest.raises(OnpageError, match="has an adapter merged into its weights"):
        check_against(tmp_path / "m.task", checkpoint)


def test_the_command(checkpoint: Path, tmp_path: Path) -> None:
    convert_checkpoint(checkpoint, tmp_path / "m.task")
    done = onpage("verify", tmp_path / "m.task", "--against", checkpoint)
    assert done.returncode == 0 and f"as {checkpoint}" in done.stdout, done.stderr
    other = write_checkpoint(tmp_path / "other", CONFIG, seed=1)
    done = onpage("verify", tmp_path / "m.task", "--against", other)
    assert done.returncode == 1 and "sound" not in done.stdout and "does not hold the weights" in done.stderr
    assert onpage("verify", "--against", checkpoint).returncode == 2
