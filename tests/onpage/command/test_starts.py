"""What a start of a command loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoints import gemma3_config, write_checkpoint

LOADED = """
import sys
from onpage.command import cli
try:
    cli.main(sys.argv[2:], standalone_mode=False)
finally:
    print("loaded:", *(name for name in sys.argv[1].split() if name in sys.modules))
"""

NETWORK = ("httpx2", "httpcore2", "huggingface_hub", "anyio")
PAGE = ("flask", "waitress")


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["convert", "CHECKPOINT", "-o", "m.task"], (*NETWORK, *PAGE, "litert_lm_builder", "absl")),
        (["estimate", "CHECKPOINT"], (*NETWORK, *PAGE, "litert_lm_builder", "absl")),
        (["synth", "layers=1", "-o", "s.task"], (*NETWORK, *PAGE, "litert_lm_builder", "absl")),
        (["models", "--stored"], (*NETWORK, *PAGE, "numpy")),
        (["evaluate", "CHECKPOINT", "--tokens", "8"], (*NETWORK, *PAGE)),
    ],
)
def test_a_command_does_not_wait_for_what_it_does_not_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], unused: tuple[str, ...]
) -> None:
    """What the network needs takes a third of a second to load: as long as a small conversion."""
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1))
    monkeypatch.setenv("ONPAGE_HOME", str(tmp_path / "store"))
    words = [str(folder) if word == "CHECKPOINT" else word for word in arguments]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, " ".join(unused), *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.splitlines()[-1] == "loaded:", done.stderr
