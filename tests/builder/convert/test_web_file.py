from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentencepiece import sentencepiece_model_pb2

from builder.checkpoint import checkpoint as checkpoint_module
from builder.checkpoint.folder import CheckpointFolder
from builder.convert import read_back as verify
from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, OnpageError, OutputError, TokenizerError, UnsupportedModel
from builder.formats.inspect_web_file import Sampling, inspect_web_file
from builder.formats.web_file_reader import WebFile
from builder.model.families.family import Naming
from builder.model.families.gemma3 import NAMINGS_WITH_IMAGES
from builder.quantize.rounding import dequantize
from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthesize, synthetic_tokenizer
from tests.checkpoints import (
    VISION_TENSORS,
    gemma3_config,
    with_images_config,
    write_checkpoint,
    write_safetensors,
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


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def put(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def not_finite(folder: Path) -> None:
    file = folder / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    file.write_bytes(data)


def config(**changes: object) -> Callable[[Path], None]:
    return put("config.json", json.dumps(gemma3_config(**changes)).encode())


@pytest.mark.parametrize(
    ("harm", "error", "message"),
    [
        (remove("config.json"), CheckpointError, "config.json is missing"),
        (remove("model.safetensors"), CheckpointError, "holds no .safetensors file"),
        (remove("tokenizer.model"), TokenizerError, "neither tokenizer.model nor tokenizer.json"),
        (put("tokenizer.model", b"junk"), TokenizerError, "not a SentencePiece model|does not load"),
        (
            put("tokenizer.model", synthetic_tokenizer(5000)),
            TokenizerError,
            "5,000 pieces, but the embedding has 4,096",
        ),
        (config(num_hidden_layers=5), CheckpointError, r"model.layers.4.input_layernorm.weight is missing"),
        (config(hidden_size=64), CheckpointError, r"has shape \[4096, 128\], but config.json gives \[4096, 64\]"),
        (config(model_type="mamba"), CheckpointError, "mamba"),
        (config(eos_token_id=9999), CheckpointError, "eos_token_id 9999"),
        (config(bos_token_id=7), CheckpointError, "bos_token_id is 7 in config.json"),
        (config(eos_token_id="</s>"), CheckpointError, "eos_token_id '</s>'"),
        (not_finite, CheckpointError, "expected finite weights"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, harm: Callable[[Path], None], error: type[OnpageError], message: str
) -> None:
    folder = write_checkpoint(tmp_path / "c")
    harm(folder)
    out = tmp_path / "out"
    out.mkdir()
    (out / "m.task").write_bytes(b"what was there before")
    with pytest.raises(error, match=message):
        convert_checkpoint(folder, out / "m.task")
    assert [path.name for path in out.iterdir()] == ["m.task"]
    assert (out / "m.task").read_bytes() == b"what was there before"


def extended(tmp_path: Path, name: str, shape: tuple[int, ...], data: bytes) -> Path:
    """A sound checkpoint with one more tensor in a shard of its own."""
    folder = write_checkpoint(tmp_path / "c")
    add_shard(folder, {name: ("F32", shape, data)})
    return folder


def add_shard(folder: Path, tensors: dict[str, tuple[str, tuple[int, ...], bytes]]) -> None:
    """Beside model.safetensors a file of another name would be nobody's, so that becomes the first of two shards."""
    whole, first = folder / "model.safetensors", folder / "model-00001-of-00002.safetensors"
    if whole.exists():
        whole.rename(first)
    write_safetensors(folder / "model-00002-of-00002.safetensors", tensors)


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.9.mlp.up_proj.weight",
        "lm_head.weight",
        "base.lora_A.weight",
    ],
)
def test_weights_that_would_be_left_out_are_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedModel, match=name):
        convert_checkpoint(extended(tmp_path, name, (4,), bytes(16)), tmp_path / "m.task")
    assert not (tmp_path / "m.task").exists()


def test_a_second_copy_of_the_embedding_is_no_other_weight(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    plain = convert_checkpoint(folder, tmp_path / "m.task").sha256
    checkpoint = CheckpointFolder.open(folder)
    embedding = checkpoint.require("model.embed_tokens.weight", (4096, 128))
    data = b"".join(rows.tobytes() for _, rows in checkpoint.bands(embedding))
    write_safetensors(folder / "head.safetensors", {"lm_head.weight": ("F32", (4096, 128), data)})
    assert convert_checkpoint(folder, tmp_path / "m.task").sha256 == plain


SMALL_WITH_IMAGES = with_images_config(head_dim=32, num_hidden_layers=2)


def test_the_text_part_of_a_model_with_images_is_the_same_under_either_name(tmp_path: Path) -> None:
    written = []
    for naming in NAMINGS_WITH_IMAGES:
        folder = write_checkpoint(tmp_path / naming.decoder / "c", SMALL_WITH_IMAGES, naming=naming, shards=2)
        written.append(convert_checkpoint(folder, tmp_path / "m.task"))
    assert written[0].sha256 == written[1].sha256
    assert written[0].left_out == written[1].left_out
    assert written[0].left_out == (
        f"the text part only; {len(VISION_TENSORS)} vision tensors left out",
        "64 rows of the embedding that the tokenizer has no piece for left out",
    )
    file = WebFile.open(tmp_path / "m.task")
    assert file.parameters.vocab_size == 4096, "the rows of images' tokens are left out"
    assert file.tensors["params.lm.softmax.logits_ffn.w"].size == 4096 * 256


@pytest.mark.parametrize("naming", NAMINGS_WITH_IMAGES)
def test_beside_images_nothing_else_is_left_out(tmp_path: Path, naming: Naming) -> None:
    folder = write_checkpoint(tmp_path / "c", SMALL_WITH_IMAGES, naming=naming)
    for name in (f"{naming.decoder}layers.0.self_attn.q_proj.bias", "audio_tower.weight", naming.head):
        add_shard(folder, {name: ("F32", (4,), bytes(16))})
        with pytest.raises(UnsupportedModel, match=name):
            convert_checkpoint(folder, tmp_path / "m.task")


def test_a_functiongemma_has_a_developer_and_ends_where_a_response_is_due(tmp_path: Path) -> None:
    model = sentencepiece_model_pb2.ModelProto.FromString(synthetic_tokenizer(4096))
    model.pieces[-1].piece, model.pieces[-2].piece = "<start_function_call>", "<start_function_response>"
    folder = write_checkpoint(tmp_path / "c", tokenizer=model.SerializeToString())
    assert convert_checkpoint(folder, tmp_path / "m.task").model_type == "FUNCTIONGEMMA3_300M"
    parameters = WebFile.open(tmp_path / "m.task").parameters
    assert list(parameters.stop_token_ids) == [1, 5, 4094]
    assert parameters.prompt_templates.system.prompt_prefix == "<start_of_turn>developer\n"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.model", "config.json"])
def test_the_checkpoint_is_never_the_output(tmp_path: Path, name: str) -> None:
    folder = write_checkpoint(tmp_path / "c")
    before = (folder / name).read_bytes()
    (tmp_path / "link").symlink_to(folder / name)
    for output in (folder / name, tmp_path / "link"):
        with pytest.raises(OutputError, match="is part of the checkpoint"):
            convert_checkpoint(folder, output)
    assert (folder / name).read_bytes() == before


def test_pipes_and_devices_are_not_replaced_and_links_stay_links(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    os.mkfifo(tmp_path / "pipe")
    for output in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(OutputError, match="is a device or a pipe"):
            convert_checkpoint(folder, output)
    (tmp_path / "link.task").symlink_to(tmp_path / "real.task")
    convert_checkpoint(folder, tmp_path / "link.task")
    assert (tmp_path / "link.task").is_symlink() and (tmp_path / "real.task").is_file()


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    convert_checkpoint(write_checkpoint(tmp_path / "c"), tmp_path / "m.task")
    assert (tmp_path / "m.task").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_tensor_too_large_for_the_format_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=r"embed_tokens\.weight is too large for the web format"):
        synthesize("hidden=8192,vocab=262144,ffn=64,layers=1", tmp_path / "m.task")


def test_an_adapter_alone_has_missing_tensors(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    write_safetensors(folder / "model.safetensors", {"lora_A": ("F32", (1,), bytes(4))})
    with pytest.raises(CheckpointError, match="not an adapter"):
        convert_checkpoint(folder, tmp_path / "m.task")


def test_unwritable_targets_are_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    with pytest.raises(OutputError, match="does not exist: create the folder first"):
        convert_checkpoint(folder, tmp_path / "none/m.task")
    with pytest.raises(OutputError, match="is a folder"):
        convert_checkpoint(folder, tmp_path)
    with pytest.raises(OutputError, match="cannot be written"):
        convert_checkpoint(folder, Path("/proc/m.task"))


def test_a_full_disk_leaves_nothing_and_says_how_much_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_checkpoint(tmp_path / "c")
    calls = iter(range(1000))
    real = os.pwrite

    def full(*arguments: object) -> int:
        if next(calls) == 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "pwrite", full)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(OutputError, match=r"No room for .*: it needs 1\.8 MB and .* MB are free"):
        convert_checkpoint(folder, out / "m.task")
    assert not list(out.iterdir())


def test_a_limit_of_the_file_size_is_met_before_the_work(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c")
    done = subprocess.run(
        [sys.executable, "-m", "onpage", "convert", folder, "-o", tmp_path / "m.task"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No room for" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_what_reads_back_otherwise_than_it_was_written_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_checkpoint(tmp_path / "c")
    real = os.pwrite
    calls = iter(range(1000))

    def flips_a_bit(descriptor: int, data: memoryview, offset: int) -> int:
        if next(calls) == 30:
            data = memoryview(bytes([data[0] ^ 1]) + bytes(data[1:]))
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", flips_a_bit)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(OutputError, match="does not read back as it was written"):
        convert_checkpoint(folder, out / "m.task")
    assert not list(out.iterdir())


def test_a_header_that_lost_a_tensor_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = WebFile.open

    def forgets(path: Path) -> WebFile:
        file = real(path)
        file.tensors.pop("params.lm.final_ln.scale")
        return file

    monkeypatch.setattr(verify.WebFile, "open", forgets)
    with pytest.raises(OutputError, match="does not list the tensors"):
        convert_checkpoint(write_checkpoint(tmp_path / "c"), tmp_path / "m.task")
    assert not (tmp_path / "m.task").exists()


WRITES_SLOWLY = """
import os, time
from onpage.command import main
write = os.pwrite
os.pwrite = lambda *arguments: (time.sleep(0.1), write(*arguments))[1]
main()
"""
"""The command, which takes half a minute at least for a model of 500 tensors."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_SLOWLY, "synth", "layers=24,hidden=64,vocab=1024", "-o", out / "m.task"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # a shell's background job ignores Ctrl-C
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    ) as process:
        while not list(out.iterdir()) and process.poll() is None:
            time.sleep(0.01)
        assert list(out.iterdir()), "it did not begin to write"
        process.send_signal(number)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted" in stderr and "Traceback" not in stderr
    assert not list(out.iterdir())


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
