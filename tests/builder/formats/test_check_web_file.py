"""`onpage verify FILE` reads every byte: what was damaged on the way is found by the file's own sums, nonsense without them."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.bundle import open_source, write_bundle
from builder.convert.web_file import convert_checkpoint
from builder.errors import WebFileError
from builder.formats.check_web_file import check_web_file, holds_what_is_not_finite
from builder.formats.inspect_model import check_model
from builder.formats.web_entries import SUMS_ENTRY, sums_size
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter_file import convert_adapter
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.forked import onpage

MATRIX = "params.lm.transformer.x_layers_0.ff_layer.ffn_layer1"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    convert_checkpoint(write_checkpoint(folder / "c", gemma3_config(num_hidden_layers=1)), folder / "m.task")
    return folder / "m.task"


def damaged(whole: Path, target: Path, offset: int, data: bytes) -> Path:
    content = bytearray(whole.read_bytes())
    assert content[offset : offset + len(data)] != data
    content[offset : offset + len(data)] = data
    target.write_bytes(content)
    return target


def test_weights_that_were_zeroed_are_found(whole: Path, tmp_path: Path) -> None:
    assert onpage("verify", whole).returncode == 0
    entry = WebFile.open(whole).tensors[f"{MATRIX}.w"]
    path = damaged(whole, tmp_path / "m.task", entry.offset + 100, bytes(4000))
    done = onpage("verify", path)
    assert done.returncode == 1 and "sound" not in done.stdout
    assert f"is damaged: tensor {MATRIX}.w has checksum" in done.stderr and "expected" in done.stderr


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", [f"{MATRIX}.w_quantized_scale", "params.lm.final_ln.scale"])
def test_a_scale_that_is_no_number_is_found_without_sums(whole: Path, tmp_path: Path, name: str, number: float) -> None:
    """As in a file of others, or an older one."""
    entry = WebFile.open(whole).tensors[name]
    path = damaged(whole, tmp_path / "m.task", entry.offset + 8, struct.pack("<f", number))
    path.write_bytes(path.read_bytes().replace(SUMS_ENTRY.encode(), b"onpage.other"[: len(SUMS_ENTRY)]))
    assert WebFile.open(path).sums_offset is None
    with pytest.raises(WebFileError, match=f"tensor {name} holds a value that is infinite or not a number"):
        check_model(path)


@pytest.mark.parametrize("part", ["tokenizer", "notes", "sums"])
def test_the_rest_of_the_file_has_sums_too(whole: Path, tmp_path: Path, part: str) -> None:
    file = WebFile.open(whole)
    assert file.sums_offset is not None
    offset = {
        "tokenizer": file.tokenizer_offset + file.tokenizer_size // 2,
        "notes": whole.read_bytes().index(b'"written_by"') + 1,
        "sums": file.sums_offset,
    }[part]
    path = damaged(whole, tmp_path / "m.task", offset, b"X")
    with pytest.raises(WebFileError, match="its sums do not" if part == "sums" else "the header has checksum"):
        check_model(path)


def test_a_web_file_in_a_bundle_is_checked_as_well(whole: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "m.litertlm", open_source(whole))
    check_model(tmp_path / "m.litertlm")
    content = (tmp_path / "m.litertlm").read_bytes()
    entry = WebFile.open(whole).tensors[f"{MATRIX}.w"]
    weights = whole.read_bytes()[entry.offset : entry.offset + 256]
    path = damaged(tmp_path / "m.litertlm", tmp_path / "d.litertlm", content.index(weights), bytes(256))
    with pytest.raises(WebFileError, match=f"tensor {MATRIX}.w has checksum"):
        check_model(path)


def test_an_adapter_has_sums(tmp_path: Path) -> None:
    base = write_checkpoint(tmp_path / "c", gemma3_config(num_hidden_layers=1))
    adapter = write_adapter(tmp_path / "a", gemma3_config(num_hidden_layers=1))
    convert_adapter(base, adapter, tmp_path / "a.bin")
    check_model(tmp_path / "a.bin")
    file = WebFile.open(tmp_path / "a.bin")
    name, entry = next((n, t) for n, t in file.tensors.items() if any(file.read(n)))
    path = damaged(tmp_path / "a.bin", tmp_path / "d.bin", entry.offset, bytes(entry.size))
    with pytest.raises(WebFileError, match=f"tensor {name} has checksum"):
        check_web_file(WebFile.open(path))


def test_sums_of_another_length_are_refused(whole: Path, tmp_path: Path) -> None:
    file = WebFile.open(whole)
    size = struct.pack("<Q", sums_size(file.tensors))
    content = whole.read_bytes()
    at = content.rindex(struct.pack("<Q", file.sums_offset or 0), 0, min(t.offset for t in file.tensors.values()))
    near = content[at - 64 : at + 64].replace(size, struct.pack("<Q", sums_size(file.tensors) - 4))
    (tmp_path / "m.task").write_bytes(content[: at - 64] + near + content[at + 64 :])
    with pytest.raises(WebFileError, match="bytes of sums for"):
        WebFile.open(tmp_path / "m.task")


@given(st.lists(st.floats(width=32), max_size=40))
def test_only_what_is_finite_passes(values: list[float]) -> None:
    packed = struct.pack(f"<{len(values)}f", *values)
    assert holds_what_is_not_finite(packed) == (not all(map(math.isfinite, values)))


def test_the_sums_are_said(whole: Path) -> None:
    assert json.loads(onpage("inspect", whole, "--json").stdout)["has_sums"] is True
