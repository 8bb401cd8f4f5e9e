"""A LoRA adapter that the page merges, against `onpage convert --merge-lora`: the same bytes, or a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from builder.convert.web_file import convert_checkpoint
from builder.errors import CheckpointError, OnpageError, UnsupportedModel
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter import CONFIG
from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthetic_tokenizer
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import as_bytes, gemma3_config, write_checkpoint, write_safetensors
from tests.gguf_files import write_gguf
from tests.static.test_convert import in_the_page, is_refused

SMALL = gemma3_config(vocab_size=512, num_hidden_layers=1)
WEIGHTS = "adapter_model.safetensors"


def same_bytes(folder: Path, base: Path, bits: str, adapter: Path) -> dict[str, Any]:
    """What the page says of its file, which is the command's."""
    ours, theirs = folder / "js.task", folder / "py.task"
    found: dict[str, Any] = in_the_page(base, ours, bits, adapter)
    written = convert_checkpoint(
        base, theirs, quantization=Quantization.of(bits), residual_scale="bound", merge=adapter
    )
    assert found.get("sha256") == written.sha256, found
    assert ours.read_bytes() == theirs.read_bytes()
    return found


@pytest.mark.parametrize(
    ("bits", "dtype", "settings"),
    [
        ("8", "BF16", {"targets": (*ATTENTION, *FEED_FORWARD)}),
        ("q4_0", "F16", {"rank": 5, "use_rslora": True, "dtype": "BF16", "targets": ("q_proj", "down_proj")}),
        ("8", "F32", {"rank": 6, "rank_pattern": {"q_proj": 4}, "alpha_pattern": {"k_proj": 3}, "dtype": "F16"}),
        ("8", "BF16", {"use_dora": True, "targets": (*ATTENTION, *FEED_FORWARD)}),
        ("q4_0", "F32", {"use_dora": True, "use_rslora": True, "dtype": "F16"}),
    ],
)
def test_the_bytes_are_those_of_merge_lora(tmp_path: Path, bits: str, dtype: str, settings: dict[str, Any]) -> None:
    config = gemma3_config(vocab_size=512)
    base = write_checkpoint(tmp_path / "base", config, dtype=dtype)
    (base / "generation_config.json").write_text('{"temperature": 0.5, "top_k": 9}')
    adapter = write_adapter(tmp_path / "my adapter", config, **settings)
    (adapter / "generation_config.json").write_text('{"temperature": 0.25, "eos_token_id": 9}')
    said = same_bytes(tmp_path, base, bits, adapter)
    assert (said["facts"]["temperature"], said["facts"]["topK"]) == (0.25, None)


@pytest.mark.parametrize("bits", ["8", "q4_0"])
@pytest.mark.parametrize("types", ["Q4_0", "Q5_1", "BF16"])
def test_a_gguf_file_takes_an_adapter_as_the_command_does(tmp_path: Path, bits: str, types: str) -> None:
    """Its tensors have other names than the adapter's modules; blocks that the adapter leaves alone are not rounded again."""
    config = gemma3_config(vocab_size=512, hidden_size=256, intermediate_size=512, num_hidden_layers=2)
    base = write_gguf(tmp_path / "base.gguf", config, types=types)
    adapter = write_adapter(tmp_path / "tone", config, targets=("q_proj", "v_proj", "up_proj", "down_proj"))
    said = same_bytes(tmp_path, base, bits, adapter)
    alone = convert_checkpoint(base, tmp_path / "b.task", quantization=Quantization.of(bits), residual_scale="bound")
    assert alone.sha256 != said["sha256"]


def said(**settings: Any) -> Callable[[Path], object]:
    """Changes adapter_config.json."""
    return lambda folder: (folder / CONFIG).write_text(json.dumps(json.loads((folder / CONFIG).read_text()) | settings))


def tensors(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def changed(folder: Path) -> None:
        found = load_file(folder / WEIGHTS)
        change(found)
        save_file(found, folder / WEIGHTS)

    return changed


A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
MAGNITUDE = A.replace("lora_A.weight", "lora_magnitude_vector")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (said(peft_type="IA3"), "adapter"),
        (said(init_lora_weights="pissa"), "adapter"),
        (said(trainable_token_indices=[1]), "adapter"),
        (said(alpha_pattern={".*q_proj": 4}), "adapter"),
        (said(alpha_pattern=[1]), "damaged"),
        (said(lora_alpha="16"), "damaged"),
        (said(r=4), "damaged"),
        (lambda folder: (folder / WEIGHTS).unlink(), "incomplete"),
        (tensors(lambda found: found.pop(A)), "damaged"),
        (tensors(lambda found: found.update({A: found[A][:, :8].copy()})), "adapter"),
        (tensors(lambda found: found.update({A: np.full_like(found[A], np.inf)})), "not-finite"),
        (tensors(lambda found: found.update({A.replace("q_proj", "other"): found.pop(A)})), "damaged"),
        (tensors(lambda found: found.update({A.replace("lora_A.weight", "bias"): found.pop(A)})), "adapter"),
        (tensors(lambda found: found.update({f"{A[:-6]}again.weight": found[A]})), "damaged"),
        (said(use_dora=True), "damaged"),
        (tensors(lambda found: found.update({MAGNITUDE: np.ones(5, np.float32)})), "damaged"),
        (
            tensors(lambda found: found.update({A: np.full_like(found[A], 1e25), MAGNITUDE: np.ones(256, np.float32)})),
            "not-finite",  # the squares of rows, not these
        ),
    ],
)
def test_what_the_command_refuses_is_refused(tmp_path: Path, change: Callable[[Path], object], code: str) -> None:
    base, adapter = write_checkpoint(tmp_path / "base", SMALL), write_adapter(tmp_path / "adapter", SMALL)
    change(adapter)
    with pytest.raises(OnpageError):
        convert_checkpoint(base, tmp_path / "py.task", residual_scale="bound", merge=adapter)
    found = in_the_page(base, tmp_path / "js.task", "8", adapter)
    assert found.get("refused") == code, found


@pytest.mark.parametrize(
    "change",
    [
        said(rank_pattern=False, alpha_pattern=[]),
        tensors(lambda found: found.update({A.replace(".weight", ".défaut.weight"): found.pop(A)})),
    ],
)
def test_what_the_command_takes_is_taken(tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Patterns that are empty in another way, and an adapter's name with letters of any language."""
    base, adapter = write_checkpoint(tmp_path / "base", SMALL), write_adapter(tmp_path / "adapter", SMALL)
    change(adapter)
    written = convert_checkpoint(base, tmp_path / "py.task", residual_scale="bound", merge=adapter)
    found = in_the_page(base, tmp_path / "js.task", "8", adapter)
    assert found.get("sha256") == written.sha256, found


def with_whole(folder: Path, saved: dict[str, Any], listed: list[str], dtype: str = "F32") -> Path:
    """An adapter with modules that were trained whole, by peft's names."""
    write_adapter(folder, SMALL, modules_to_save=listed)
    found: dict[str, Any] = load_file(folder / WEIGHTS)
    held = {name: ("F32", values.shape, as_bytes(values, "F32")) for name, values in found.items()}
    held |= {
        f"base_model.model.{name}.weight": (dtype, values.shape, as_bytes(values, dtype))
        for name, values in saved.items()
    }
    write_safetensors(folder / WEIGHTS, held)
    return folder


def values_of(base: Path, module: str, times: float = 1.5) -> Any:
    """Other values of a module of the base, whose own are float32."""
    return load_file(base / "model.safetensors")[f"{module}.weight"] * np.float32(times)


WHOLE = (
    "model.norm",
    "model.layers.0.input_layernorm",
    "model.layers.0.mlp.up_proj",
    "model.layers.0.self_attn.q_proj",
)
EMBEDDING = "model.embed_tokens"


@pytest.mark.parametrize("form", ["{}", "{}.modules_to_save", "{}.modules_to_save.default"])
@pytest.mark.parametrize("dtype", ["F32", "BF16"])
@pytest.mark.parametrize(("rows", "pieces"), [(512, 512), (1025, 512), (510, 510)], ids=["all", "spare", "padded"])
def test_modules_that_were_trained_whole_take_the_place_of_the_bases(
    tmp_path: Path, form: str, dtype: str, rows: int, pieces: int
) -> None:
    """q_proj has low ranks, too, which do not count then; the embedding comes with the output, which is the same."""
    config = SMALL | {"vocab_size": rows}
    base = write_checkpoint(tmp_path / "base", config, dtype="F32", tokenizer=synthetic_tokenizer(pieces))
    saved = {form.format(module): values_of(base, module) for module in (*WHOLE, EMBEDDING)}
    saved[form.format("lm_head")] = saved[form.format(EMBEDDING)]
    listed = ["norm", "input_layernorm", "up_proj", "q_proj", "lm_head"]
    adapter = with_whole(tmp_path / "adapter", saved, listed, dtype)
    same_bytes(tmp_path, base, "8", adapter)


def test_a_norm_that_was_trained_whole_goes_into_a_gguf_file_as_it_is(tmp_path: Path) -> None:
    """llama.cpp holds norms as factors, which are 1 more; an adapter does not."""
    base = write_gguf(tmp_path / "base.gguf", SMALL)
    norms = {module: np.linspace(-0.5, 0.5, 128, dtype=np.float32) for module in WHOLE[:2]}
    adapter = with_whole(tmp_path / "adapter", norms, ["norm", "input_layernorm"])
    same_bytes(tmp_path, base, "8", adapter)
    assert WebFile.open(tmp_path / "py.task").read("params.lm.final_ln.scale") == norms["model.norm"].tobytes()


@pytest.mark.parametrize(
    ("saved", "same"),
    [
        ({"lm_head": 1.5}, False),
        ({EMBEDDING: 1.5}, False),
        ({EMBEDDING: 1.5, "lm_head": 1.25}, False),
        ({"lm_head": 1.0}, True),
        ({EMBEDDING: 1.0}, True),
    ],
)
def test_an_embedding_stays_the_outputs_matrix(tmp_path: Path, saved: dict[str, float], same: bool) -> None:
    base = write_checkpoint(tmp_path / "base", SMALL, dtype="F32")
    values = {module: values_of(base, EMBEDDING, times) for module, times in saved.items()}
    adapter = with_whole(tmp_path / "adapter", values, [module.removeprefix("model.") for module in saved])
    found = in_the_page(base, tmp_path / "js.task", "8", adapter)
    if same:
        written = convert_checkpoint(base, tmp_path / "py.task", residual_scale="bound", merge=adapter)
        assert found.get("sha256") == written.sha256, found
    else:
        with pytest.raises(UnsupportedModel, match="one matrix for both"):
            convert_checkpoint(base, tmp_path / "py.task", residual_scale="bound", merge=adapter)
        assert found == {"refused": "adapter", "detail": "embed_tokens, lm_head"}


def test_an_embedding_of_no_numbers_is_not_called_another_than_the_outputs(tmp_path: Path) -> None:
    """NaN equals nothing, itself included."""
    base = write_checkpoint(tmp_path / "base", SMALL, dtype="F32")
    values = np.full_like(values_of(base, EMBEDDING), np.nan)
    adapter = with_whole(tmp_path / "adapter", {EMBEDDING: values, "lm_head": values}, ["embed_tokens", "lm_head"])
    with pytest.raises(CheckpointError, match=r"embed_tokens\.weight holds nan"):
        convert_checkpoint(base, tmp_path / "py.task", residual_scale="bound", merge=adapter)
    found = in_the_page(base, tmp_path / "js.task", "8", adapter)
    assert found == {"refused": "not-finite", "detail": f"base_model.model.{EMBEDDING}.weight"}


@pytest.mark.parametrize(
    ("saved", "listed", "code", "detail"),
    [
        ({"score": (2, 128)}, ["score"], "adapter", "score"),
        ({"model.norm": (64,)}, ["norm"], "adapter", "norm [64], not [128]"),
        ({EMBEDDING: (515, 128), "lm_head": (515, 128)}, [], "adapter", "embed_tokens [515,128], not [512,128]"),
        ({"model.norm": (128,)}, [], "adapter", "base_model.model.model.norm.weight"),
        ({"model.norm": (128,), "norm": (128,)}, ["norm"], "damaged", f"{WEIGHTS}: norm twice"),
        ({}, ["norm"], "damaged", f'{CONFIG}: modules_to_save "norm"'),
        ({}, [""], "damaged", f'{CONFIG}: modules_to_save ""'),
    ],
)
def test_whole_modules_that_the_base_has_not_are_refused(
    tmp_path: Path, saved: dict[str, tuple[int, ...]], listed: list[str], code: str, detail: str
) -> None:
    base = write_checkpoint(tmp_path / "base", SMALL)
    ones = {name: np.ones(shape, np.float32) for name, shape in saved.items()}
    adapter = with_whole(tmp_path / "adapter", ones, listed)
    with pytest.raises(OnpageError):
        convert_checkpoint(base, tmp_path / "py.task", residual_scale="bound", merge=adapter)
    found = in_the_page(base, tmp_path / "js.task", "8", adapter)
    is_refused(found, code, detail)
