"""The file for the engine: what is in it, and that the reference answers with it as peft does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import OutputError, UnsupportedModel, WebFileError
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.web_file_layout import SMALLEST_FILE
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter import Adapter
from builder.lora.adapter_file import convert_adapter
from builder.reference.dense import Reference
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.goldens.cases import NEW_TOKENS
from tests.goldens.lora_cases import LORA_CASES, lora_goldens


@pytest.mark.parametrize("name", LORA_CASES)
def test_the_reference_answers_with_an_adapter_as_peft_does(name: str, tmp_path: Path) -> None:
    case, golden = LORA_CASES[name], lora_goldens()["applied"][name]
    model = case.model.convert(case.base, tmp_path).path
    convert_adapter(tmp_path / case.base, case.write(name, tmp_path), tmp_path / "a.bin")
    prompt = case.model.prompt(golden["prompt_seed"])
    [answer] = Reference.from_web_file(model, adapter=tmp_path / "a.bin").greedy([prompt], NEW_TOKENS)
    assert answer.ids == golden["ids"]
    assert min(answer.margins) == pytest.approx(golden["smallest_margin"], abs=1e-3)
    [without] = Reference.from_web_file(model).greedy([prompt], NEW_TOKENS)
    assert without.ids == golden["ids_without"]


def blocks(file: WebFile, name: str, k: int, n: int) -> np.ndarray:
    """A matrix of the file, element by element from the layout's definition: (K/4, N/4, 4 of K, 4 of N)."""
    raw = np.frombuffer(file.read(name), np.float16)
    back = np.empty((k, n), np.float16)
    for i in range(k):
        for j in range(n):
            back[i, j] = raw[((i // 4) * (n // 4) + j // 4) * 16 + (i % 4) * 4 + j % 4]
    return back


def test_the_halves_lie_where_the_engine_looks_for_them(tmp_path: Path) -> None:
    base = write_checkpoint(tmp_path / "base")
    adapter = Adapter.open(write_adapter(tmp_path / "a", gemma3_config(), rank=6, targets=("q_proj", "o_proj")))
    written = convert_adapter(base, tmp_path / "a", tmp_path / "a.bin")
    file = WebFile.open(tmp_path / "a.bin")
    assert (written.rank, file.lora_rank, file.tokenizer_size) == (8, 8, 0)
    assert len(file.tensors) == 4 * 4 * 2
    for layer in (0, 3):
        attention = f"params.lm.transformer.x_layers_{layer}.self_attention."
        for ours, theirs, first, second, outputs, inputs in (
            ("q", "q_proj", "left", "right", 256, 128),
            ("post", "o_proj", "right", "left", 128, 256),
        ):
            low = adapter.modules[f"layers.{layer}.self_attn.{theirs}"]
            down = blocks(file, f"{attention}{ours}.w_prime_{first}", inputs, 8)
            up = blocks(file, f"{attention}{ours}.w_prime_{second}", 8, outputs)
            np.testing.assert_array_equal(down[:, :6], adapter.values(low.a).T.astype(np.float16))
            np.testing.assert_allclose(up[:6], adapter.values(low.b).T * low.scale, rtol=1e-3, atol=1e-6)
            assert not down[:, 6:].any() and not up[6:].any()
        for absent in ("k", "v"):
            for half in ("left", "right"):
                assert not any(file.read(f"{attention}{absent}.w_prime_{half}"))


@pytest.mark.parametrize(("rank", "padded"), [(1, 4), (8, 8), (33, 36), (64, 64)])
def test_size_and_rank_are_what_the_engine_takes(tmp_path: Path, rank: int, padded: int) -> None:
    base = write_checkpoint(tmp_path / "base")
    written = convert_adapter(base, write_adapter(tmp_path / "a", gemma3_config(), rank=rank), tmp_path / "a.bin")
    assert written.rank == padded
    assert written.size == (tmp_path / "a.bin").stat().st_size
    assert written.size >= SMALLEST_FILE
    assert written.sha256 == hashlib.sha256((tmp_path / "a.bin").read_bytes()).hexdigest()
    facts = inspect_web_file(tmp_path / "a.bin")
    assert (facts.lora_rank, facts.trained_for, facts.model_type) == (padded, "someone/gemma-3-tiny", "GEMMA3_300M")
    assert facts.parameters == 4 * padded * (3 * 128 + 256 + 2 * 64 + 256 + 128)


def test_the_web_file_of_the_base_does_as_well_as_its_checkpoint(tmp_path: Path) -> None:
    base = write_checkpoint(tmp_path / "base")
    convert_checkpoint(base, tmp_path / "base.task")
    adapter = write_adapter(tmp_path / "a", gemma3_config())
    of_folder = convert_adapter(base, adapter, tmp_path / "1.bin").sha256
    assert convert_adapter(tmp_path / "base.task", adapter, tmp_path / "2.bin").sha256 == of_folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": ("q_proj", "up_proj")}, "changes layers.0.mlp.up_proj, but the engine applies .*--merge-lora"),
        ({"use_dora": True}, "is a DoRA adapter.*--merge-lora"),
    ],
)
def test_what_the_engine_cannot_apply_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    base = write_checkpoint(tmp_path / "base")
    adapter = write_adapter(tmp_path / "a", gemma3_config(), **changes)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedModel, match=message):
        convert_adapter(base, adapter, tmp_path / "a.bin")
    convert_checkpoint(base, tmp_path / "merged.task", merge=adapter)


@pytest.mark.parametrize("name", ["a/adapter_model.safetensors", "base/config.json", "base.task"])
def test_no_input_is_the_output(tmp_path: Path, name: str) -> None:
    base = write_checkpoint(tmp_path / "base")
    convert_checkpoint(base, tmp_path / "base.task")
    adapter = write_adapter(tmp_path / "a", gemma3_config())
    before = (tmp_path / name).read_bytes()
    with pytest.raises(OutputError, match="is part of the model or the adapter"):
        convert_adapter(tmp_path / "base.task" if name == "base.task" else base, adapter, tmp_path / name)
    assert (tmp_path / name).read_bytes() == before


def test_a_rank_that_the_tensors_do_not_have_is_not_believed(tmp_path: Path) -> None:
    """The engine would reserve memory by it."""
    base = write_checkpoint(tmp_path / "base")
    convert_adapter(base, write_adapter(tmp_path / "a", gemma3_config(), rank=12), tmp_path / "a.bin")
    data = bytearray((tmp_path / "a.bin").read_bytes())
    file = WebFile.open(tmp_path / "a.bin")
    at = [i for i in range(len(data) // 4) if data[4 * i : 4 * i + 4] == (12).to_bytes(4, "little")]
    refused = 0
    for i in at:  # one of these words is the rank
        changed = bytearray(data)
        changed[4 * i : 4 * i + 4] = (1 << 20).to_bytes(4, "little")
        (tmp_path / "b.bin").write_bytes(changed)
        try:
            assert WebFile.open(tmp_path / "b.bin").lora_rank == file.lora_rank
        except WebFileError as error:
            refused += "says its lora_rank is 1048576" in str(error)
    assert refused == 1
