"""What sees of a model, from the command line: asked for, said, and refused where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onpage.building import convert
from onpage.examining import estimate
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.forked import onpage
from tests.goldens.encoder_cases import ENCODERS
from tests.goldens.tower_cases import TOWERS


def test_what_sees_is_converted_on_request_and_its_difference_is_said(tmp_path: Path) -> None:
    folder, output = TOWERS["pooled"].write(tmp_path / "c"), tmp_path / "m.task"
    done = onpage("convert", folder, "-o", output, "--pictures")
    assert done.returncode == 0, done.stderr
    assert "48 × 48 pixels and 10 tokens each" in done.stdout and "how much that costs is not known" in done.stdout
    assert "vision tensors left out" not in done.stdout
    shown = onpage("inspect", output).stdout
    assert "pictures go in\t48 × 48 pixels and 10 tokens each" in shown
    assert "pictures\tthe engine's attention is causal within one" in shown
    assert onpage("convert", folder, "-o", tmp_path / "m.litertlm", "--pictures").returncode == 0
    contained = onpage("inspect", tmp_path / "m.litertlm").stdout
    assert "pictures\tthe engine's attention is causal within one" in contained and "written by\tonpage" in contained
    assert "\tsound\t" in onpage("verify", output, "--against", folder).stdout
    sizes = [
        json.loads(onpage("estimate", folder, *more, "--json").stdout)["parameters"] for more in ([], ["--pictures"])
    ]
    assert sizes[1] - sizes[0] == sum(values.size for values in TOWERS["pooled"].tower().values())
    assert estimate(str(folder), pictures=True).parameters == sizes[1]
    assert convert(folder, tmp_path / "n.task", pictures=True).size == output.stat().st_size
    assert (tmp_path / "n.task").read_bytes() == output.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--target", "graph"), "--pictures needs --target web"),
        (("--lora", "adapter"), "--lora writes only the adapter, in float16: leave out --pictures"),
        ((), "by towers that onpage does not write. Leave --pictures out."),
    ],
)
def test_where_it_cannot_be_it_is_refused(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1))
    done = onpage("convert", folder, "-o", tmp_path / "m.litertlm", "--pictures", *arguments)
    assert done.returncode != 0 and sentence in " ".join(done.stderr.split())
    assert not (tmp_path / "m.litertlm").exists()


def test_a_model_that_compares_texts_sees_nothing(tmp_path: Path) -> None:
    folder = ENCODERS["bert"].write(tmp_path / "c")
    done = onpage("convert", folder, "-o", tmp_path / "m.litertlm", "--pictures")
    assert done.returncode != 0 and "leave out --pictures" in " ".join(done.stderr.split())
