"""Files that are small on the disk and large in memory, read by a process that may have 500 MB."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoints import gemma3_config, write_checkpoint
from tests.robustness.loop import MEMORY

CHILD = f"""
import resource, sys
from pathlib import Path
from builder.convert import convert_checkpoint
from builder.errors import OnpageError
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY}, {MEMORY}))
try:
    convert_checkpoint(folder, folder.parent / "out.task")
except OnpageError as error:
    print(type(error).__name__, error)
"""

MB = 1 << 20


def empty_pieces(size: int) -> bytes:
    """A protobuf of millions of pieces without text."""
    return b"\x0a\x00" * (size // 2)


def empty_lists(size: int) -> bytes:
    return b'{"a": [' + b"[]," * (size // 3) + b"0]}"


def many_numbers(size: int) -> bytes:
    return b'{"a": [' + b"9999," * (size // 5) + b"0]}"


def many_tensors(size: int) -> bytes:
    """A safetensors file of tensors without a value."""
    entry = '"{}":{{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}}'
    header = ("{" + ",".join(entry.format(i) for i in range(size // 70)) + "}").encode()
    return struct.pack("<Q", len(header)) + header


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.model", empty_pieces(32 * MB)),
        ("tokenizer.model", empty_pieces(8 * MB)),
        ("tokenizer.json", empty_lists(64 * MB - 100)),
        ("tokenizer.json", many_numbers(64 * MB - 100)),
        ("tokenizer.json", many_numbers(12 * MB)),
        ("config.json", empty_lists(2 * MB)),
        ("config.json", many_numbers(16 * MB - 100)),
        ("model.safetensors", many_tensors(40 * MB)),
        ("model.safetensors", many_tensors(15 * MB)),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value) / 1e6:.0f}MB",
)
def test_what_grows_in_memory_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1, vocab_size=500))
    (folder / name).write_bytes(content)
    if name == "tokenizer.json":
        (folder / "tokenizer.model").unlink()
    done = subprocess.run([sys.executable, "-c", CHILD, folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Error" in done.stdout or "UnsupportedModel" in done.stdout
    assert len(done.stdout) < 2000
