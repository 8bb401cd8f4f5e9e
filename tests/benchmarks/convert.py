"""Time and peak memory of `onpage convert`: `python -m tests.benchmarks.convert [SHAPE] [--folder DIR]`.

Writes a BF16 checkpoint of the shape with random weights (0.5 GB for gemma3-270m), converts it at 4 and at 8 bits in a
process of its own, and compares with what only reading the checkpoint and writing the result takes. Needs about 2 GB of
disk for gemma3-270m.
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

import click

from builder.families import plan_model
from builder.families.plan import MatrixPlan
from builder.synth import RandomWeights, shape_config, synthetic_tokenizer
from tests.checkpoints import as_bytes

MEASURED = """
import json, pathlib, resource, sys
from builder.convert import convert_checkpoint
from builder.scheme import Quantization
folder, output = map(pathlib.Path, sys.argv[1:3])
written = convert_checkpoint(folder, output, quantization=Quantization.of(sys.argv[3]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(written.to_json() | {"peak": peak}))
"""


def write_large_checkpoint(folder: Path, shape: str) -> int:
    """A BF16 checkpoint, written band by band; returns its bytes."""
    config = shape_config(shape)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.model").write_bytes(synthetic_tokenizer(config["vocab_size"]))
    plan = plan_model(config, folder / "config.json")
    header: dict[str, object] = {}
    end = 0
    for t in plan.tensors:
        dimensions = [t.n, t.k] if isinstance(t, MatrixPlan) else [t.size]
        size = 2 * (t.n * t.k if isinstance(t, MatrixPlan) else t.size)
        header[t.source] = {"dtype": "BF16", "shape": dimensions, "data_offsets": [end, end + size]}
        end += size
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    weights = RandomWeights(0)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for tensor in plan.tensors:
            for _, rows in weights.bands(tensor):
                file.write(as_bytes(rows, "BF16"))
    return (folder / "model.safetensors").stat().st_size


def copy_seconds(source: Path, target: Path, size: int) -> float:
    """Reads all of `source` and writes `size` bytes to `target`, synced: what no converter can be faster than."""
    started = time.monotonic()
    with source.open("rb", buffering=0) as file:
        buffer = bytearray(8 << 20)
        while file.readinto(buffer):
            pass
    with target.open("wb", buffering=0) as file:
        for at in range(0, size, len(buffer)):
            file.write(memoryview(buffer)[: min(len(buffer), size - at)])
        os.fsync(file.fileno())
    target.unlink()
    return time.monotonic() - started


@click.command()
@click.argument("shape", default="gemma3-270m")
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True), help="Where to write.  [default: a temporary one]"
)
def main(shape: str, folder: Path | None) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        size = write_large_checkpoint(work, shape)
        click.echo(f"{shape}: checkpoint of {size / 1e6:,.0f} MB (BF16), {os.cpu_count()} cores, numpy on one")
        for bits in (4, 8):
            output = work / "m.task"
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, work, output, str(bits)], capture_output=True, text=True, check=True
            )
            result = json.loads(done.stdout)
            copied = copy_seconds(work / "model.safetensors", output, result["size"])
            click.echo(
                f"{bits} bits: {result['seconds']:.1f} s, {result['seconds'] / copied:.1f} times of reading and writing "
                f"alone ({copied:.1f} s); peak memory {result['peak'] / 1e6:,.0f} MB; file {result['size'] / 1e6:,.0f} MB"
            )


if __name__ == "__main__":
    main()
