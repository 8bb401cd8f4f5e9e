"""The random models in other engines' formats, read by those engines' own packages: the web file's weights, and its answers."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np
import onnxruntime
import pytest
import sentencepiece
import tokenizers
from numpy.typing import NDArray

from builder.errors import OnpageError, OutputError
from builder.model.families import describe
from builder.model.gguf_names import LAYER_NAMES
from builder.model.weights import layer_parts
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.synth import gguf_file, onnx_folder
from builder.synth import web_file as synth
from builder.synth.web_file import FIRST_WORD, synthetic_tokenizer, word
from tests.goldens.cases import with_attention

SHAPE = "hidden=128,ffn=256,layers=7,heads=4,kv=2,head=64,vocab=1024,window=16,context=512"
"""A layer that sees everything, and windows shorter than the prompt."""

FOUR_BITS = Quantization.of("q4_0")
PROMPT = [synth.BOS, *random.Random(1).choices(range(FIRST_WORD, 1024), k=39)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as web.task, model.gguf and onnx/."""
    folder = tmp_path_factory.mktemp("formats")
    synth.synthesize(SHAPE, folder / "web.task", quantization=FOUR_BITS, seed=3)
    gguf_file.synthesize(SHAPE, folder / "model.gguf", quantization=FOUR_BITS, seed=3)
    onnx_folder.synthesize(SHAPE, folder / "onnx", quantization=FOUR_BITS, seed=3)
    return folder


@pytest.fixture(scope="module")
def reference(folder: Path) -> Reference:
    return Reference.from_web_file(folder / "web.task")


def test_gguf_holds_the_web_files_weights_but_for_float16_scales(folder: Path, reference: Reference) -> None:
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(folder / "model.gguf").tensors}
    assert len(tensors) == len(reference.weights)
    web_names = {
        "attn_q": "self_attention.q",
        "attn_output": "self_attention.post",
        "ffn_gate": "ff_layer.ffn_layer1_gate",
        "ffn_down": "ff_layer.ffn_layer2",
    }
    pairs = {
        f"blk.{i}.{ours}.weight": f"params.lm.transformer.x_layers_{i}.{theirs}"
        for i in (0, 6)
        for ours, theirs in web_names.items()
    }
    pairs["token_embd.weight"] = "params.lm.softmax.logits_ffn"
    for name, web_name in pairs.items():
        tensor, expected = tensors[name], reference.weights[web_name]
        assert tensor.tensor_type == gguf.GGMLQuantizationType.Q4_0
        values = gguf.dequantize(tensor.data, tensor.tensor_type)
        np.testing.assert_allclose(values, expected, rtol=2**-11)
        assert not np.array_equal(values, expected), "the scales are float16: change the documentation if they are not"
    np.testing.assert_array_equal(
        tensors["blk.6.attn_q_norm.weight"].data,
        1 + reference.weights["params.lm.transformer.x_layers_6.self_attention.q_norm.scale"],
    )
    model = describe(synth.shape_config(SHAPE), Path("config.json"))
    parts = {LAYER_NAMES[part] for part, _ in layer_parts(model, model.layers[0])}
    assert {name.split(".")[2] for name in tensors if name.startswith("blk")} == parts


def test_gguf_says_what_the_model_is(folder: Path) -> None:
    fields = {name: field.contents() for name, field in gguf.GGUFReader(folder / "model.gguf").fields.items()}
    assert fields["general.architecture"] == "gemma3"
    assert fields["gemma3.attention.sliding_window"] == 16
    assert fields["gemma3.attention.sliding_window_pattern"] == 6
    assert (fields["gemma3.rope.freq_base"], fields["gemma3.rope.freq_base_swa"]) == (1e6, 1e4)
    assert len(fields["tokenizer.ggml.tokens"]) == 1024
    assert fields["tokenizer.ggml.tokens"][FIRST_WORD] == "\u2581" + word(FIRST_WORD)


def test_eight_bits_are_q8_0(tmp_path: Path) -> None:
    gguf_file.synthesize(SHAPE, tmp_path / "m.gguf", quantization=Quantization.of("q4_0", embedding="8"))
    synth.synthesize(SHAPE, tmp_path / "m.task", quantization=Quantization.of("8"))
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(tmp_path / "m.gguf").tensors}
    embedding = tensors["token_embd.weight"]
    assert (embedding.tensor_type, tensors["blk.0.ffn_up.weight"].tensor_type) == (
        gguf.GGMLQuantizationType.Q8_0,
        gguf.GGMLQuantizationType.Q4_0,
    )
    expected = Reference.from_web_file(tmp_path / "m.task").weights["params.lm.softmax.logits_ffn"]
    largest = np.abs(expected).max()
    np.testing.assert_allclose(gguf.dequantize(embedding.data, embedding.tensor_type), expected, atol=largest / 127)


def greedy(folder: Path, prompt: Sequence[int], tokens: int) -> list[int]:
    """As transformers.js asks the graph: the prompt at once, then token after token with the cache."""
    session = onnxruntime.InferenceSession(folder / "onnx/model_q4.onnx", providers=["CPUExecutionProvider"])
    cache: dict[str, NDArray[np.float32]] = {
        value.name: np.zeros((1, value.shape[1], 0, value.shape[3]), np.float32)
        for value in session.get_inputs()
        if value.name.startswith("past_key_values.")
    }
    ids: list[int] = []
    feed = list(prompt)
    for step in range(tokens):
        mask = np.ones((1, len(prompt) + step), np.int64)
        inputs = {"input_ids": np.array([feed]), "attention_mask": mask, "num_logits_to_keep": np.array(1)}
        logits, *present = session.run(None, inputs | cache)
        assert logits.shape == (1, 1, 1024)
        cache = dict(zip(cache, present, strict=True))
        ids.append(int(logits[0, -1].argmax()))
        feed = ids[-1:]
    return ids


def test_onnx_runtime_answers_as_the_reference_does(folder: Path, reference: Reference) -> None:
    [answer] = reference.greedy([PROMPT], 24, set())
    assert len(set(answer.ids)) > 8 and min(answer.margins) > 1e-3
    assert greedy(folder / "onnx", PROMPT, 24) == answer.ids
    reference.model = with_attention(reference.model, window=17)
    assert greedy(folder / "onnx", PROMPT, 24) != reference.generate([PROMPT], 24, set())[0]
    reference.model = with_attention(reference.model, window=16)


def test_all_logits_come_where_no_number_is_asked_for(folder: Path) -> None:
    session = onnxruntime.InferenceSession(folder / "onnx/onnx/model_q4.onnx", providers=["CPUExecutionProvider"])
    cache = {v.name: np.zeros((1, 2, 0, 64), np.float32) for v in session.get_inputs() if v.name.startswith("past")}
    inputs = {"input_ids": np.array([PROMPT]), "attention_mask": np.ones((1, 40), np.int64), **cache}
    for kept, shape in ((0, 40), (3, 3)):
        assert session.run(["logits"], inputs | {"num_logits_to_keep": np.array(kept)})[0].shape == (1, shape, 1024)


def test_its_tokenizer_splits_as_sentencepiece_does(folder: Path) -> None:
    theirs = tokenizers.Tokenizer.from_file(str(folder / "onnx/tokenizer.json"))
    ours = sentencepiece.SentencePieceProcessor(model_proto=synthetic_tokenizer(1024))
    words = "".join(" " + word(i) for i in PROMPT[1:])
    assert theirs.encode(words).ids == PROMPT
    for text in (words, "<start_of_turn>user\nÜ 😀 " + word(300), "a  b"):
        assert theirs.encode(text, add_special_tokens=False).ids == ours.encode(text)
    assert theirs.decode(PROMPT) == words


def test_the_folder_says_which_files_transformers_js_must_fetch(folder: Path) -> None:
    config = json.loads((folder / "onnx/config.json").read_text())
    assert config["model_type"] == "gemma3_text"
    assert config["transformers.js_config"]["use_external_data_format"] == {"model_q4.onnx": 1}
    top = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"}
    paths = [file["path"] for file in onnx_folder.files_of(folder / "onnx")]
    assert set(paths) == top | {"onnx/model_q4.onnx", "onnx/model_q4.onnx_data"}


@pytest.mark.parametrize("maker", [gguf_file, onnx_folder])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(maker: object, tmp_path: Path) -> None:
    made = [
        maker.synthesize("layers=1", tmp_path / str(i), quantization=FOUR_BITS, seed=seed)  # type: ignore[attr-defined]
        for i, seed in enumerate((7, 7, 8))
    ]
    assert made[0].sha256 == made[1].sha256 != made[2].sha256
    assert made[0].size == sum(p.stat().st_size for p in [tmp_path / "0", *(tmp_path / "0").rglob("*")] if p.is_file())


@pytest.mark.parametrize("maker", [gguf_file, onnx_folder])
@pytest.mark.parametrize(
    ("shape", "quantization", "words"),
    [
        ("gemma2-2b", FOUR_BITS, "is a gemma2"),
        ("hidden=72", FOUR_BITS, "which blocks of 32 do not divide"),
        ("layers=1", Quantization.of("4", scale="mse"), "--scale mse"),
        ("gemma9", FOUR_BITS, "is not a shape"),
    ],
)
def test_what_they_cannot_have_is_refused(
    maker: object, shape: str, quantization: Quantization, words: str, tmp_path: Path
) -> None:
    with pytest.raises(OnpageError, match=words):
        maker.synthesize(shape, tmp_path / "m", quantization=quantization)  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())


def test_an_onnx_model_has_four_bits_and_replaces_nothing(tmp_path: Path) -> None:
    with pytest.raises(OnpageError, match="--bits 4"):
        onnx_folder.synthesize("layers=1", tmp_path / "m", quantization=Quantization.of("8"))
    (tmp_path / "m").mkdir()
    with pytest.raises(OutputError, match="exists"):
        onnx_folder.synthesize("layers=1", tmp_path / "m", quantization=FOUR_BITS)
    with pytest.raises(OutputError, match="does not exist: create the folder first"):
        onnx_folder.synthesize("layers=1", tmp_path / "none/m", quantization=FOUR_BITS)
    assert [path.name for path in tmp_path.rglob("*")] == ["m"]


@pytest.mark.parametrize("module", ["gguf_file", "onnx_folder"])
def test_the_peak_memory_does_not_grow_with_the_layers(module: str, tmp_path: Path) -> None:
    def peak(layers: int) -> int:
        program = (
            "import pathlib; from tests.memory import peak_memory; from builder.synth import web_file as synth; synth.BAND_BYTES = 1 << 17;"
            f"from builder.synth import {module} as maker; from builder.quantize.scheme import Quantization;"
            f"maker.synthesize('hidden=512,ffn=2048,layers={layers}', pathlib.Path({str(tmp_path / str(layers))!r}),"
            "quantization=Quantization.of('q4_0')); print(peak_memory() // 1024)"
        )
        return int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)

    few, many = peak(2), peak(14)
    assert many - few < 12_000, "kB; the layers between have 42 million weights, 24 MB in the file"
