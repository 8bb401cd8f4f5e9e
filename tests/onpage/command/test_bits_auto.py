"""`onpage convert --bits auto`: the table, the choice, and what does not go together."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import onpage
from builder.formats.inspect_web_file import inspect_web_file
from onpage.command import cli
from tests.checkpoints import gemma3_config, write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a file over the format's least size, so that sizes differ."""
    return write_checkpoint(
        tmp_path_factory.mktemp("auto") / "c",
        gemma3_config(num_hidden_layers=2, vocab_size=2048, hidden_size=256, intermediate_size=1024),
    )


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(" bababa cucucu dododo" * 20)
    return path


def convert(checkpoint: Path, output: Path, *options: object) -> Result:
    arguments = ["convert", checkpoint, "-o", output, *options]
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_the_table_has_the_choice_marked_and_the_file_is_it(checkpoint: Path, text: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.task"
    smallest = json.loads(
        convert(checkpoint, output, "--bits", "auto", "--max-divergence", 9, "--calibrate", text, "--json").stdout
    )
    assert smallest["mix"]["chosen"] == smallest["mix"]["candidates"][0]
    assert (
        len(smallest["mix"]["chosen"]["q4_0"]) == 8 and smallest["quantization"]["embedding"] == "int4 in blocks of 32"
    )
    sizes = [one["size"] for one in smallest["mix"]["candidates"]]
    assert sizes == sorted(sizes) and smallest["size"] <= sizes[0]
    target = sizes[len(sizes) // 2]
    done = convert(checkpoint, output, "--bits", "auto", "--target-size", f"{target}B", "--calibrate", text)
    assert done.exit_code == 0, done.output
    rows = re.findall(r"^([* ]) +([\d.,]+) MB +(\d\.\d{3})  ([a-z, ]+)$", done.stdout, re.MULTILINE)
    assert len(rows) >= 3 and [float(row[2]) for row in rows] == sorted((float(row[2]) for row in rows), reverse=True)
    chosen = [row for row in rows if row[0] == "*"]
    assert len(chosen) == 1 and chosen[0][1] == f"{target / 1e6:.1f}"
    assert output.stat().st_size <= target
    assert rows[-1][3] == "nothing"
    assert inspect_web_file(output).conversion["calibrated on"] == "text.txt"


def test_without_a_limit_the_divergence_is_within_a_tenth(checkpoint: Path, text: Path, tmp_path: Path) -> None:
    found = json.loads(
        convert(checkpoint, tmp_path / "m.task", "--bits", "auto", "--calibrate", text, "--json").stdout
    )["mix"]
    within = [one for one in found["candidates"] if one["divergence"] <= 0.1]
    assert found["chosen"] == within[0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--bits", "auto", "--target-size", "9MB", "--max-divergence", "0.1"), "leave one of them out"),
        (("--target-size", "9MB"), "--target-size needs --bits auto"),
        (("--bits", "4", "--max-divergence", "0.1"), "--max-divergence needs --bits auto"),
        (("--bits", "auto", "--embedding-bits", "8"), "leave --embedding-bits out"),
        (("--bits", "auto", "--scale", "mse"), "leave --scale out"),
        (("--bits", "auto", "--target", "graph"), "--bits auto needs --target web"),
        (("--bits", "auto", "--lora", "adapter"), "leave out --bits"),
        (("--lora", "adapter", "--target-size", "9MB"), "leave out --target-size"),
        (("--bits", "auto", "--target-size", "9"), "add the unit"),
        (("--bits", "auto", "--max-divergence", "0"), "is not in the range"),
        (("--bits", "auto", "--calibrate", "."), "put --calibrate at the end"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    checkpoint: Path, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    done = convert(checkpoint, tmp_path / "m.task", *options)
    assert done.exit_code == 2 and sentence in done.output
    assert not list(tmp_path.iterdir())


def test_a_size_that_no_mix_has_is_refused_with_the_smallest(checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.task"
    output.write_bytes(b"before")
    done = convert(checkpoint, output, "--bits", "auto", "--target-size", "100KB")
    assert done.exit_code == 1
    said = r"No mix of bits makes a file of at most 100,000 bytes: the smallest has [\d,]+ bytes \([\d.]+ MB\)"
    assert re.fullmatch(said + r"\.", str(done.exception))
    assert output.read_bytes() == b"before"


def test_the_model_writes_the_text_itself(checkpoint: Path, tmp_path: Path) -> None:
    done = convert(checkpoint, tmp_path / "m.task", "--bits", "q4_0", "--calibrate", "self")
    assert done.exit_code == 0, done.output
    assert inspect_web_file(tmp_path / "m.task").conversion["calibrated on"] == "text that it wrote itself (seed 0)"
    written = onpage.convert(checkpoint, tmp_path / "p.task", bits="q4_0", calibrate="self")
    assert written.sha256 == onpage.verify(tmp_path / "m.task")[str(tmp_path / "m.task")]


def test_the_same_from_python(checkpoint: Path, text: Path, tmp_path: Path) -> None:
    written = onpage.convert(checkpoint, tmp_path / "m.task", bits="auto", max_divergence=9.0, calibrate=text)
    assert written.mix is not None and written.mix.chosen == written.mix.candidates[0]
    target = written.mix.candidates[-1].size - 1
    written = onpage.convert(checkpoint, tmp_path / "m.task", bits="auto", target_size=target, calibrate=text)
    assert written.mix is not None and written.size <= target and written.mix.chosen == written.mix.candidates[-2]
    assert written.to_json()["mix"]["chosen"]["size"] == written.mix.chosen.size


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"bits": "auto", "target_size": 10**9, "max_divergence": 0.1}, "leave one of them out"),
        ({"target_size": 10**9}, 'need bits="auto"'),
        ({"bits": "auto", "scale": "mse"}, "chooses for itself"),
        ({"bits": "auto", "embedding_bits": "8"}, "chooses for itself"),
        ({"bits": "auto", "target_size": 1000}, "the smallest has"),
    ],
)
def test_python_refuses_the_same(checkpoint: Path, tmp_path: Path, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(onpage.OnpageError, match=sentence):
        onpage.convert(checkpoint, tmp_path / "m.task", **options)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
