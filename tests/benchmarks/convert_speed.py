"""Time and peak memory of `onpage convert`: `python -m tests.benchmarks.convert_speed [SHAPE] [--mediapipe PYTHON]`.

Writes a BF16 checkpoint of the shape with random weights (2 GB for gemma3-1b) and converts it in a process of its own, next
to what `cp` takes for reading the checkpoint and writing the result (`cp FILE /dev/null`, then `cp RESULT COPY` and `sync
COPY`, as a conversion syncs its file too). The whole conversion is timed: opening, quantizing, writing, reading back.

With a Python that can import mediapipe 0.10.35's converter (it needs jax and torch, which it does not declare), the same
checkpoint goes through its own reading, quantizing and writing of weights too. Its last step, which packs
those files into one, is left out in its favour: from Python it fails on every GPU model. Seconds of all cores, imports
included, are given too: they bear other work on the machine better.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from builder.model.families import describe, weights_of
from builder.model.weights import weight_count
from builder.quantize.scheme import SCHEMES
from builder.synth.web_file import RandomWeights, shape_config, synthetic_tokenizer
from tests.checkpoints import as_bytes

CHECKPOINT = "checkpoint"

OURS = """
import json, os, pathlib, resource, sys, time
from builder.convert.web_file import convert_checkpoint
from builder.quantize.scheme import Quantization
folder, output = map(pathlib.Path, sys.argv[1:3])
started = time.monotonic()
written = convert_checkpoint(folder, output, quantization=Quantization.of(sys.argv[3], scale=sys.argv[4]))
seconds = time.monotonic() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
times = os.times()
system = times.system + times.children_system
print(json.dumps(written.to_json() | {"seconds": seconds, "cpu": sum(times[:4]), "system": system, "peak": peak}))
"""

MEDIAPIPE = """
import json, os, resource, sys, time
from mediapipe.tasks.python.genai.converter import converter_factory, llm_converter
folder, output, bits = sys.argv[1], sys.argv[2], int(sys.argv[3])
roles = {role + "_quant_bits": bits for role in ("attention", "feedforward", "embedding")}
config = llm_converter.ConversionConfig(folder, "safetensors", "GEMMA3_300M", "gpu", output, **roles)
converter = object.__new__(llm_converter._LlmConverter)  # without the native library, which only the last step needs
started = time.monotonic()
loader = converter_factory.create_ckpt_loader(
    "safetensors", ckpt_path=folder, is_quantized=False, is_symmetric=True, backend="gpu", special_model="GEMMA3_300M", **roles
)
converter.maybe_quantize_and_write_tensors_to_bins(loader, config)
seconds = time.monotonic() - started
size = sum(entry.stat().st_size for entry in os.scandir(output))
print(json.dumps({"seconds": seconds, "cpu": sum(os.times()[:4]), "size": size, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
"""


def write_large_checkpoint(folder: Path, shape: str) -> int:
    """A BF16 checkpoint, written band by band; returns its number of weights."""
    config = shape_config(shape)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.model").write_bytes(synthetic_tokenizer(config["vocab_size"]))
    tensors = weights_of(describe(config, folder / "config.json"))
    header: dict[str, object] = {}
    end = 0
    for weight in tensors:
        size = 2 * weight.size
        header[str(weight.source)] = {"dtype": "BF16", "shape": weight.shape, "data_offsets": [end, end + size]}
        end += size
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    weights = RandomWeights(0, tensors)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for weight in tensors:
            for _, rows in weights.bands(weight):
                file.write(as_bytes(rows, "BF16"))
        os.fsync(file.fileno())  # or it would be written while others are timed
    return weight_count(tensors)


def seconds_of(*commands: list[str | Path]) -> tuple[float, float]:
    """Wall and processor time of commands, one after the other."""
    before, started = os.times(), time.monotonic()
    for command in commands:
        subprocess.run(command, check=True)
    seconds, after = time.monotonic() - started, os.times()
    return seconds, after.children_user + after.children_system - before.children_user - before.children_system


def measured(python: str, program: str, *arguments: object) -> dict[str, Any]:
    """What a program of ours prints."""
    done = subprocess.run([python, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare_with_cp(folder: Path, bits: str, scale: str, runs: int) -> None:
    """Prints a line a run, each with the `cp` of just before and after."""
    checkpoint, output, copy = folder / CHECKPOINT / "model.safetensors", folder / "m.task", folder / "copy"
    for _ in range(runs):
        read, read_cpu = seconds_of(["cp", checkpoint, "/dev/null"])
        ours = measured(sys.executable, OURS, checkpoint.parent, output, bits, scale)
        write, write_cpu = seconds_of(["cp", output, copy], ["sync", copy])
        click.echo(
            f"{bits} bits, {scale}: {ours['seconds']:.2f} s, {ours['seconds'] / (read + write):.1f} times of cp ({read:.2f} s "
            f"reading + {write:.2f} s writing); of all cores {ours['cpu']:.1f} s ({ours['system'] / ours['cpu']:.0%} system), cp {read_cpu + write_cpu:.1f} s; "
            f"peak memory {ours['peak'] / 1e6:,.0f} MB; file {ours['size'] / 1e6:,.0f} MB"
        )
        output.unlink()
        copy.unlink()


def compare_with_mediapipe(python: str, folder: Path, parameters: int, bits: str) -> None:
    """Prints both on the same checkpoint, ours before and after."""
    checkpoint, output = folder / CHECKPOINT, folder / "m.task"
    ours = [measured(sys.executable, OURS, checkpoint, output, bits, "max")]
    theirs = measured(python, MEDIAPIPE, checkpoint, folder / "bins", bits)
    ours.append(measured(sys.executable, OURS, checkpoint, output, bits, "max"))
    means = {key: (ours[0][key] + ours[1][key]) / 2 for key in ("seconds", "cpu")}
    nanoseconds = 1e9 / parameters
    click.echo(
        f"{bits} bits: onpage {means['seconds'] * nanoseconds:.1f} ns a weight ({ours[0]['seconds']:.2f} s, "
        f"{ours[1]['seconds']:.2f} s), mediapipe {theirs['seconds'] * nanoseconds:.1f} ns ({theirs['seconds']:.1f} s, peak "
        f"{theirs['peak'] / 1e6:,.0f} MB, {theirs['size'] / 1e6:,.0f} MB written): {theirs['seconds'] / means['seconds']:.1f} "
        f"times; of all cores {means['cpu']:.1f} s and {theirs['cpu']:.1f} s: {theirs['cpu'] / means['cpu']:.1f} times"
    )


@click.command()
@click.argument("shape", default="gemma3-1b")
@click.option("--bits", type=click.Choice(list(SCHEMES)), multiple=True, default=["4"], help="Repeat for several.")
@click.option("--scale", type=click.Choice(["max", "mse"]), default="max")
@click.option("--runs", default=3, show_default=True)
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True), help="Where to write.  [default: a temporary one]"
)
@click.option("--mediapipe", metavar="PYTHON", help="A Python with mediapipe 0.10.35, jax and torch to compare with.")
def main(
    shape: str,
    bits: tuple[str, ...],
    scale: str,
    runs: int,
    folder: Path | None,
    mediapipe: str | None,
) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        parameters = write_large_checkpoint(Path(name) / CHECKPOINT, shape)
        click.echo(f"{shape}: {parameters / 1e6:,.0f} M weights in BF16, {os.cpu_count()} cores")
        for one in bits:
            compare_with_cp(Path(name), one, scale, runs)
            if mediapipe and one in ("4", "8"):
                compare_with_mediapipe(mediapipe, Path(name), parameters, one)


if __name__ == "__main__":
    main()
