"""Checkpoints whose residual stream float16 cannot hold, as that of real Gemmas: the file's stream fits, and its text is the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from builder.convert.against import check_against
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, ModelFileError
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter_file import convert_adapter
from builder.model.opened import OpenedCheckpoint
from builder.model.residual import BOUNDED, FLOAT16_MAX, TARGET
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.reference.report import report_on
from builder.synth.web_file import FIRST_WORD, word
from tests.adapters import write_adapter
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, write_checkpoint

PROMPT = [2, *range(300, 320)]
RESIDUAL = 4096.0
FAMILIES = [gemma1_config, gemma2_config, gemma3_config]
Config = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Config:
    config: Config = request.param
    return config


def convert(folder: Path, config: dict[str, Any], residual: float, **options: Any) -> WebFile:
    """The web file of a checkpoint of this residual stream."""
    checkpoint = write_checkpoint(folder / f"c{residual}", config, residual=residual)
    convert_checkpoint(checkpoint, folder / f"m{residual}.task", **options)
    return WebFile.open(folder / f"m{residual}.task")


def test_a_large_stream_is_scaled_into_float16_and_the_answer_is_the_same(family: Config, tmp_path: Path) -> None:
    """float32 and float16: the file of the large stream computes what that of the small one does."""
    config = family(vocab_size=1024)
    small, large = (convert(tmp_path, config, residual) for residual in (1.0, RESIDUAL))
    assert (small.residual_scale, large.residual_scale) == (1.0, large.residual_scale)
    assert large.residual_scale < 1 and TARGET / 2 < (large.largest_residual or 0) <= TARGET
    [expected] = Reference(small).greedy([PROMPT], 16)
    [answer] = Reference(large).greedy([PROMPT], 16)
    assert answer.ids == expected.ids
    half, half_small = Reference(large, "float16"), Reference(small, "float16")
    [rounded], [rounded_small] = half.greedy([PROMPT], 16), half_small.greedy([PROMPT], 16)
    assert half.largest_activation < FLOAT16_MAX / 2
    np.testing.assert_allclose(rounded.margins[:1], rounded_small.margins[:1], atol=0.1)


def test_left_as_it_is_it_overflows(family: Config, tmp_path: Path) -> None:
    file = convert(tmp_path, family(vocab_size=1024), 16 * RESIDUAL, residual_scale=1.0)
    assert file.residual_scale == 1.0 and (file.largest_residual or 0) > FLOAT16_MAX
    half = Reference(file, "float16")
    half.logits(PROMPT)
    assert half.largest_activation > FLOAT16_MAX


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
def test_only_scales_and_norms_differ(family: Config, tmp_path: Path, bits: str) -> None:
    """A power of two does nothing to the values, whatever quantizes them."""
    config = family(vocab_size=512)
    plain = convert(tmp_path, config, RESIDUAL, quantization=Quantization.of(bits), residual_scale=1.0)
    values = {name: plain.read(name) for name in plain.tensors}
    scaled = convert(tmp_path, config, RESIDUAL, quantization=Quantization.of(bits), residual_scale=1 / 64)
    changed = {name for name in values if scaled.read(name) != values[name]}
    assert changed and all(name.endswith((".w_quantized_scale", ".scale")) for name in changed)
    name = "params.lm.softmax.logits_ffn.w_quantized_scale"
    before, after = np.frombuffer(values[name], np.float32), np.frombuffer(scaled.read(name), np.float32)
    np.testing.assert_array_equal(after * 64, before)


def test_verify_compares_with_the_checkpoint_all_the_same(family: Config, tmp_path: Path) -> None:
    file = convert(tmp_path, family(vocab_size=512), RESIDUAL)
    assert check_against(file.path, tmp_path / f"c{RESIDUAL}") > 0
    other = write_checkpoint(tmp_path / "other", family(vocab_size=512), residual=RESIDUAL / 2)
    with pytest.raises(ModelFileError, match="does not hold the weights of"):
        check_against(file.path, other)


def test_the_report_compares_them_too(tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("".join(f" {word(i)}" for i in range(FIRST_WORD, FIRST_WORD + 60)))
    config = gemma3_config(vocab_size=512)
    reports = []
    for residual in (1.0, RESIDUAL):
        file = convert(tmp_path, config, residual)
        opened = OpenedCheckpoint.complete(tmp_path / f"c{residual}")
        reports.append(report_on(file.path, opened, texts=[text]))
    ours, theirs = ([tensor.relative_error for tensor in report.tensors] for report in reports)
    assert max(ours) < 0.01 and theirs == pytest.approx(ours, rel=1e-3)
    plain, scaled = (report.quality.all.divergence for report in reports)
    assert plain and scaled and scaled.value == pytest.approx(plain.value, rel=0.05, abs=1e-6)


@pytest.mark.parametrize("base", ["checkpoint", "web file"])
def test_an_adapter_does_to_a_scaled_base_what_it_did(family: Config, tmp_path: Path, base: str) -> None:
    config = family(vocab_size=1024)
    answers = []
    for residual in (1.0, RESIDUAL):
        file = convert(tmp_path, config, residual)
        folder = write_adapter(tmp_path / f"a{residual}", config, targets=("q_proj", "v_proj"))
        path = file.path if base == "web file" else tmp_path / f"c{residual}"
        convert_adapter(path, folder, tmp_path / f"a{residual}.bin")
        model = Reference(file, adapter=WebFile.open(tmp_path / f"a{residual}.bin"))
        answers.append(model.greedy([PROMPT], 12)[0].ids)
        assert answers[-1] != Reference(file).greedy([PROMPT], 12)[0].ids
    assert answers[0] == answers[1]


def test_an_adapter_of_gemma_1_is_scaled_with_the_matrix_that_no_norm_follows(tmp_path: Path) -> None:
    config = gemma1_config(vocab_size=512)
    file = convert(tmp_path, config, RESIDUAL)
    folder = write_adapter(tmp_path / "a", config, targets=("o_proj", "v_proj"))
    for base in (file.path, tmp_path / f"c{RESIDUAL}"):
        convert_adapter(base, folder, tmp_path / "scaled.bin")
        scaled = WebFile.open(tmp_path / "scaled.bin")
        assert scaled.residual_scale == file.residual_scale < 1
        plain = convert(tmp_path, config, 1.0)
        convert_adapter(plain.path, folder, tmp_path / "plain.bin")
        unscaled = WebFile.open(tmp_path / "plain.bin")
        output = "params.lm.transformer.x_layers_0.self_attention.post.w_prime_left"
        value = "params.lm.transformer.x_layers_0.self_attention.v.w_prime_right"
        ours, theirs = (np.frombuffer(f.read(output), np.float16) for f in (scaled, unscaled))
        np.testing.assert_allclose(ours, theirs * np.float16(file.residual_scale), rtol=1e-2, atol=1e-6)
        assert scaled.read(value) == unscaled.read(value)


POST_NORMED = pytest.mark.parametrize("config", [gemma2_config(vocab_size=512), gemma3_config(vocab_size=512)])


@POST_NORMED
@pytest.mark.parametrize("residual", [1.0, 16 * RESIDUAL])
def test_a_bound_holds_the_stream_of_any_text_in_float16(
    config: dict[str, Any], residual: float, tmp_path: Path
) -> None:
    file = convert(tmp_path, config, residual, residual_scale="bound")
    assert file.residual_bound and file.residual_bound <= BOUNDED and file.largest_residual is None
    assert file.residual_scale == 1 or file.residual_bound > BOUNDED / 2
    half = Reference(file, "float16")
    half.logits(PROMPT)
    assert 0 < half.largest_activation <= file.residual_bound
    assert check_against(file.path, tmp_path / f"c{residual}") > 0


@POST_NORMED
def test_a_bound_needs_no_pass_and_differs_in_the_notes_alone(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = convert(tmp_path, config, 1.0)
    expected = {name: measured.read(name) for name in measured.tensors}

    def refused(*_: Any) -> None:
        raise AssertionError("a pass")

    monkeypatch.setattr("builder.calibrate.prepare.finite_survey", refused)
    bounded = convert(tmp_path, config, 1.0, residual_scale="bound")
    assert {name: bounded.read(name) for name in bounded.tensors} == expected
    assert bounded.notes.keys() ^ measured.notes.keys() == {"largest_residual", "residual_bound"}


def test_a_stream_that_no_norms_bound_stays_as_it_is_and_nothing_is_said_of_it(tmp_path: Path) -> None:
    file = convert(tmp_path, gemma1_config(vocab_size=512), RESIDUAL, residual_scale="bound")
    assert (file.residual_scale, file.residual_bound, file.largest_residual) == (1.0, None, None)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_weights_that_are_not_finite_bound_nothing(tmp_path: Path, value: float) -> None:
    config = gemma3_config(vocab_size=512)
    for name in ("model.embed_tokens.weight", "model.layers.1.post_feedforward_layernorm.weight"):
        folder = write_checkpoint(tmp_path / name, config)
        tensors = load_file(folder / "model.safetensors")
        tensors[name].reshape(-1)[5] = value
        save_file(tensors, folder / "model.safetensors")
        with pytest.raises(CheckpointError, match=f"{name} holds"):
            convert_checkpoint(folder, tmp_path / "m.task", residual_scale="bound")
