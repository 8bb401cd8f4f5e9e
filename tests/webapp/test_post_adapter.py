"""The adapter that ships: what `convert --merge-lora` needs of it, and that its card says what it is."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import webapp
from builder.convert.web_file import convert_checkpoint
from builder.formats.inspect_web_file import Sampling, inspect_web_file
from builder.lora.adapter import Adapter
from tests.adapters import ATTENTION, FEED_FORWARD, matrices
from tests.checkpoints import gemma3_config, write_checkpoint

FOLDER = Path(webapp.__file__).parent / "adapters" / "gemma-3-270m-post"
WEIGHTS = FOLDER / "adapter_model.safetensors"
GEMMA_270M = gemma3_config(hidden_size=640, intermediate_size=2048, num_hidden_layers=18, head_dim=256)
MAX_SIZE = 8_000_000


@pytest.fixture(scope="module")
def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def test_it_changes_every_matrix_of_gemma_3_270m_and_nothing_else() -> None:
    adapter = Adapter.open(FOLDER)
    wanted = {
        str(matrix.source).removeprefix("model.").removesuffix(".weight"): (matrix.outputs, matrix.inputs)
        for matrix in matrices(GEMMA_270M, ATTENTION + FEED_FORWARD)
    }
    assert len(wanted) == 18 * 7
    assert {name: low.shape for name, low in adapter.modules.items()} == wanted
    assert {(low.rank, low.scale, low.magnitude) for low in adapter.modules.values()} == {(8, 2.0, None)}
    assert not adapter.whole
    assert adapter.base == "google/gemma-3-270m"


def test_its_values_are_float16_finite_and_not_zero() -> None:
    adapter = Adapter.open(FOLDER)
    for low in adapter.modules.values():
        for tensor in (low.a, low.b):
            values = adapter.values(tensor)
            assert tensor.dtype == "F16" and np.isfinite(values).all() and np.abs(values).max() > 1e-4, tensor.name


def test_it_is_small_and_the_card_names_its_bytes(card: str) -> None:
    data = WEIGHTS.read_bytes()
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= MAX_SIZE
    assert f"{len(data):,} bytes" in card
    assert re.findall(r"`([0-9a-f]{64})`", card) == [hashlib.sha256(data).hexdigest()]


def test_the_terms_go_with_it() -> None:
    notice = (FOLDER / "NOTICE.txt").read_text(encoding="utf-8")
    assert notice.startswith(
        "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms\n"
    )
    assert "3.2 Use Restrictions" in (FOLDER / "GEMMA_TERMS.txt").read_text(encoding="utf-8")


def test_a_merged_model_samples_as_it_says(tmp_path: Path) -> None:
    config = gemma3_config(hidden_size=640, intermediate_size=2048, num_hidden_layers=18, head_dim=256, vocab_size=512)
    convert_checkpoint(write_checkpoint(tmp_path / "c", config), tmp_path / "m.task", merge=FOLDER)
    assert inspect_web_file(tmp_path / "m.task").sampling == Sampling(0.3, 8)


def test_the_data_of_the_card_can_be_made_again(card: str) -> None:
    command, digest = re.findall(r"python -m builder\.demo\.scenes (\d+) .*sha256sum.*?# ([0-9a-f]{16})…", card)[0]
    made = subprocess.run([sys.executable, "-m", "builder.demo.scenes", command], capture_output=True, check=True)
    assert hashlib.sha256(made.stdout).hexdigest().startswith(digest)


def test_the_log_has_what_the_card_says(card: str) -> None:
    head, *lines = (FOLDER / "training_log.csv").read_text(encoding="utf-8").splitlines()
    assert head == "run,step,held_out_loss,held_out_likeliest_right,training_loss,seconds"
    logged = [dict(zip(head.split(","), line.split(","), strict=True)) for line in lines]
    best = min((one for one in logged if one["run"] == logged[-1]["run"]), key=lambda one: float(one["held_out_loss"]))
    assert f"→ {float(best['held_out_loss']):.3f} |" in card and f"| {best['step']} steps |" in card
