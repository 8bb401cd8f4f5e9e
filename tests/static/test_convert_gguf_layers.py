"""The page's converter against `onpage convert`, of GGUF files of Gemma 3n and 4, whose layers differ: the same bytes, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.model.weights import Weight
from builder.quantize.scheme import Quantization
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.builder.model.test_gguf_checkpoint import (
    GEMMA4S,
    OF_ANOTHER_TYPE,
    SHARED,
    SMALL,
    TABLES,
    rope_divisors,
)
from tests.builder.model.test_gguf_tokenizer import listed_pairs
from tests.checkpoints import gemma3n_config, gemma4_config
from tests.gguf_files import write_gguf
from tests.goldens.cases import EXPERTS
from tests.static.test_convert import GEMMA4S as TEMPLATE
from tests.static.test_convert import in_the_page, is_refused, same
from tests.static.test_convert_adapter import same_bytes

E2B = gemma4_config(**SMALL | TABLES | SHARED)
GEMMA3N = gemma3n_config(**SMALL | {"hidden_size_per_layer_input": 32, "vocab_size_per_layer_input": 512})
TYPES = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")


def of_gemma4(path: Path, config: dict[str, Any] = E2B, **given: Any) -> Path:
    """With the tensor that says how much of a head is turned."""
    return write_gguf(path, config, also=rope_divisors(config) | given.pop("also", {}), **given)


def mixed(weight: Weight) -> str:
    """Every type that llama.cpp's package writes, whatever the part."""
    return TYPES[(sum(map(ord, weight.part)) + (weight.layer or 0)) % len(TYPES)]


@pytest.mark.parametrize("bits", ["8", "q4_0"])
@pytest.mark.parametrize("types", ["F32", "BF16", "Q4_0", "Q8_0", mixed])
def test_a_gemma4_is_what_onpage_convert_makes_of_it(
    tmp_path: Path, bits: str, types: str | Callable[[Weight], str]
) -> None:
    same(of_gemma4(tmp_path / "m.gguf", types=types), bits)


@pytest.mark.parametrize("case", GEMMA4S)
def test_what_the_metadata_say_is_told_alike(tmp_path: Path, case: str) -> None:
    same(of_gemma4(tmp_path / "m.gguf", gemma4_config(**SMALL | GEMMA4S[case])))


@pytest.mark.parametrize(
    "metadata",
    [
        {"gemma4__rope__freq_base": None, "gemma4__rope__freq_base_swa": None, "gemma4__rope__scaling__type": "none"},
        {"gemma4__attention__shared_kv_layers": None, "gemma4__feed_forward_length": 256},
        {"gemma4__final_logit_softcapping": None, "gemma4__attention__value_length_swa": None},
    ],
)
def test_what_is_left_out_is_filled_in_alike(tmp_path: Path, metadata: dict[str, Any]) -> None:
    same(of_gemma4(tmp_path / "m.gguf", gemma4_config(**SMALL), **metadata))


def test_without_divisors_all_of_a_head_is_turned(tmp_path: Path) -> None:
    same(write_gguf(tmp_path / "m.gguf", E2B))


def test_its_own_tokenizer_and_turns_are_written_alike(tmp_path: Path) -> None:
    """A tokenizer of listed pairs, in which the pieces of the turns are control tokens."""
    said = listed_pairs()
    texts = said["tokenizer__ggml__tokens"]
    for old, new in (("<start_of_turn>", "<|turn>"), ("<end_of_turn>", "<turn|>")):
        texts[texts.index(old)] = new
    config = E2B | {"vocab_size": 704, "vocab_size_per_layer_input": 704}
    for template in (None, TEMPLATE):
        path = of_gemma4(tmp_path / "m.gguf", config, tokenizer__chat_template=template, **said)
        assert same(path)["facts"]["prompt"]["suffix"] == "<turn|>\n<|turn>model\n"


@pytest.mark.parametrize("bits", ["8", "q4_0"])
@pytest.mark.parametrize("types", ["F32", "Q4_0", mixed])
def test_a_gemma3n_is_what_onpage_convert_makes_of_it(
    tmp_path: Path, bits: str, types: str | Callable[[Weight], str]
) -> None:
    same(write_gguf(tmp_path / "m.gguf", GEMMA3N, types=types), bits)


@pytest.mark.parametrize("share", [0.95, 0.3, 0.0, 0.123456])
def test_how_sparse_it_is_is_told_alike(tmp_path: Path, share: float) -> None:
    config = GEMMA3N | {"activation_sparsity_pattern": [share] * 10 + [0.0] * 2}
    same(write_gguf(tmp_path / "m.gguf", config))


def test_how_many_caches_there_are_is_llama_cpps_where_a_file_is_silent(tmp_path: Path) -> None:
    pattern = ["sliding_attention", "sliding_attention", "sliding_attention", "full_attention"]
    config = GEMMA3N | {"num_hidden_layers": 24, "num_kv_shared_layers": 4, "layer_types": pattern * 6}
    config |= {"intermediate_size": 64, "activation_sparsity_pattern": [0.95] * 10 + [0.0] * 14}
    same(write_gguf(tmp_path / "m.gguf", config, gemma3n__attention__shared_kv_layers=None))


@pytest.mark.parametrize("config", [GEMMA3N, E2B], ids=["gemma3n", "gemma4"])
def test_keys_that_no_layer_reads_are_left_out(tmp_path: Path, config: dict[str, Any]) -> None:
    last = config["num_hidden_layers"] - 1
    also = {f"blk.{last}.attn_{part}.weight": np.ones((64, 128), np.float32) for part in ("k", "v", "k_norm")}
    same(write_gguf(tmp_path / "m.gguf", config, also=also | (rope_divisors(config) if config is E2B else {})))


@pytest.mark.parametrize("types", ["Q4_0", "BF16"])
def test_an_adapter_is_merged_alike(tmp_path: Path, types: str) -> None:
    config = E2B | {"num_kv_shared_layers": 0}
    base = of_gemma4(tmp_path / "m.gguf", config, types=types)
    targets = (*ATTENTION, *FEED_FORWARD, "per_layer_input_gate")
    same_bytes(tmp_path, base, "q4_0", write_adapter(tmp_path / "tone", config, targets=targets))


def refused(path: Path) -> dict[str, Any]:
    """By the command, too."""
    with pytest.raises(OnpageError):
        convert_checkpoint(path, path.with_name("n.task"), quantization=Quantization.of("8"), residual_scale="bound")
    return in_the_page(path, path.with_name("m.task"))


@pytest.mark.parametrize(
    ("metadata", "code", "detail"),
    [
        ({"feed_forward_length": [256, 256, 512, 256, 256, 256]}, "setting", "feed_forward_length [256,256,512,"),
        ({"attention__head_count_kv": [1, 2, 1, 1, 1, 1]}, "setting", "attention.head_count_kv [1,2,"),
        ({"rope__dimension_count_swa": 16}, "setting", "rope.dimension_count_swa 16"),
        ({"attention__sliding_window_pattern": [True, False]}, "damaged", "gemma4.attention.sliding_window_pattern"),
        ({"attention__key_length_swa": None}, "damaged", "gemma4.attention.key_length_swa"),
        ({"block_count": None}, "damaged", "gemma4.block_count"),
        ({"embedding_length": None}, "damaged", "gemma4.embedding_length"),
        ({"rope__scaling__type": "yarn"}, "setting", 'rope.scaling.type "yarn"'),
        ({"attention__value_length_swa": 16}, "setting", "attention.value_length_swa 16"),
        ({"attention__value_length": 16}, "setting", "attention.value_length 16"),
        ({"embedding_length_per_layer_input": 16}, "damaged", "model.per_layer_model_projection.weight: "),
    ],
)
def test_what_a_gemma4_says_that_cannot_be(tmp_path: Path, metadata: dict[str, Any], code: str, detail: str) -> None:
    said = refused(of_gemma4(tmp_path / "m.gguf", **{f"gemma4__{key}": value for key, value in metadata.items()}))
    is_refused(said, code, detail)


@pytest.mark.parametrize(
    "divisors", [np.linspace(1, 2, 32, dtype=np.float32), np.ones(16, np.float32), np.ones((2, 16), np.float32)]
)
def test_a_rope_that_is_divided_otherwise_is_refused(tmp_path: Path, divisors: Any) -> None:
    said = refused(write_gguf(tmp_path / "m.gguf", E2B, also={"rope_freqs.weight": divisors}))
    assert (said.get("refused"), said.get("detail")) == ("setting", "rope_freqs.weight")


@pytest.mark.parametrize(("make", "key", "value", "_"), OF_ANOTHER_TYPE)
def test_metadata_of_another_type_are_refused(
    tmp_path: Path, make: Callable[..., dict[str, Any]], key: str, value: Any, _: str
) -> None:
    config = make(vocab_size=512)
    also = rope_divisors(config) if make is gemma4_config else {}
    path = write_gguf(tmp_path / "m.gguf", config, also=also, **{key.replace(".", "__"): value})
    assert refused(path).get("refused") in ("setting", "damaged")


def test_experts_are_left_to_the_command(tmp_path: Path) -> None:
    said = in_the_page(of_gemma4(tmp_path / "m.gguf", gemma4_config(**SMALL | EXPERTS)), tmp_path / "m.task")
    assert (said.get("refused"), said.get("detail")) == ("family", "enable_moe_block")
