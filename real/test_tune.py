"""`onpage tune` on the real Gemma 3 270M: a few steps that learn, a kill that costs nothing, an adapter that converts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from builder.tune.sample import emoji_examples

SETTINGS = ("--rank", "4", "--epochs", "2", "--batch-tokens", "512", "--learning-rate", "0.001", "--patience", "0")
EXAMPLES = 60
DEADLINE = 3600


def onpage(*arguments: object) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(
        [sys.executable, "-m", "onpage", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tune") / "emoji.jsonl"
    path.write_text("\n".join(map(json.dumps, emoji_examples(EXAMPLES))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def adapter(gemma: Path, data: Path) -> Path:
    """Tuned in one go; its report lies beside it."""
    folder = data.parent / "adapter"
    run = onpage("tune", gemma, data, "-o", folder, *SETTINGS, "--report", "--json")
    (data.parent / "report.json").write_text(run.stdout, encoding="utf-8")
    return folder


def test_it_learns(adapter: Path) -> None:
    report: dict[str, Any] = json.loads((adapter.parent / "report.json").read_text(encoding="utf-8"))
    losses = [each["loss"] for each in report["evaluations"]]
    assert min(losses) < 0.6 * losses[0], losses
    assert report["learned_from"] + report["judged_by"] == EXAMPLES
    assert len(report["answers"]) == 5 and all(each["written"] for each in report["answers"])
    assert sorted(path.name for path in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert not adapter.with_name("adapter.tuning.pt").exists()


def test_it_goes_on_after_a_kill_and_ends_as_without(gemma: Path, data: Path, adapter: Path) -> None:
    folder = data.parent / "killed"
    state = data.parent / "killed.tuning.pt"
    command = [sys.executable, "-m", "onpage", "tune", gemma, data, "-o", folder, *SETTINGS]
    process = subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + DEADLINE
    while not state.exists():
        assert process.poll() is None and time.monotonic() < end, process.stderr and process.stderr.read()
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.communicate()
    assert not folder.exists()
    run = onpage(*map(str, command[3:]))
    assert "Going on at step" in run.stderr
    expected, found = (load_file(each / "adapter_model.safetensors") for each in (adapter, folder))
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, atol=2e-3, err_msg=name)


def test_another_run_goes_on_from_its_weights(gemma: Path, data: Path, adapter: Path) -> None:
    folder = data.parent / "wider"
    run = onpage("tune", gemma, data, "-o", folder, "--from", adapter, "--epochs", "0.1", "--json")
    first = json.loads(run.stdout)["evaluations"][0]
    report = json.loads((adapter.parent / "report.json").read_text(encoding="utf-8"))
    assert first["step"] == 0 and abs(first["loss"] - min(each["loss"] for each in report["evaluations"])) < 0.02
    assert json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["r"] == 4


def test_the_adapter_converts_beside_the_model_and_merged(gemma: Path, adapter: Path, tmp_path: Path) -> None:
    onpage("convert", gemma, "--lora", adapter, "-o", tmp_path / "adapter.bin")
    onpage("convert", gemma, "--merge-lora", adapter, "-o", tmp_path / "merged.task")
    assert (tmp_path / "adapter.bin").stat().st_size < 8_000_000 < (tmp_path / "merged.task").stat().st_size
