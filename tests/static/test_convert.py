"""The page's converter against `onpage convert`: the same bytes, or a refusal."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wasmtime
from safetensors.numpy import load_file, save_file
from sentencepiece import sentencepiece_model_pb2 as proto

from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError
from builder.formats.inspect_web_file import prompt_template_of
from builder.formats.llm_parameters import ModelType
from builder.formats.web_file_reader import WebFile
from builder.model.families.family import Naming
from builder.model.families.gemma3 import NAMINGS_WITH_IMAGES
from builder.model.residual import fits_float16
from builder.quantize.scheme import Quantization
from builder.quantize.wasm_kernel_text import module_text
from builder.synth.web_file import synthetic_tokenizer, word
from tests.checkpoints import (
    gemma3_config,
    with_images_config,
    write_checkpoint,
)
from tests.gguf_files import tokens_of, write_gguf
from tests.static.node import ROOT, ask, evaluate

GOLDEN = ROOT / "tests" / "goldens" / "tokenizer"
TEMPLATE = """{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) }}
{{ m.content }}<end_of_turn>
{% endfor %}{% if add_generation_prompt %}<start_of_turn>model
{% endif %}"""
"""As Gemma's, shorter, and with turns of the system."""
GEMMAS = TEMPLATE.replace(
    "{{ bos_token }}", "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('') }}{% endif %}"
)
"""As Gemma's, shorter."""
GEMMA4S = """{{ bos_token }}{% for m in messages %}{{ '<|turn>' + ('model' if m.role == 'assistant' else m.role) }}
{{ m.content }}<turn|>
{% endfor %}{% if add_generation_prompt %}<|turn>model
{% endif %}"""
"""As a Gemma 4's, shorter."""

ROPES = {
    "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
}
KERNEL = ROOT / "static" / "convert" / "kernel.wasm"

FUNCTION_GEMMAS = ROOT / "tests" / "static" / "function_gemma.jinja"

FEW_VALUES = 1 << 16
"""Of a band: even small matrices have several."""

Change = Callable[[Path], object]


@cache
def page() -> subprocess.Popen[str]:
    """The page's modules in one program, because each would take longer to start than to convert; it ends with its stdin."""
    script = ROOT / "tests" / "static" / "support" / "convert_folder.js"
    return subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def in_the_page(
    folder: Path, output: Path, bits: str = "8", adapter: Path | None = None, band: int | None = None
) -> dict[str, Any]:
    """What the page's modules make of a folder or a GGUF file, an adapter merged and `band` values held at once, else as many as in the page:
    the hash and the facts, or the refusal."""
    stdin, stdout = page().stdin, page().stdout
    assert stdin and stdout
    request = {"path": str(folder), "output": str(output), "bits": bits}
    request |= {"adapter": str(adapter)} if adapter else {}
    request |= {"band": band} if band else {}
    print(json.dumps(request), file=stdin, flush=True)
    said: dict[str, Any] = json.loads(stdout.readline())
    assert "thrown" not in said, said["thrown"]
    return said


def is_refused(said: dict[str, Any], code: str, detail: str) -> None:
    """What `in_the_page` said is a refusal with this code, and a detail that begins so and is short."""
    assert said.get("refused") == code, said
    assert said["detail"].startswith(detail) and len(said["detail"]) <= 400, said


def same(folder: Path, bits: str = "8", band: int | None = None) -> dict[str, Any]:
    """Converts it twice, and compares every byte; what the page says of the file."""
    ours, theirs = folder.with_suffix(".js.task"), folder.with_suffix(".py.task")
    said = in_the_page(folder, ours, bits, band=band)
    written = convert_checkpoint(folder, theirs, quantization=Quantization.of(bits), residual_scale="bound")
    assert said.get("sha256") == written.sha256, said
    assert ours.read_bytes() == theirs.read_bytes() and said["size"] == written.size
    file = WebFile.open(theirs)
    fits = fits_float16(file.largest_residual, file.residual_bound, file.float16_limit)
    assert (said["precision"], said["facts"]["onDemand"]) == ("float16" if fits else "float32", file.on_demand)
    template = prompt_template_of(file.parameters)  # as the server says it
    assert said["facts"]["prompt"] == (asdict(template) if template else None)
    assert said["facts"]["family"] == written.family
    assert said["last"] == pytest.approx(1) and said["fell"] < 0.001, "it has to reach the end, and never goes back"
    assert said["facts"]["parameters"] == written.parameters
    return said


def put(name: str, value: Any) -> Change:
    """Writes a file of the folder: a text, bytes, or an object as JSON."""

    def change(folder: Path) -> None:
        data = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
        (folder / name).write_bytes(data)

    return change


def test_the_kernel_is_the_one_of_onpage_convert() -> None:
    """Where this fails, write wasmtime.wat2wasm(module_text()) to static/convert/kernel.wasm."""
    assert KERNEL.read_bytes() == bytes(wasmtime.wat2wasm(module_text()))


@pytest.mark.parametrize("bits", ["8", "q4_0"])
@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
@pytest.mark.parametrize("residual", [1.0, 4096.0])
def test_the_bytes_are_those_of_onpage_convert(tmp_path: Path, bits: str, dtype: str, residual: float) -> None:
    """More rows than a band has, and more in a band than are read at once; rows of padding; a stream that is scaled."""
    folder = write_checkpoint(
        tmp_path / "c", gemma3_config(vocab_size=10_002), dtype=dtype, shards=2, residual=residual
    )
    said = same(folder, bits, 1 << 20)
    assert said["facts"]["prompt"]["prefix"] == "<start_of_turn>user\n"


@pytest.mark.parametrize(
    "config",
    [
        gemma3_config(hidden_size=1152, num_hidden_layers=26, intermediate_size=64, head_dim=16, vocab_size=512),
        gemma3_config(vocab_size=512, rope_parameters=ROPES, rope_theta=None, rope_local_base_freq=None),
        gemma3_config(vocab_size=512, rope_scaling={"factor": 8.0, "rope_type": "linear"}, query_pre_attn_scalar=96),
        gemma3_config(vocab_size=512, rope_parameters=ROPES, rope_scaling={"factor": 4.0}, per_layer_config={}),
        gemma3_config(vocab_size=512, num_hidden_layers=2, layer_types=["sliding_attention"] * 2),
        gemma3_config(vocab_size=512, num_hidden_layers=2, layer_types=["sliding_attention", "full_attention"]),
        gemma3_config(vocab_size=512, final_logit_softcapping=30, attn_logit_softcapping=0.1, _name_or_path="a/b-1.c"),
        gemma3_config(vocab_size=512, _sliding_window_pattern=2, eos_token_id=[1, 5], _name_or_path="/a/b"),
        gemma3_config(vocab_size=512, num_hidden_layers=1, _name_or_path=["a/b"]),
        gemma3_config(vocab_size=512, num_hidden_layers=1, _name_or_path={"toString": 1, "valueOf": 1}),
    ],
    ids=lambda config: str(len(config)),
)
def test_every_setting_is_told_alike(tmp_path: Path, config: dict[str, Any]) -> None:
    same(write_checkpoint(tmp_path / "a model — “1”", config))


@pytest.mark.parametrize("naming", NAMINGS_WITH_IMAGES)
@pytest.mark.parametrize("vocabulary", [580, 262_208])
def test_of_a_model_with_images_the_text_part_is_converted(tmp_path: Path, naming: Naming, vocabulary: int) -> None:
    """Its config.json leaves out what is usual, such as the size of the vocabulary of the published ones."""
    config = with_images_config(vocab_size=vocabulary, hidden_size=64, num_hidden_layers=1)
    if vocabulary == 262_208:
        del config["text_config"]["vocab_size"]
    same(write_checkpoint(tmp_path / "c", config, naming=naming, dtype="BF16"))


@pytest.mark.parametrize(
    "generation",
    [
        {"do_sample": True, "temperature": 1, "top_k": 64, "eos_token_id": [1, 5], "top_p": 0.95},
        {"temperature": 0.00001, "top_k": 3.7, "eos_token_id": 7},
        {"temperature": 11, "top_k": 0},
        {"temperature": 0.7, "do_sample": False},
    ],
)
def test_sampling_is_noted_alike(tmp_path: Path, generation: dict[str, Any]) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512, num_hidden_layers=1))
    put("generation_config.json", generation)(folder)
    same(folder)


def controls() -> bytes:
    """A tokenizer whose turns' pieces no text becomes, as files made of a GGUF have them."""
    model = proto.ModelProto.FromString(synthetic_tokenizer(512))
    for piece in model.pieces:
        if "_turn>" in piece.piece:
            piece.type = piece.CONTROL
    return bytes(model.SerializeToString())


def golden_json(change: Callable[[dict[str, Any]], object] = lambda values: None) -> dict[str, Any]:
    """tokenizer.json of the golden one."""
    found: dict[str, Any] = json.loads((GOLDEN / "tokenizer.json").read_text())
    change(found)
    return found


GOLDEN_MODEL = put("tokenizer.model", (GOLDEN / "tokenizer.model").read_bytes())


@pytest.mark.parametrize(
    "changes",
    [
        [put("tokenizer.model", controls())],
        [put("tokenizer.model", controls()), put("chat_template.jinja", GEMMAS)],
        [put("chat_template.jinja", TEMPLATE)],
        [put("chat_template.jinja", TEMPLATE.replace("m.content", "m.content | upper"))],
        [put("tokenizer_config.json", {"bos_token": "<bos>", "chat_template": GEMMAS + "\n"})],
        [put("tokenizer_config.json", {"chat_template": [{"name": "default", "template": GEMMAS}]})],
        [put("chat_template.json", {"chat_template": GEMMAS})],
        [put("added_tokens.json", {"<|a b|>": 512, "<|é|>": 513, "<image_soft_token>": 600})],
        [
            put(
                "tokenizer_config.json",
                {"added_tokens_decoder": {"512": {"content": "<|x|>"}, "513": {"content": "<|y|>"}}},
            )
        ],
    ],
)
def test_tokenizer_and_turns_are_written_alike(tmp_path: Path, changes: list[Change]) -> None:
    folder = write_checkpoint(
        tmp_path / "c", gemma3_config(vocab_size=600, num_hidden_layers=1), tokenizer=synthetic_tokenizer(512)
    )
    for change in changes:
        change(folder)
    same(folder)


def test_a_tokenizer_json_that_says_the_same_changes_nothing(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=700, num_hidden_layers=1))
    for change in (GOLDEN_MODEL, put("tokenizer.json", golden_json())):
        change(folder)
    same(folder)


def move_a_merge(values: dict[str, Any]) -> None:
    merges = values["model"]["merges"]
    merges.append(merges.pop(next(i for i, pair in enumerate(merges) if pair == ["i", "n"])))


def rename_a_piece(values: dict[str, Any]) -> None:
    values["model"]["vocab"]["<|x|>"] = values["model"]["vocab"].pop("<mask>")
    values["added_tokens"] = [token for token in values["added_tokens"] if token["content"] != "<mask>"]


NO_TEXT: dict[str, Any] = {"toString": 1, "valueOf": 1}
"""JavaScript makes neither a text nor a number of it."""


@pytest.mark.parametrize(
    "change",
    [
        move_a_merge,
        rename_a_piece,
        lambda values: values["model"]["merges"].insert(0, [NO_TEXT, ""]),
        lambda values: values["model"]["vocab"].update({"<|x|>": NO_TEXT}),
        lambda values: values["added_tokens"].append({"content": NO_TEXT, "id": NO_TEXT}),
        lambda values: values["added_tokens"].append(None),
    ],
)
def test_a_tokenizer_json_that_says_something_else_is_refused(tmp_path: Path, change: Callable[[Any], object]) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=700, num_hidden_layers=1))
    for each in (GOLDEN_MODEL, put("tokenizer.json", golden_json(change))):
        each(folder)
    said = in_the_page(folder, tmp_path / "m.task")
    assert said["refused"] == "tokenizer" and said["detail"].startswith("tokenizer.json: ")


def test_a_spare_piece_gets_the_name_that_fine_tuning_gave_it(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=700, num_hidden_layers=1))
    for change in (GOLDEN_MODEL, put("added_tokens.json", {"<|call|>": golden_json()["model"]["vocab"]["<mask>"]})):
        change(folder)
    same(folder)


def config(**changes: Any) -> Change:
    """Changes config.json."""
    return put("config.json", gemma3_config(vocab_size=512, num_hidden_layers=1, **changes))


def weights(change: Callable[[dict[str, Any]], object]) -> Change:
    """Changes the tensors."""

    def changed(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return changed


def set_value(name: str, value: float) -> Change:
    """One value of a tensor."""

    def change(tensors: dict[str, Any]) -> None:
        tensors[name].reshape(-1)[3] = value

    return weights(change)


def cut(name: str, size: int) -> Change:
    """The beginning of a file."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def header(change: Callable[[dict[str, Any]], object]) -> Change:
    """Changes what the header of the weights says."""

    def changed(folder: Path) -> None:
        data = (folder / "model.safetensors").read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        values = json.loads(data[8:start])
        change(values)
        text = json.dumps(values).encode()
        (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data[start:])

    return changed


def overlap(values: dict[str, Any]) -> None:
    values["model.norm.weight"]["data_offsets"] = values["model.layers.0.input_layernorm.weight"]["data_offsets"]


EMBEDDING, NORM = "model.embed_tokens.weight", "model.layers.0.post_feedforward_layernorm.weight"


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        (put("config.json", {"model_type": "gemma3", "text_config": None}), "family", '"gemma3"'),
        (put("config.json", {"model_type": "gemma3", "text_config": {"model_type": "x"}}), "family", '"x"'),
        (put("config.json", {"model_type": "llama"}), "family", '"llama"'),
        (put("config.json", "["), "damaged", "config.json: "),
        (put("config.json", "[]"), "damaged", "config.json: []"),
        (put("config.json", "[" * 100_000 + "]" * 100_000), "damaged", "config.json: …"),
        (config(quantization_config={"quant_method": "awq"}), "quantized", '"awq"'),
        (config(attention_bias=True), "setting", "attention_bias true"),
        (config(tie_word_embeddings=False), "setting", "tie_word_embeddings false"),
        (config(hidden_size=100), "setting", "hidden_size 100"),
        (config(head_dim=8192), "setting", "head_dim 8192"),
        (config(rope_local_base_freq=5), "setting", "rope_local_base_freq 5"),
        (config(rope_scaling={"rope_type": "yarn"}), "setting", "rope_scaling "),
        (config(rope_scaling={"rope_type": ["linear"], "factor": 8}), "setting", "rope_scaling "),
        (config(rope_scaling=["linear"]), "setting", "rope_scaling "),
        (config(rope_scaling={"rope_type": None}), "setting", "rope_scaling "),
        (config(rope_scaling={"type": None}), "setting", "rope_scaling "),
        (config(rope_parameters=ROPES, rope_scaling={"rope_type": "yarn"}), "setting", "rope_scaling "),
        (config(per_layer_config={"0": {"head_dim": 64}}), "setting", "per_layer_config "),
        (config(layer_types=["full_attention"]), "setting", "layer_types "),
        (config(num_key_value_heads=3), "setting", "num_key_value_heads 3"),
        (config(eos_token_id=512), "setting", "eos_token_id 512"),
        (config(bos_token_id=3), "tokenizer", "bos_token_id 3, 2"),
        (config(max_position_embeddings="x"), "setting", "max_position_embeddings "),
        (lambda folder: (folder / "tokenizer.model").unlink(), "incomplete", "tokenizer.model"),
        (lambda folder: (folder / "model.safetensors").unlink(), "incomplete", "model.safetensors"),
        (put("model.safetensors.index.json", {"weight_map": {"a": "b.safetensors"}}), "incomplete", "b.safetensors"),
        (put("model.safetensors.index.json", {"weight_map": {"a": 1}}), "damaged", "model.safetensors.index.json"),
        (put("model.safetensors.index.json", {"weight_map": {"a": "b" * 1_000_000}}), "incomplete", "bbb"),
        (put("tokenizer.model", b"\x0a\xff\xff"), "tokenizer", "tokenizer.model: "),
        (put("tokenizer.model", synthetic_tokenizer(600)), "tokenizer", "600 pieces, vocab_size 512"),
        (put("chat_template.jinja", "{{ messages[0].content | upper }}"), "template", '"writes a message 0'),
        (put("chat_template.jinja", b"\xff"), "template", "UTF-8"),
        (put("chat_template.jinja", "x" * (300 << 10)), "template", "307200 bytes"),
        (put("tokenizer_config.json", {"chat_template": 5}), "template", "5"),
        (put("added_tokens.json", {"<|a|>": 300}), "tokenizer", '"<|a|>" 300'),
        (cut("model.safetensors", 5), "damaged", "model.safetensors: a header of 0 bytes"),
        (cut("model.safetensors", -4), "damaged", "model.safetensors: "),
        (header(overlap), "damaged", "model.safetensors: "),
        (header(lambda values: values[EMBEDDING].update(shape=[512, 129])), "damaged", "model.safetensors: "),
        (header(lambda values: values.update(__metadata__=5)), "damaged", "model.safetensors: __metadata__ 5"),
        (header(lambda values: values[EMBEDDING].update(dtype="I32")), "types", f"{EMBEDDING} I32"),
        (header(lambda values: values[EMBEDDING].update(dtype="I" * 100_000)), "types", f"{EMBEDDING} III"),
        (header(lambda values: values[EMBEDDING].update(dtype="toString")), "types", f"{EMBEDDING} toString"),
        (weights(lambda tensors: tensors.pop(NORM)), "damaged", f"{NORM}: null, not [128]"),
        (weights(lambda tensors: tensors.update({"lora.a": np.zeros(4)})), "damaged", '1: "lora.a"'),
        (set_value(EMBEDDING, np.nan), "not-finite", EMBEDDING),
        (set_value(NORM, np.inf), "not-finite", NORM),
        (set_value("model.layers.0.mlp.up_proj.weight", np.nan), "not-finite", "model.layers.0.mlp.up_proj.weight"),
        (set_value("model.layers.0.input_layernorm.weight", np.nan), "not-finite", "model.layers.0.input_layernorm"),
    ],
)
def test_what_it_cannot_convert_it_refuses_by_name(tmp_path: Path, change: Change, code: str, detail: str) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512, num_hidden_layers=1))
    change(folder)
    said = in_the_page(folder, tmp_path / "m.task")
    is_refused(said, code, detail)


@pytest.mark.parametrize("piece", ["", "a\0b", "<0x0a>", "\u2581" + word(400)], ids=["empty", "zero", "byte", "twice"])
@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_a_tokenizer_that_sentencepiece_does_not_load_is_refused_as_the_command_does(
    tmp_path: Path, kind: str, piece: str
) -> None:
    """The engine would end without a word."""
    config = gemma3_config(vocab_size=512, num_hidden_layers=1)
    place = 7 + 10 if piece.startswith("<") else 450
    if kind == "folder":
        model = proto.ModelProto.FromString(synthetic_tokenizer(512))
        model.pieces[place].piece = piece
        path = write_checkpoint(tmp_path / "c", config, tokenizer=model.SerializeToString())
    else:
        tokens = tokens_of(config)["tokenizer.ggml.tokens"]
        tokens[place] = piece
        path = write_gguf(tmp_path / "c.gguf", config, tokenizer__ggml__tokens=tokens)
    is_refused(in_the_page(path, tmp_path / "m.task"), "tokenizer", "tokenizer.")
    with pytest.raises(OnpageError):
        convert_checkpoint(path, tmp_path / "m.task", residual_scale="bound")


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"), ""),
        (("gemma.safetensors", "more.safetensors"), "module."),
    ],
)
def test_weights_are_found_without_an_index_as_the_command_finds_them(
    tmp_path: Path, names: tuple[str, str], prefix: str
) -> None:
    """Numbered, or under other names; beside what is no part of them, and with what a training put before their names."""
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512, num_hidden_layers=1), shards=2)
    (folder / "model.safetensors.index.json").unlink()
    for path, name in zip(sorted(folder.glob("*.safetensors")), names, strict=True):
        tensors = {prefix + key: value for key, value in load_file(path).items()}
        path.unlink()
        save_file(tensors, folder / name)
    save_file({"step": np.zeros(1, np.float32)}, folder / "optimizer.safetensors")
    save_file({"lora": np.zeros(1, np.float32)}, folder / "adapter_model.safetensors")
    same(folder)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_an_output_matrix_that_is_the_embedding_is_left_out_and_another_is_refused(
    tmp_path: Path, factor: float
) -> None:
    """Some programs save it twice."""
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512, num_hidden_layers=1))
    weights(lambda tensors: tensors.update({"lm_head.weight": tensors[EMBEDDING] * np.float32(factor)}))(folder)
    if factor == 1:
        same(folder)
        return
    said = in_the_page(folder, tmp_path / "m.task")
    assert (said["refused"], said["detail"]) == ("setting", "lm_head.weight")


def test_blocks_that_do_not_divide_a_row_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3_config(vocab_size=512, num_hidden_layers=1, intermediate_size=40))
    assert in_the_page(folder, tmp_path / "m.task", "q4_0")["refused"] == "setting"


def test_a_functiongemma_is_known_by_its_tokenizer(tmp_path: Path) -> None:
    """Its type, the developer's turn, and what else ends an answer."""
    model = proto.ModelProto.FromString(synthetic_tokenizer(512))
    model.pieces[500].piece, model.pieces[501].piece = "<start_function_call>", "<start_function_response>"
    folder = write_checkpoint(
        tmp_path / "c", gemma3_config(vocab_size=512, num_hidden_layers=1), tokenizer=model.SerializeToString()
    )
    same(folder)
    put("chat_template.jinja", FUNCTION_GEMMAS.read_text())(folder)
    same(folder)
    assert WebFile.open(tmp_path / "c.js.task").model_type == ModelType.FUNCTIONGEMMA3_300M


def test_numbers_are_written_as_python_writes_them() -> None:
    values = [1.0, 0.0625, 2.0**-13, 2.0**-14, 2.0**-24, 1e-5, 0.1, 1e15, 1e16, 123456.789, 1.5e300, 5e-324]
    script = f"""
        import {{ Float, pythonJson }} from "./static/convert/notes.js";
        console.log(JSON.stringify({json.dumps(values)}.map((each) => pythonJson(new Float(each)))));
    """
    assert evaluate(script) == [json.dumps(value) for value in values]
    noted = {"b": 1, "a": 'é\x7f\n"\\“😀', "c": {"z": "x", "y": 5}, "bound": 2**70}
    assert ask("convert/notes.js", ("pythonJson", [noted])) == [json.dumps(noted, sort_keys=True)]
