"""A web file that was converted has what the checkpoint says, in a memory that does not grow with it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from builder.checkpoint import checkpoint as checkpoint_module
from builder.convert.web_file import convert_checkpoint
from builder.formats.inspect_web_file import Sampling, inspect_web_file
from builder.formats.web_file_reader import WebFile
from builder.quantize.rounding import dequantize
from builder.quantize.scheme import Quantization
from tests.checkpoints import (
    gemma3_config,
    write_checkpoint,
)


def test_the_file_says_what_the_checkpoint_is(tmp_path: Path) -> None:
    written = convert_checkpoint(
        write_checkpoint(tmp_path / "c"), tmp_path / "m.task", quantization=Quantization.of("4", embedding="8")
    )
    assert written.sha256 == hashlib.sha256((tmp_path / "m.task").read_bytes()).hexdigest()
    assert written.size == (tmp_path / "m.task").stat().st_size
    file = WebFile.open(tmp_path / "m.task")
    p = file.parameters
    assert (p.start_token_id, list(p.stop_token_ids), list(p.stop_tokens)) == (2, [1, 5], ["<eos>", "<end_of_turn>"])
    assert p.prompt_template.prompt_prefix == "<start_of_turn>user\n"
    assert p.prompt_template.prompt_suffix == "<end_of_turn>\n<start_of_turn>model\n"
    assert file.tokenizer() == (tmp_path / "c/tokenizer.model").read_bytes()
    assert file.backend == "gpu"
    assert file.context_length == 2048


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("google/gemma-3-270m-it", "google/gemma-3-270m-it"),
        ("/home/me/secret", "c"),
        ("../x", "c"),
        (7, "c"),
        (None, "c"),
    ],
)
def test_the_file_says_what_it_was_made_of(tmp_path: Path, said: object, name: str) -> None:
    """And no path of the machine that it was made on."""
    folder = write_checkpoint(tmp_path / "c", gemma3_config(_name_or_path=said))
    convert_checkpoint(folder, tmp_path / "m.task", quantization=Quantization.of("4", scale="mse"))
    assert inspect_web_file(tmp_path / "m.task").conversion == {"checkpoint": name, "scale": "mse"}


def test_stop_ids_come_from_generation_config_too(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [1, 5, 300]}))
    convert_checkpoint(folder, tmp_path / "m.task")
    assert list(WebFile.open(tmp_path / "m.task").parameters.stop_token_ids) == [1, 5, 300]


@pytest.mark.parametrize(
    ("said", "temperature", "top_k"),
    [
        ({}, None, None),
        ({"temperature": 0.3, "top_k": 8}, 0.3, 8),
        ({"do_sample": False, "temperature": 0.3}, None, 1),
        ({"temperature": "hot", "top_k": -4}, None, None),
        ({"temperature": True, "top_k": [1]}, None, None),
    ],
)
def test_the_recommended_sampling_is_kept(
    tmp_path: Path, said: dict[str, object], temperature: float | None, top_k: int | None
) -> None:
    folder = write_checkpoint(tmp_path / "c")
    (folder / "generation_config.json").write_text(json.dumps(said))
    convert_checkpoint(folder, tmp_path / "m.task")
    assert inspect_web_file(tmp_path / "m.task").sampling == Sampling(temperature, top_k)


def test_matrices_come_back_transposed_and_norms_untouched(tmp_path: Path) -> None:
    """Against the checkpoint's own bytes, with numpy alone."""
    folder = write_checkpoint(tmp_path / "c", seed=3)
    convert_checkpoint(folder, tmp_path / "m.task")
    file = WebFile.open(tmp_path / "m.task")
    raw = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])

    def stored(name: str) -> np.ndarray:
        begin, end = header[name]["data_offsets"]
        return np.frombuffer(raw[8 + length + begin : 8 + length + end], np.float32).reshape(header[name]["shape"])

    down = stored("model.layers.2.mlp.down_proj.weight")
    name = "params.lm.transformer.x_layers_2.ff_layer.ffn_layer2"
    scales = np.frombuffer(file.read(f"{name}.w_quantized_scale"), np.float32)
    back = dequantize(np.frombuffer(file.read(f"{name}.w"), np.uint8), scales, down.shape[1], down.shape[0], 8)
    assert np.abs(back - down).max() <= scales.max() / 2 * 1.001
    norm = stored("model.layers.2.self_attn.q_norm.weight")
    np.testing.assert_array_equal(
        np.frombuffer(file.read("params.lm.transformer.x_layers_2.self_attention.q_norm.scale"), np.float32), norm
    )


def test_bands_do_not_show_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_checkpoint(tmp_path / "c")
    whole = convert_checkpoint(folder, tmp_path / "whole.task", quantization=Quantization.of("4"))
    monkeypatch.setattr(checkpoint_module, "BAND_BYTES", 1 << 15)
    assert convert_checkpoint(folder, tmp_path / "bands.task", quantization=Quantization.of("4")).sha256 == whole.sha256


def test_shards_and_types_do_not_show_in_the_file(tmp_path: Path) -> None:
    sums = {
        convert_checkpoint(
            write_checkpoint(tmp_path / f"{shards}" / "c", dtype="BF16", shards=shards), tmp_path / "m.task"
        ).sha256
        for shards in (1, 2, 5)
    }
    assert len(sums) == 1


def test_progress_goes_up_to_the_whole_file_twice(tmp_path: Path) -> None:
    seen: dict[str, list[int]] = {"measure": [], "write": [], "verify": []}
    totals: dict[str, set[int]] = {phase: set() for phase in seen}

    def progress(phase: str, done: int, total: int) -> None:
        seen[phase].append(done)
        totals[phase].add(total)

    written = convert_checkpoint(write_checkpoint(tmp_path / "c"), tmp_path / "m.task", progress=progress)
    assert totals["write"] == totals["verify"] == {written.size}
    assert seen["measure"] == sorted(seen["measure"]) and {seen["measure"][-1]} == totals["measure"]
    assert seen["verify"] == sorted(seen["verify"]) and seen["verify"][-1] == written.size
    assert seen["write"] == sorted(seen["write"]) and 0 < seen["write"][-1] <= written.size


def test_the_peak_memory_does_not_grow_with_the_layers(tmp_path: Path) -> None:
    """With bands much smaller than the matrices, as in large models."""

    def peak(layers: int) -> int:
        shape = f"hidden=640,ffn=2048,layers={layers},heads=4,kv=1,head=256,vocab=8192"
        program = (
            "import pathlib; from tests.memory import peak_memory; from builder.synth import web_file as synth; synth.BAND_BYTES = 1 << 17;"
            "from builder.synth.web_file import synthesize;"
            f"synthesize({shape!r}, pathlib.Path({str(tmp_path / 'm.task')!r}));"
            "print(peak_memory() // 1024)"
        )
        return int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)

    few, many = peak(2), peak(24)
    assert many < few + 16_000, f"{few} kB with 2 layers, {many} kB with 24"
    assert many < 1_500_000
