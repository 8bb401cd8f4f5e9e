"""`onpage convert --lora`, `--merge-lora` and `inspect`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.formats.web_file_reader import WebFile
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.forked import onpage


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return write_checkpoint(tmp_path / "base"), write_adapter(tmp_path / "adapter", gemma3_config())


def test_an_adapter_is_written_and_inspected(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    done = onpage("convert", folders[0], "--lora", folders[1], "-o", tmp_path / "a.bin")
    assert done.returncode == 0, done.stderr
    assert "LoRA of rank 8 for GEMMA3_300M, 16 modules" in done.stdout
    assert f"onpage serve --model MODEL-web.task --lora {tmp_path / 'a.bin'}" in done.stdout
    shown = onpage("inspect", tmp_path / "a.bin").stdout
    for expected in ("LoRA of rank 8", "someone/gemma-3-tiny", "x_layers_3.self_attention.post.w_prime_left"):
        assert expected in shown
    facts = json.loads(onpage("inspect", tmp_path / "a.bin", "--json").stdout)
    assert (facts["lora_rank"], facts["trained_for"]) == (8, "someone/gemma-3-tiny")


def test_a_merged_model_is_a_model(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    done = onpage("convert", folders[0], "--merge-lora", folders[1], "-o", tmp_path / "m.task", "--json")
    assert done.returncode == 0, done.stderr
    assert WebFile.open(tmp_path / "m.task").lora_rank is None
    assert json.loads(done.stdout)["sha256"] != json.loads(
        onpage("convert", folders[0], "-o", tmp_path / "p.task", "--json").stdout
    ).get("sha256")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--merge-lora", "x"], "choose one"),
        (["--bits", "8"], "in float16: leave out --bits"),
        (["--embedding-bits", "4"], "leave out --embedding-bits"),
    ],
)
def test_an_adapter_alone_has_no_other_options(tmp_path: Path, options: list[str], sentence: str) -> None:
    done = onpage("convert", "base", "--lora", "adapter", "-o", tmp_path / "a.bin", *options)
    assert done.returncode == 2
    assert sentence in done.stderr
