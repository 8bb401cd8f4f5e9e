"""docs/format.md is enough to write a converter from: that of docs/web_file_converter.md makes what `onpage convert` makes, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.convert.web_file import convert_checkpoint
from builder.formats.llm_parameters import LlmParameters
from builder.formats.web_file_reader import WebFile
from builder.model.families import FAMILIES
from builder.quantize.scheme import Quantization
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.goldens.cases import CASES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
CONVERTER = (ROOT / "docs" / "web_file_converter.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", CONVERTER, re.DOTALL)


@pytest.fixture(scope="module")
def convert() -> Callable[..., None]:
    """The page's own."""
    names: dict[str, Callable[..., None]] = {"__name__": "format"}  # type: ignore[dict-item]
    exec(compile(CODE, "docs/web_file_converter.md", "exec"), names)
    return names["convert"]


@pytest.mark.parametrize(
    ("bits", "block", "dtype", "quantization"),
    [
        (8, None, "F32", Quantization.of("8")),
        (4, None, "BF16", Quantization.of("4")),
        (4, 32, "F16", Quantization.of("q4_0", embedding="4")),
    ],
)
def test_its_converter_writes_the_same_bytes(
    convert: Callable[..., None],
    tmp_path: Path,
    bits: int,
    block: int | None,
    dtype: str,
    quantization: Quantization,
) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint", gemma3_config(num_hidden_layers=7), dtype=dtype, shards=2)
    convert(folder, tmp_path / "shown.task", bits, block)
    convert_checkpoint(folder, tmp_path / "ours.task", quantization=quantization, residual_scale=1)
    shown, ours = WebFile.open(tmp_path / "shown.task"), WebFile.open(tmp_path / "ours.task")
    assert list(shown.tensors) == list(ours.tensors)
    for name, tensor in ours.tensors.items():
        other = shown.tensors[name]
        assert (other.type, other.size) == (tensor.type, tensor.size), name
        assert shown.read(name) == ours.read(name), name
    assert shown.model_type == ours.model_type
    assert shown.tokenizer() == ours.tokenizer()
    assert LlmParameters.to_dict(shown.parameters) == LlmParameters.to_dict(ours.parameters)


def test_every_family_has_a_row_whose_proof_is_there() -> None:
    table = PAGE.split("### Proven\n")[1].split("## Zip `.task`")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines() if line.startswith("| `")
    ]
    families = {name for families, *_ in rows for name in re.findall(r"`(.+?)`", families)}
    assert families >= FAMILIES.keys()
    for _, _, proof, _ in rows:
        for name in re.findall(r"`(.+?)`", proof):
            assert name in CASES or (ROOT / name).is_file(), name
