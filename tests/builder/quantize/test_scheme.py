from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from builder.errors import UnsupportedModel
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import StoredMatrix
from builder.quantize.scheme import INT4, INT8, Q4_0, Quantization, Scheme
from builder.synth.web_file import synthesize

EMBEDDING, DOWN = "params.lm.softmax.logits_ffn", "params.lm.transformer.x_layers_0.ff_layer.ffn_layer2"


@pytest.mark.parametrize(
    ("quantization", "words"),
    [
        (Quantization.of("4"), "int4"),
        (Quantization.of("4", embedding="8"), "int4, embedding int8"),
        (Quantization.of("q4_0", attention="8"), "attention int8, feedforward int4 in blocks of 32, embedding int4 in blocks of 32"),
        (Quantization.of("8", feedforward="4"), "attention int8, feedforward int4, embedding int8"),
    ],
)  # fmt: skip
def test_inspect_says_of_a_file_what_was_asked_for(tmp_path: Path, quantization: Quantization, words: str) -> None:
    synthesize("layers=1", tmp_path / "m.task", quantization=quantization)
    assert str(quantization) == words
    assert inspect_web_file(tmp_path / "m.task").quantization == words


def test_the_reader_finds_shape_and_blocks_without_the_sums_too(tmp_path: Path) -> None:
    synthesize("layers=1", tmp_path / "m.task", quantization=Quantization.of("q4_0", attention="4", embedding="8"))
    file = WebFile.open(tmp_path / "m.task")
    bare = dataclasses.replace(file, tensors={n: t for n, t in file.tensors.items() if not n.endswith(".sum_i")})
    attention = "params.lm.transformer.x_layers_0.self_attention."
    for found in (file, bare):
        assert found.matrix(EMBEDDING) == StoredMatrix(128, 4096, INT8)
        assert found.matrix(DOWN) == StoredMatrix(512, 128, Q4_0)
        assert found.matrix(attention + "post") == StoredMatrix(256, 128, INT4)
        assert found.matrix(attention + "k") == StoredMatrix(128, 64, INT4)
        assert found.matrix("params.lm.final_ln") is None


@pytest.mark.parametrize("part", [".w", ".w.sum_i", ".w_quantized_scale"])
@pytest.mark.parametrize("size", [1, 3, 4, 12, 10_000, 1 << 40])
def test_sizes_that_no_matrix_has_are_none(tmp_path: Path, part: str, size: int) -> None:
    synthesize("layers=1", tmp_path / "m.task")
    file = WebFile.open(tmp_path / "m.task")
    wrong = dataclasses.replace(file.tensors[DOWN + part], size=size)
    found = dataclasses.replace(file, tensors=file.tensors | {DOWN + part: wrong}).matrix(DOWN)
    assert found is None or found.k * found.n == file.tensors[DOWN + ".w"].size or part == ".w"


def test_blocks_that_do_not_divide_the_inputs_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"q_proj.weight has 72 inputs, which blocks of 32 do not divide"):
        synthesize("layers=1,hidden=72", tmp_path / "m.task", quantization=Quantization(attention=Scheme(4, 32)))
    assert not list(tmp_path.iterdir())
