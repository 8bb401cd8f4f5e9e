"""The page's converter against `onpage convert`, of GGUF files: the same bytes, or a refusal."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from builder.checkpoint.ggml_types import BLOCK_TYPES
from builder.convert.web_file import convert_checkpoint
from builder.model.weights import Weight
from builder.quantize.scheme import Quantization
from tests.checkpoints import gemma3_config
from tests.gguf_files import tokens_of, write_gguf
from tests.static.node import evaluate
from tests.static.test_convert import GEMMAS, TEMPLATE, in_the_page, is_refused, same

CONFIG = gemma3_config(vocab_size=514, num_hidden_layers=2)
SMALL = gemma3_config(vocab_size=512, num_hidden_layers=1)
TYPES = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")


def mixed(weight: Weight) -> str:
    """Every type that llama.cpp's package writes."""
    parts = ("embedding", "query", "key", "value", "output", "gate", "up", "down")
    return TYPES[(parts.index(weight.part) + 3 * (weight.layer or 0)) % len(TYPES)]


@pytest.mark.parametrize("bits", ["8", "q4_0"])
def test_every_type_becomes_what_onpage_convert_makes_of_it(tmp_path: Path, bits: str) -> None:
    same(write_gguf(tmp_path / "a model — “1”.gguf", CONFIG, types=mixed), bits)


@pytest.mark.parametrize("bits", ["8", "q4_0"])
def test_q4_0_of_several_bands(tmp_path: Path, bits: str) -> None:
    """More rows than a band has, and more in a band than are read at once; rows of padding; blocks of zeros, whose scales are none."""
    path = write_gguf(tmp_path / "m.gguf", gemma3_config(vocab_size=34_002, num_hidden_layers=1), types="Q4_0")
    reader = gguf.GGUFReader(path, "r+")
    for tensor in reader.tensors:
        if tensor.name in ("token_embd.weight", "blk.0.attn_q.weight"):
            tensor.data[0, :2] = 0  # a scale of zero beside integers
            tensor.data[-1, 18:20] = [0, 128]  # minus zero
    reader.data.flush()
    same(path, bits, 1 << 22)


def test_blocks_become_the_values_that_they_are_in_python() -> None:
    """Of every type of blocks, from any bytes whose scales are finite."""
    generator = np.random.default_rng(1)
    blocks = {name: generator.integers(0, 256, (40, kind.size), np.uint8) for name, kind in BLOCK_TYPES.items()}
    given = {name: some.tobytes().hex() for name, some in blocks.items()}
    found = evaluate(
        f"""
        import {{ BLOCK_TYPES }} from "./static/convert/ggml_types.js";
        const given = {json.dumps(given)};
        const hexOf = (name) => {{
          const {{ values, size, decode }} = BLOCK_TYPES[name];
          const all = new Float32Array(40 * values);
          for (let i = 0; i < 40; i += 1) decode(Buffer.from(given[name], "hex"), i * size, all, i * values);
          return Buffer.from(all.buffer).toString("hex");
        }};
        console.log(JSON.stringify(Object.fromEntries(Object.keys(BLOCK_TYPES).map((name) => [name, hexOf(name)]))));
        """
    )
    assert found.keys() == BLOCK_TYPES.keys()
    for name, kind in BLOCK_TYPES.items():
        with np.errstate(all="ignore"):
            expected = kind.decode(blocks[name]).reshape(-1)
        values = np.frombuffer(bytes.fromhex(found[name]), np.float32)
        assert np.array_equal(values, expected, equal_nan=True), name


TWO_HEADS = gemma3_config(vocab_size=512, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2)


@pytest.mark.parametrize(
    ("config", "metadata"),
    [
        (SMALL, {"gemma3__attention__sliding_window_pattern": 3, "gemma3__rope__freq_base_swa": 10_000.0}),
        (CONFIG, {"gemma3__attention__sliding_window_pattern": [True, False]}),
        (TWO_HEADS, {"gemma3__attention__head_count_kv": [2, 2], "gemma3__attention__key_length": None, "gemma3__attention__value_length": None}),
        (SMALL, {"gemma3__rope__scaling__type": "linear", "gemma3__rope__scaling__factor": 8.0}),
        (SMALL, {"gemma3__attention__scale": 0.1, "gemma3__rope__freq_base": None, "gemma3__rope__scaling__type": "none"}),
        (SMALL, {"gemma3__final_logit_softcapping": 30.1, "gemma3__attn_logit_softcapping": 0.1}),
        (SMALL, {"tokenizer__ggml__eot_token_id": 5, "tokenizer__ggml__eom_token_id": 6}),
        (SMALL, {"general__sampling__temp": 0.7, "general__sampling__top_k": 64}),
        (SMALL, {"general__sampling__temp": 0.0, "general__sampling__top_k": 64}),
        (SMALL, {"general__sampling__temp": 11.0, "general__sampling__top_k": 0, "general__alignment": 64}),
        (SMALL, {"tokenizer__chat_template": GEMMAS}),
        (SMALL, {"tokenizer__chat_template": TEMPLATE + "{{ eos_token if not add_generation_prompt and messages[-1].role == 'assistant' }}"}),
        (SMALL, {"tokenizer__ggml__model": "llama", "tokenizer__ggml__add_space_prefix": True}),
        (SMALL, {"tokenizer__ggml__scores": None, "tokenizer__ggml__padding_token_id": None, "tokenizer__ggml__unknown_token_id": None}),
    ],
)  # fmt: skip
def test_what_the_metadata_say_is_told_alike(tmp_path: Path, config: dict[str, Any], metadata: dict[str, Any]) -> None:
    same(write_gguf(tmp_path / "m.gguf", config, **metadata))


def test_pieces_of_spaces_and_fillers_are_written_alike(tmp_path: Path) -> None:
    said = tokens_of(SMALL)
    tokens, kinds = list(said["tokenizer.ggml.tokens"]), list(said["tokenizer.ggml.token_type"])
    tokens[300], tokens[301], tokens[302] = "    ", "é😀", "\ufeff"
    kinds[300] = 4
    for i in (510, 511):
        tokens[i], kinds[i] = f"[PAD{i}]", 5
    same(write_gguf(tmp_path / "m.gguf", SMALL, tokenizer__ggml__tokens=tokens, tokenizer__ggml__token_type=kinds))


def test_an_output_matrix_that_is_the_embedding_is_left_out(tmp_path: Path) -> None:
    plain = write_gguf(tmp_path / "m.gguf", SMALL)
    stored = next(t.data for t in gguf.GGUFReader(plain).tensors if t.name == "token_embd.weight")
    same(write_gguf(tmp_path / "n.gguf", SMALL, also={"output.weight": np.array(stored)}))


def in_parts(folder: Path) -> Path:
    """A file, and its tensors over two others."""
    folder.mkdir()
    for number in range(2):
        names = [t.name for t in gguf.GGUFReader(write_gguf(folder / "whole", SMALL)).tensors]
        left_out = tuple(name.removesuffix(".weight") for i, name in enumerate(names) if i % 2 != number)
        parts = {"split__no": number, "split__count": 2}
        write_gguf(folder / f"m-0000{number + 1}-of-00002.gguf", SMALL, left_out=left_out, **parts)
    (folder / "whole").unlink()
    return folder


def test_a_file_in_parts_is_read_from_all_of_them(tmp_path: Path) -> None:
    folder = in_parts(tmp_path / "parts")
    said = in_the_page(folder, tmp_path / "m.task")
    written = convert_checkpoint(
        folder / "m-00001-of-00002.gguf",
        tmp_path / "n.task",
        quantization=Quantization.of("8"),
        residual_scale="bound",
    )
    assert said.get("sha256") == written.sha256, said
    (folder / "m-00002-of-00002.gguf").unlink()
    assert in_the_page(folder, tmp_path / "m.task") == {"refused": "incomplete", "detail": "m-00002-of-00002.gguf"}
    (folder / "m-00001-of-00002.gguf").rename(folder / "m.gguf")
    said = in_the_page(folder, tmp_path / "m.task")
    assert (said["refused"], said["detail"]) == ("incomplete", "m-0000N-of-00002.gguf")


def made(**metadata: Any) -> Callable[[Path], object]:
    """A file with other metadata."""
    return lambda path: write_gguf(path, SMALL, **metadata)


def changed(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """A file with other bytes."""
    return lambda path: write_gguf(path, SMALL).write_bytes(change(path.read_bytes()))


def at(position: int, form: str, value: int) -> Callable[[Path], object]:
    """A file with another number in its header."""
    number = struct.pack(form, value)
    return changed(lambda data: data[:position] + number + data[position + len(number) :])


def typed(kind: int) -> Callable[[bytes], bytes]:
    """The embedding said to be of another type."""

    def change(data: bytes) -> bytes:
        place = data.index(b"token_embd.weight") + len("token_embd.weight") + 4 + 16
        return data[:place] + struct.pack("<I", kind) + data[place + 4 :]

    return change


def twice(data: bytes) -> bytes:
    return data.replace(b"blk.0.attn_k.weight", b"blk.0.attn_q.weight")


WINDOW = "gemma3__attention__sliding_window"


@pytest.mark.parametrize(
    ("make", "code", "detail"),
    [
        (made(general__architecture="mamba"), "family", '"mamba"'),
        (made(general__type="adapter"), "family", "adapter"),
        (made(**{WINDOW: None}), "setting", "sliding_window null"),
        (made(gemma3__embedding_length=None), "damaged", "gemma3.embedding_length"),
        (made(gemma3__attention__value_length=32), "setting", "attention.value_length 32"),
        (made(gemma3__attention__head_count=[4, 2]), "setting", "attention.head_count [4,2]"),
        (made(gemma3__rope__scaling__type="yarn"), "setting", "rope_scaling "),
        (made(tokenizer__chat_template="{{ raise_exception('no') }}"), "template", '"raise_exception no"'),
        (made(tokenizer__chat_template=5), "template", "5"),
        (made(tokenizer__ggml__model="gpt2"), "tokenizer", 'tokenizer.ggml.model "gpt2"'),
        (made(tokenizer__ggml__tokens=None), "tokenizer", "tokenizer.ggml.tokens"),
        (made(tokenizer__ggml__tokens=["<a>"] * 512), "tokenizer", "tokenizer.ggml.tokens"),
        (made(tokenizer__ggml__scores=[1.0, 2.0]), "tokenizer", "tokenizer.ggml.scores"),
        (made(tokenizer__ggml__token_type=[9] * 512), "tokenizer", "tokenizer.ggml.token_type"),
        (made(tokenizer__ggml__bos_token_id=512), "tokenizer", "tokenizer.ggml.bos_token_id 512"),
        (made(left_out=("token_embd",)), "damaged", "token_embd.weight"),
        (made(left_out=("blk.0.ffn_up",)), "damaged", "model.layers.0.mlp.up_proj.weight: null"),
        (made(also={"blk.1.attn_q.weight": np.zeros((4, 4), np.float32)}), "damaged", '1: "blk.1.attn_q.weight"'),
        (made(also={"rope_freqs.weight": np.zeros(4, np.float32)}), "damaged", '1: "rope_freqs.weight"'),
        (changed(typed(23)), "types", "model.embed_tokens.weight IQ4_XS"),
        (changed(typed(99)), "types", "model.embed_tokens.weight 99"),
        (changed(twice), "damaged", 'm.gguf: "blk.0.attn_q.weight" twice'),
        (changed(lambda data: b"GGML" + data[4:]), "damaged", "m.gguf: GGUF"),
        (changed(lambda data: data[:60]), "damaged", "m.gguf: "),
        (changed(lambda data: data[:-4]), "damaged", "m.gguf: "),
        (changed(lambda data: b""), "damaged", "m.gguf: "),
        (at(4, "<I", 1), "damaged", "m.gguf: version 1"),
        (at(8, "<Q", 2**60), "damaged", "m.gguf: "),
        (at(16, "<Q", 2**63), "damaged", "m.gguf: "),
        (at(24, "<Q", 2**40), "damaged", "m.gguf: "),
    ],
)  # fmt: skip
def test_what_it_cannot_convert_it_refuses_by_name(
    tmp_path: Path, make: Callable[[Path], object], code: str, detail: str
) -> None:
    path = tmp_path / "m.gguf"
    make(path)
    said = in_the_page(path, tmp_path / "m.task")
    is_refused(said, code, detail)


def test_scales_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf", SMALL, types="Q4_0")
    reader = gguf.GGUFReader(path, "r+")
    next(t for t in reader.tensors if t.name == "blk.0.ffn_up.weight").data[3, 1] = 0x7C
    reader.data.flush()
    for bits in ("8", "q4_0"):
        said = in_the_page(path, tmp_path / "m.task", bits)
        assert (said.get("refused"), said.get("detail")) == ("not-finite", "model.layers.0.mlp.up_proj.weight")


def test_any_change_of_a_header_ends_in_a_file_or_a_refusal(tmp_path: Path) -> None:
    """As damaged downloads: one byte each; the reader itself, in one program."""
    path = write_gguf(tmp_path / "m.gguf", SMALL)
    found = evaluate(
        f"""
        import {{ readFileSync }} from "node:fs";
        import {{ openGguf }} from "./static/convert/gguf_checkpoint.js";
        import {{ Refusal }} from "./static/convert/refusal.js";
        const data = readFileSync({json.dumps(str(path))});
        const codes = {{}};
        for (let i = 0; i < 300; i += 1) {{
          const bytes = Uint8Array.from(data);
          bytes[(i * i * 7 + 4) % 30_000] = (i * 37) % 256;
          let code = "read";
          try {{
            const checkpoint = await openGguf({{ name: "", files: new Map([["m.gguf", new Blob([bytes])]]) }}, "m.gguf");
            await checkpoint.tokenizer(512);
            await checkpoint.tensors();
          }} catch (error) {{
            code = error instanceof Refusal ? error.code : String(error.stack);
          }}
          codes[code] = (codes[code] ?? 0) + 1;
        }}
        console.log(JSON.stringify(codes));
        """
    )
    assert set(found) <= {"read", "damaged", "tokenizer", "family", "setting", "incomplete"}, found
    assert found["read"] < 300
