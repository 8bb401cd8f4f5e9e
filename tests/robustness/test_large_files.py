"""Files that are small on the disk and large in memory, or that take for ever: read by a process that may have 500 MB and
some seconds."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint, write_safetensors
from tests.robustness.loop import HANG, MEMORY

CHILD = f"""
import resource, sys
from pathlib import Path
from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.lora.adapter import Adapter
from builder.model.tokenizer import Tokenizer
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY}, {MEMORY}))
try:
    if (folder / "adapter_config.json").exists():
        Adapter.open(folder)
    Tokenizer.of_checkpoint(folder, 1 << 20)
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


def tokenizer_json(**pieces: bool) -> bytes:
    """Ours, with these added tokens as well: text → whether it is normalized."""
    values = json.loads((Path(__file__).parent.parent / "goldens/tokenizer/tokenizer.json").read_bytes())
    first = len(values["model"]["vocab"])
    assert first > max(token["id"] for token in values["added_tokens"])
    values["added_tokens"] += [
        {"id": first + i, "content": text, "normalized": normalized}
        for i, (text, normalized) in enumerate(pieces.items())
    ]
    return json.dumps(values).encode()


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("tokenizer.model", lambda: empty_pieces(32 * MB)),
        ("tokenizer.model", lambda: empty_pieces(8 * MB)),
        ("tokenizer.json", lambda: empty_lists(64 * MB - 100)),
        ("tokenizer.json", lambda: many_numbers(64 * MB - 100)),
        ("tokenizer.json", lambda: many_numbers(12 * MB)),
        ("tokenizer.json", lambda: tokenizer_json(**{f"<{i}>": i % 2 == 0 for i in range(40_000)})),
        ("tokenizer.json", lambda: tokenizer_json(**{"x" * 2 * MB: True, "y" * 2 * MB: False})),
        ("config.json", lambda: empty_lists(2 * MB)),
        ("config.json", lambda: many_numbers(16 * MB - 100)),
        ("model.safetensors", lambda: many_tensors(40 * MB)),
        ("model.safetensors", lambda: many_tensors(15 * MB)),
    ],
)
def test_what_grows_is_refused(name: str, make: Callable[[], bytes], tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1, vocab_size=500))
    (folder / name).write_bytes(make())
    if name == "tokenizer.json":
        (folder / "tokenizer.model").unlink()
    refused(folder)


def test_an_adapter_of_many_modules_and_patterns_is_refused(tmp_path: Path) -> None:
    folder = write_adapter(write_checkpoint(tmp_path / "a", gemma3_config()), gemma3_config(num_hidden_layers=1))
    config = json.loads((folder / "adapter_config.json").read_text())
    patterns = {f"m{i}": 8 for i in range(200_000)}
    (folder / "adapter_config.json").write_text(json.dumps(config | {"rank_pattern": patterns}))
    assert "rank_pattern has 200,000 entries: onpage takes at most" in refused(folder)
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]] = {
        f"m{i}.lora_{ab}.weight": ("F32", (1, 1), bytes(4)) for i in range(20_000) for ab in "AB"
    }
    write_safetensors(folder / "adapter_model.safetensors", tensors)
    assert "changes 20,000 modules" in refused(folder)


def refused(folder: Path) -> str:
    """The sentence, within the memory and the time."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, folder], capture_output=True, text=True, check=False, timeout=2 * HANG
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[0] in ("CheckpointError", "TokenizerError", "UnsupportedModel")
    assert len(done.stdout) < 2000
    return done.stdout
