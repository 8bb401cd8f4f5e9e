"""A slice as a folder: the same as transformers has with the same rows and columns, whole or not there, and converted."""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from builder.convert.against import check_against
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, OutputError, UnsupportedModel
from builder.files.writing import NoRoomError
from builder.model.opened import OpenedCheckpoint
from builder.reference.sources import CheckpointSource, HeldSource
from builder.reference.writer import Writer
from builder.slice.plan import Slice
from builder.slice.write import open_sliceable, write_slice
from builder.synth.web_file import BOS, FIRST_WORD
from tests.checkpoints import SLICEABLE, gemma3n_config, write_checkpoint, write_shards

CONFIG = gemma3n_config(**SLICEABLE, sliding_window=16)
PROMPT = [BOS, *np.random.Generator(np.random.PCG64(0)).integers(FIRST_WORD, 4096, 39).tolist()]
KEPT = (*range(12), 15, 16, 17)

TRANSFORMERS: dict[tuple[int, ...], tuple[list[int], dict[int, float]]] = {
    (128,) * 15: ([1982, 1568, 3893, 1426, 3087, 3898, 4031, 4092, 3048, 4069, 3380, 2552, 3033, 3859, 3944, 1963, 3944, 2566, 326, 1876, 2983, 759, 3380, 3091, 2444, 3571, 2026, 1352, 759, 3700, 3944, 1889, 3904, 1931, 888, 331, 4075, 3418, 279, 759], {759: 3.94234, 1862: 3.83691, 1011: 3.75206, 3452: 3.48968, 2032: 3.33244, 1806: 3.25213}),
    (128,) * 12 + (256,) * 3: ([1982, 1568, 3893, 1426, 3087, 3898, 4031, 4092, 3048, 4069, 3380, 2552, 3033, 3859, 3944, 1963, 3944, 2566, 326, 1876, 2983, 759, 3380, 3091, 2444, 3571, 2026, 1352, 759, 3700, 3944, 597, 3904, 1931, 888, 2263, 4075, 3418, 2552, 1862], {1862: 4.16691, 759: 4.06473, 1011: 3.62399, 3452: 3.38597, 1806: 3.26173, 2032: 3.23591}),
    (128,) * 4 + (256,) + (128,) * 10: ([681, 1568, 3893, 2235, 3087, 3898, 1534, 2447, 3893, 3713, 3380, 2552, 3033, 1757, 3944, 1963, 3944, 2566, 326, 3944, 2983, 759, 3380, 3091, 2444, 3190, 2026, 1352, 2930, 3700, 3944, 1889, 3904, 1931, 759, 2263, 4075, 3038, 3091, 759], {759: 3.66676, 1862: 3.47647, 2411: 3.37347, 2032: 3.32552, 624: 3.28932, 3452: 3.24343}),
}  # fmt: skip
"""Widths → what transformers 5.24 computes with the checkpoint below, cut by hand with torch: the likeliest token after each of the prompt,
and logits after its last."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("slice") / "c", CONFIG, seed=1)


@pytest.mark.parametrize("widths", TRANSFORMERS)
def test_a_slice_has_the_logits_that_transformers_has(folder: Path, tmp_path: Path, widths: tuple[int, ...]) -> None:
    written = write_slice(folder, tmp_path / "s", Slice(KEPT, widths))
    opened = OpenedCheckpoint.complete(written.path)
    writer = Writer(HeldSource(CheckpointSource(opened.model, opened.weights)), frozenset())
    logits = writer.predictions(writer.hidden_states(PROMPT))
    likeliest, last = TRANSFORMERS[widths]
    assert logits.argmax(axis=1).tolist() == likeliest
    assert {i: logits[-1, i] for i in last} == pytest.approx(last, abs=1e-4)


def test_the_whole_is_copied_bit_for_bit(tmp_path: Path) -> None:
    """In shards, with what sees, which no slice changes."""
    config = {"model_type": "gemma3n", "text_config": CONFIG, "vision_config": {}}
    folder = write_checkpoint(tmp_path / "c", config, dtype="F32")
    values = load_file(folder / "model.safetensors")
    values["model.vision_tower.conv.weight"] = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    write_shards(folder, values)
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    whole = open_sliceable(folder)
    written = write_slice(folder, tmp_path / "s", whole.whole)
    copied = load_file(written.path / "model.safetensors")
    assert copied.keys() == values.keys()
    assert all(np.array_equal(copied[name], values[name]) for name in values)
    assert (written.path / "tokenizer.model").read_bytes() == (folder / "tokenizer.model").read_bytes()
    assert (written.path / "chat_template.jinja").read_text() == "{{ messages }}"
    assert written.size == (written.path / "model.safetensors").stat().st_size


def test_a_slice_becomes_a_web_file(folder: Path, tmp_path: Path) -> None:
    written = write_slice(folder, tmp_path / "s", Slice(KEPT, (128,) * 15))
    assert not written.notes
    web = convert_checkpoint(written.path, tmp_path / "s-web.task")
    assert web.parameters == written.parameters == check_against(web.path, written.path)


def test_a_slice_of_several_widths_is_for_transformers(folder: Path, tmp_path: Path) -> None:
    written = write_slice(folder, tmp_path / "s", Slice(KEPT, (128,) * 4 + (256,) + (128,) * 10))
    [note] = written.notes
    assert note.startswith("for transformers only. A gemma3n whose feed-forwards are 128, 256 wide")
    with pytest.raises(UnsupportedModel, match="whose feed-forwards"):
        convert_checkpoint(written.path, tmp_path / "s-web.task")


def test_what_is_there_is_kept(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    kept = tmp_path / "s" / "mine.txt"
    kept.write_text("mine")
    with pytest.raises(OutputError, match="exists: name a new folder"):
        write_slice(folder, tmp_path / "s", Slice(KEPT, (128,) * 15))
    assert [*tmp_path.rglob("*")] == [tmp_path / "s", kept]


def test_nothing_is_left_of_a_slice_that_fails(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("builder.slice.write.os.fsync", full)
    with pytest.raises(
        NoRoomError, match=r"No room for .*/s: .*takes no more, though [\d,.]+ MB are free there; delete"
    ):
        write_slice(folder, tmp_path / "s", Slice(KEPT, (128,) * 15))
    assert not [*tmp_path.iterdir()]


def test_a_limit_of_the_file_size_is_named_before_the_work(folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "onpage", "slice", folder, "-o", tmp_path / "s", "--ffn", "128"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "it comes to more than the limit of 1.0 MB for one file; raise it with ulimit -f" in done.stderr
    assert not [*tmp_path.iterdir()]


def test_a_checkpoint_that_lacks_a_tensor_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = write_checkpoint(tmp_path / "c", CONFIG)
    values = load_file(broken / "model.safetensors")
    del values["model.layers.14.mlp.up_proj.weight"]  # of a layer that is left out
    write_shards(broken, values)
    with pytest.raises(CheckpointError, match="up_proj"):
        write_slice(broken, tmp_path / "s", Slice(KEPT, (128,) * 15))


def test_progress_reaches_all_bytes(folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    written = write_slice(folder, tmp_path / "s", Slice(KEPT, (128,) * 15), lambda *step: seen.append(step))
    phases = {phase for phase, _, _ in seen}
    assert phases == {"write"} and seen[-1][1] == seen[-1][2]
    assert seen[-1][2] == sum(values.nbytes for values in load_file(written.path / "model.safetensors").values())
