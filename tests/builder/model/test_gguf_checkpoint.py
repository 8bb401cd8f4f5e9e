"""A GGUF file converts to what the checkpoint folder of the same weights converts to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.checkpoint.ggml_types import BLOCK_TYPES
from builder.checkpoint.gguf import GgufFile
from builder.convert.web_file import WrittenModel, convert_checkpoint
from builder.errors import CheckpointError, OnpageError, TokenizerError, UnsupportedModel
from builder.formats.web_file_reader import WebFile
from builder.model.families import gemma3n
from builder.model.gguf_checkpoint import GgufCheckpoint
from builder.model.gguf_config import config_of
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from tests.adapters import write_adapter
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, gemma3n_config, gemma4_config
from tests.gguf_files import TypeOf, rope_divisors, write_gguf

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n"
    "{{ m['content'] }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def same_weights(first: Path, second: Path) -> None:
    ours, theirs = WebFile.open(first), WebFile.open(second)
    assert list(ours.tensors) == list(theirs.tensors) and ours.parameters == theirs.parameters
    assert all(ours.read(name) == theirs.read(name) for name in ours.tensors)


def both(
    folder: Path, config: dict[str, Any], *, bits: str = "8", types: str | TypeOf = "F32", **metadata: Any
) -> WrittenModel:
    """Converts both, compares them, and returns what came of the GGUF file."""
    path = write_gguf(folder / "m.gguf", config, types=types, folder=folder / "c", **metadata)
    quantization = Quantization.of(bits)
    written = convert_checkpoint(path, folder / "gguf.task", quantization=quantization)
    convert_checkpoint(folder / "c", folder / "folder.task", quantization=quantization)
    same_weights(folder / "gguf.task", folder / "folder.task")
    return written


@pytest.mark.parametrize("bits", ["8", "4"])
@pytest.mark.parametrize("make", [gemma1_config, gemma2_config, gemma3_config])
def test_each_family_is_its_folder(tmp_path: Path, make: Any, bits: str) -> None:
    written = both(tmp_path, make(num_hidden_layers=2), bits=bits)
    assert written.model_type.startswith("GEMMA")


@pytest.mark.parametrize("types", ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"])
def test_each_type_is_a_folder_of_what_it_holds(tmp_path: Path, types: str) -> None:
    both(tmp_path, gemma3_config(num_hidden_layers=1, vocab_size=512), types=types)


def test_every_block_type_can_be_asked_for() -> None:
    """Those that the package cannot write are compared value for value (test_ggml_types); what reads them is the same."""
    assert {name for name in BLOCK_TYPES if name.endswith("_K")} == {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"}


ROPES = {
    "linear": (
        {"rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        {"gemma3__rope__scaling__type": "linear", "gemma3__rope__scaling__factor": 8.0},
    ),
    "another base": ({"rope_theta": 5e5}, {"gemma3__rope__freq_base": 5e5}),
    "the local base said": ({}, {"gemma3__rope__freq_base_swa": 1e4}),
    "a pattern": (
        {"sliding_window_pattern": 2, "num_hidden_layers": 4},
        {"gemma3__attention__sliding_window_pattern": 2},
    ),
    "kinds of layers": (
        {"layer_types": ["sliding_attention", "full_attention"] * 2, "num_hidden_layers": 4},
        {"gemma3__attention__sliding_window_pattern": [True, False, True, False]},
    ),
    "heads for each layer": ({}, {"gemma3__attention__head_count": [4, 4]}),
    "queries scaled": ({"query_pre_attn_scalar": 16}, {"gemma3__attention__scale": 0.25}),
}


@pytest.mark.parametrize("case", ROPES)
def test_what_differs_from_the_usual_is_read(tmp_path: Path, case: str) -> None:
    config, metadata = ROPES[case]
    both(tmp_path, gemma3_config(**{"num_hidden_layers": 2, "vocab_size": 512} | config), **metadata)


def test_the_largest_of_each_generation_scales_queries_otherwise(tmp_path: Path) -> None:
    """llama.cpp knows them by their number of layers."""
    config = gemma3_config(num_hidden_layers=62, hidden_size=32, intermediate_size=32, head_dim=32, vocab_size=512)
    opened = OpenedCheckpoint.open(write_gguf(tmp_path / "m.gguf", config))
    assert opened.described.layers[0].attention.query_scale == pytest.approx((32 / 4) ** -0.5)


def test_turns_stops_and_sampling_come_from_the_metadata(tmp_path: Path) -> None:
    path = write_gguf(
        tmp_path / "m.gguf",
        gemma3_config(num_hidden_layers=1, vocab_size=512),
        tokenizer__chat_template=GEMMA,
        tokenizer__ggml__eot_token_id=5,
        general__sampling__temp=0.7,
        general__sampling__top_k=40,
    )
    opened = OpenedCheckpoint.complete(path)
    assert opened.turns.question.prefix == "<start_of_turn>user\n" and "of m.gguf" in opened.notes[0]
    assert opened.turns.question.suffix == "<end_of_turn>\n<start_of_turn>model\n"
    assert opened.generation.stop_ids == [1, 5]
    assert (opened.generation.temperature, opened.generation.top_k) == (pytest.approx(0.7), 40)


def test_greedy_sampling_is_greedy(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=1, vocab_size=512)
    opened = OpenedCheckpoint.complete(write_gguf(tmp_path / "m.gguf", config, general__sampling__temp=0.0))
    assert (opened.generation.temperature, opened.generation.top_k) == (None, 1)


def test_an_adapter_is_merged(tmp_path: Path) -> None:

    config = gemma3_config(num_hidden_layers=2, vocab_size=512)
    path = write_gguf(tmp_path / "m.gguf", config, types="Q8_0", folder=tmp_path / "c")
    adapter = write_adapter(tmp_path / "adapter", config, rank=4)
    for base, name in ((path, "gguf.task"), (tmp_path / "c", "folder.task")):
        convert_checkpoint(base, tmp_path / name, merge=adapter)
    same_weights(tmp_path / "gguf.task", tmp_path / "folder.task")


REFUSED: dict[str, tuple[dict[str, Any], type[OnpageError], str]] = {
    "another architecture": ({"general__architecture": "mamba"}, UnsupportedModel, "architecture 'mamba': onpage converts gemma, gemma2, gemma3"),
    "an adapter": ({"general__type": "adapter"}, UnsupportedModel, "is a LoRA adapter for llama.cpp: use the folder that peft saved"),
    "images": ({"general__architecture": "clip"}, UnsupportedModel, "reads images: use the GGUF file of the model"),
    "a tokenizer of bytes": ({"tokenizer__ggml__model": "rwkv"}, TokenizerError, "tokenizer.ggml.model is 'rwkv'"),
    "no tokens": ({"tokenizer__ggml__tokens": None}, TokenizerError, "holds no tokenizer"),
    "scores": ({"tokenizer__ggml__scores": [1.0, 2.0]}, TokenizerError, "one number for each of the 512 tokens"),
    "kinds": ({"tokenizer__ggml__token_type": [9] * 512}, TokenizerError, "kinds that are none"),
    "an id": ({"tokenizer__ggml__bos_token_id": 512}, TokenizerError, "bos_token_id is 512, which is not an id"),
    "an end": ({"tokenizer__ggml__eot_token_id": 700}, CheckpointError, "eos_token_id 700 of .* is not one of"),
    "no width": ({"gemma3__embedding_length": None}, CheckpointError, "does not say gemma3.embedding_length"),
    "a text as width": ({"gemma3__embedding_length": "many"}, CheckpointError, "hidden_size is 'many'"),
    "another width": ({"gemma3__embedding_length": 64}, CheckpointError, r"has shape \[512, 128\], but m.gguf gives \[512, 64\]"),
    "values of another length": ({"gemma3__attention__value_length": 32}, UnsupportedModel, "one length for both"),
    "heads that differ": ({"gemma3__attention__head_count": [4, 2]}, UnsupportedModel, "head_count differs from layer to layer"),
    "another epsilon": ({"gemma3__attention__layer_norm_rms_epsilon": 1e-5}, UnsupportedModel, "rms_norm_eps is 1e-05"),
    "yarn": ({"gemma3__rope__scaling__type": "yarn"}, UnsupportedModel, "yarn"),
    "no window": ({"gemma3__attention__sliding_window": None}, UnsupportedModel, "sliding_window is None"),
    "a template that cannot be run": ({"tokenizer__chat_template": "{{ nothing.at.all }}"}, CheckpointError, "m.gguf cannot be run"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, case: str) -> None:
    metadata, error, words = REFUSED[case]
    path = write_gguf(tmp_path / "m.gguf", gemma3_config(num_hidden_layers=2, vocab_size=512), **metadata)
    with pytest.raises(error, match=words) as caught:
        convert_checkpoint(path, tmp_path / "m.task")
    assert str(path) in str(caught.value) and not (tmp_path / "m.task").exists()


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=2, vocab_size=512)
    path = write_gguf(tmp_path / "m.gguf", config, left_out=("blk.1.ffn_up",))
    with pytest.raises(CheckpointError, match=r"layers.1.mlp.up_proj.weight is missing from .*m.gguf"):
        OpenedCheckpoint.complete(path)


def test_a_tensor_that_the_model_has_no_place_for_is_refused(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=1, vocab_size=512)
    path = write_gguf(tmp_path / "m.gguf", config, also={"blk.0.attn_q.bias": np.zeros(256, np.float32)})
    with pytest.raises(UnsupportedModel, match=r"such as blk.0.attn_q.bias"):
        OpenedCheckpoint.complete(path)


def test_an_output_matrix_of_its_own_is_refused(tmp_path: Path) -> None:
    config = gemma3_config(num_hidden_layers=1, vocab_size=512)
    path = write_gguf(tmp_path / "m.gguf", config, also={"output.weight": np.zeros((512, 128), np.float32)})
    with pytest.raises(UnsupportedModel, match="differs from the embedding"):
        OpenedCheckpoint.complete(path)


def test_the_file_itself_is_not_replaced(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.task", gemma3_config(num_hidden_layers=1, vocab_size=512))
    with pytest.raises(OnpageError, match="part of the checkpoint"):
        convert_checkpoint(path, path)


def test_chatml_is_read_as_its_template_says(tmp_path: Path) -> None:
    """A template whose pieces the tokenizer has not is refused, as in a folder."""
    config = gemma3_config(num_hidden_layers=1, vocab_size=512)
    path = write_gguf(tmp_path / "m.gguf", config, tokenizer__chat_template=CHATML)
    with pytest.raises(TokenizerError, match=r"of m.gguf in .* hold '<\|im_start\|>'"):
        OpenedCheckpoint.complete(path)


SHARED = {"num_kv_shared_layers": 3, "use_double_wide_mlp": True}
TABLES = {"hidden_size_per_layer_input": 32, "vocab_size_per_layer_input": 512}
SMALL: dict[str, Any] = {"vocab_size": 512}
GEMMA4S = {
    "as it is": {},
    "values are keys": {"attention_k_eq_v": True, "num_key_value_heads": 2, "num_global_key_value_heads": 1},
    "shared and double": SHARED,
    "tables": TABLES | SHARED,
    "half of a head turned": {
        "rope_parameters": {
            "full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.5, "rope_theta": 5e5},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        }
    },
}


@pytest.mark.parametrize("case", GEMMA4S)
def test_a_gemma4_is_its_folder(tmp_path: Path, case: str) -> None:
    config = gemma4_config(**SMALL | GEMMA4S[case])
    assert both(tmp_path, config, also=rope_divisors(config)).model_type.startswith("GEMMA")


@pytest.mark.parametrize("types", ["F32", "BF16", "Q4_0", "Q8_0"])
def test_tables_and_streams_are_their_folders(tmp_path: Path, types: str) -> None:
    """Plain, and in blocks of which columns are read."""
    config = gemma3n_config(hidden_size_per_layer_input=16, vocab_size_per_layer_input=512, **SMALL)
    both(tmp_path, config, types=types)


def test_tokens_of_pictures_are_left_out(tmp_path: Path) -> None:
    """llama.cpp fills the tables of a Gemma 3n up to as many rows as the embedding has."""
    config = gemma3n_config(vocab_size=512, vocab_size_per_layer_input=512)
    path = write_gguf(tmp_path / "m.gguf", config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(gemma3n.DEFAULTS, "vocab_size_per_layer_input", 448)
        opened = OpenedCheckpoint.complete(path)
        assert opened.described.embedding.vocabulary == 448 and len(opened.tokenizer.pieces) == 448
        convert_checkpoint(path, tmp_path / "m.task")


@pytest.mark.parametrize("make", [gemma3n_config, gemma4_config])
def test_keys_that_no_layer_reads_are_left_out(tmp_path: Path, make: Any) -> None:
    """llama.cpp's converter writes those of layers that share others'."""
    config = make(vocab_size=512, num_kv_shared_layers=3)
    if make is gemma3n_config:
        config["vocab_size_per_layer_input"] = 512
    last = config["num_hidden_layers"] - 1
    also = {f"blk.{last}.attn_{part}.weight": np.ones((64, 128), np.float32) for part in "kv"}
    path = write_gguf(tmp_path / "m.gguf", config, also=also | (rope_divisors(config) if make is gemma4_config else {}))
    assert "2 tensors of keys and values that no layer reads left out" in OpenedCheckpoint.complete(path).left_out


def test_what_a_gemma4_says_that_cannot_be(tmp_path: Path) -> None:
    config = gemma4_config(vocab_size=512)
    for metadata, said in (
        ({"gemma4__feed_forward_length": [256, 256, 512, 256, 256, 256]}, "gemma4.feed_forward_length differs"),
        ({"gemma4__attention__head_count_kv": [1, 2, 1, 1, 1, 1]}, "gemma4.attention.head_count_kv differs"),
        ({"gemma4__rope__dimension_count_swa": 16}, "rope.dimension_count_swa is 16, and a head has 32"),
        (
            {"gemma4__attention__sliding_window_pattern": [True, False]},
            "does not say gemma4.attention.sliding_window_pattern",
        ),
        ({"gemma4__attention__key_length_swa": None}, "does not say gemma4.attention.key_length_swa"),
        ({"gemma4__block_count": None}, "does not say gemma4.block_count"),
    ):
        path = write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config), **metadata)
        with pytest.raises(OnpageError, match=said):
            OpenedCheckpoint.complete(path)
    odd = {"rope_freqs.weight": np.linspace(1, 2, 32, dtype=np.float32)}
    with pytest.raises(UnsupportedModel, match="divides the rope otherwise"):
        OpenedCheckpoint.open(write_gguf(tmp_path / "m.gguf", config, also=odd))


OF_ANOTHER_TYPE: list[tuple[Callable[..., dict[str, Any]], str, Any, str]] = [
    (gemma4_config, "gemma4.attention.shared_kv_layers", 1.5, "is 1.5: expected a whole number from 0"),
    (gemma4_config, "gemma4.attention.shared_kv_layers", "2", "is '2': expected a whole number from 0"),
    (gemma4_config, "gemma4.attention.shared_kv_layers", 2**32 - 1, "is 4294967295: expected a whole number from 0"),
    (gemma4_config, "gemma4.attention.shared_kv_layers", [True] * 6, r"is \[True, .*: expected a whole number from 0"),
    (gemma4_config, "gemma4.attention.sliding_window_pattern", 2, "is 2: expected whether there is a window"),
    (gemma4_config, "gemma4.attention.sliding_window_pattern", [1.5] * 6, r"is \[1.5, .*: expected whether"),
    (
        gemma4_config,
        "gemma4.attention.head_count_kv",
        ["1"] * 6,
        r"is \['1', .*: expected one value, or",
    ),
    (
        gemma4_config,
        "gemma4.feed_forward_length",
        [256.5] * 6,
        r"is \[256.5, .*: expected a whole number of each layer",
    ),
    (gemma4_config, "gemma4.rope.freq_base", 0.0, "rope_theta is 0.0: expected a positive number"),
    (gemma4_config, "gemma4.block_count", 6.5, "is 6.5: expected a whole number from 1"),
    (gemma3n_config, "gemma3n.activation_sparsity_scale", "1.6", "is '1.6': expected a number of standard deviations"),
    (gemma3n_config, "gemma3n.activation_sparsity_scale", [float("nan")] * 12, r"is \[nan, .*: expected a number of"),
    (gemma3n_config, "gemma3n.altup.active_idx", [True] * 12, "altup_active_idx is True"),
    (gemma3_config, "gemma3.attention.value_length", [True, True], "is True, and keys have 64"),
    (gemma3_config, "gemma3.attention.key_length", ["64", "64"], r"is \['64', '64'\]: expected one value"),
]


@pytest.mark.parametrize(("make", "key", "value", "said"), OF_ANOTHER_TYPE)
def test_metadata_of_another_type_are_refused_in_a_sentence(
    tmp_path: Path, make: Callable[..., dict[str, Any]], key: str, value: Any, said: str
) -> None:
    config = make(vocab_size=512)
    also = rope_divisors(config) if make is gemma4_config else {}
    path = write_gguf(tmp_path / "m.gguf", config, also=also, **{key.replace(".", "__"): value})
    with pytest.raises(OnpageError, match=said):
        _ = GgufCheckpoint.open(path).tensors


def test_divisors_of_no_rope_take_no_memory(tmp_path: Path) -> None:
    """Of a type that is not read nothing is known but the shape, which can be any."""
    config = gemma4_config(vocab_size=512)
    file = GgufFile.open(write_gguf(tmp_path / "m.gguf", config, also=rope_divisors(config)))
    odd = replace(file.tensors["rope_freqs.weight"], dtype="number 99", shape=(1 << 45,))
    with pytest.raises(UnsupportedModel, match="divides the rope otherwise"):
        config_of(replace(file, tensors={**file.tensors, odd.name: odd}))
