"""The models of the goldens: small, but each with something that a wrong converter would get wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sentencepiece import sentencepiece_model_pb2

from builder.convert.web_file import WrittenModel, convert_checkpoint
from builder.formats.web_model import PerLayerTables
from builder.model.description import ModelDescription, Rope
from builder.model.families.family import Naming
from builder.model.families.gemma3 import NAMINGS_WITH_IMAGES
from builder.model.families.gemma3n import sliced
from builder.quantize.scheme import Quantization
from builder.slice.plan import Slice
from builder.slice.web_file import slice_web_file
from builder.slice.write import WrittenSlice
from builder.synth.web_file import BOS, FIRST_WORD, synthetic_tokenizer, word
from tests.checkpoints import (
    IMAGE_ROWS,
    SLICEABLE,
    gemma1_config,
    gemma2_config,
    gemma3_config,
    gemma3n_config,
    gemma4_config,
    with_images_config,
    write_checkpoint,
)

GOLDENS = Path(__file__).with_name("goldens.json")
GRAPH_GOLDENS = Path(__file__).with_name("graph_goldens.json")
NEW_TOKENS = 32


@dataclass(frozen=True)
class Case:
    """A random model, its quantization, and the length of its prompt."""

    quantization: Quantization
    prompt_tokens: int
    config: dict[str, Any] = field(default_factory=dict)
    dtype: str = "BF16"
    shards: int = 1
    family: Callable[..., dict[str, Any]] = gemma3_config
    """Makes config.json of `config`."""
    naming: Naming | None = None
    pieces: tuple[str, ...] = ()
    """More pieces that no text is cut into otherwise, instead of the last words."""
    tables: PerLayerTables | None = None
    """Where per-layer embeddings are, if not where convert has them by itself."""
    otherwise: dict[str, Any] = field(default_factory=dict)
    """Attributes of the layers' attention → another value: controls, each of which must change the answer."""
    kept: Slice | None = None
    """What `onpage slice` leaves of the web file; None for all of it."""
    seed: int | None = None
    """Of the weights; None: the length of the case's name."""
    additions: float = 1.0
    """As of `write_checkpoint`. Many random layers make much of a rounding, and less where each adds less."""

    @property
    def config_json(self) -> dict[str, Any]:
        """The whole of it, of what is kept."""
        config = self.family(**self.config)
        if self.kept is None:
            return config
        return sliced(config, Path("config.json"), self.kept.layers, self.kept.widths)

    @property
    def vocabulary(self) -> int:
        """The number of pieces."""
        config = self.config_json
        return config["vocab_size"] if "vocab_size" in config else config["text_config"]["vocab_size"] - IMAGE_ROWS

    def write(self, name: str, folder: Path) -> Path:
        """Writes the checkpoint's folder, `folder/name`."""
        tokenizer = sentencepiece_model_pb2.ModelProto.FromString(synthetic_tokenizer(self.vocabulary))
        for place, text in enumerate(self.pieces, self.vocabulary - len(self.pieces)):
            tokenizer.pieces[place].piece, tokenizer.pieces[place].type = text, tokenizer.SentencePiece.USER_DEFINED
        return write_checkpoint(
            folder / name,
            self.family(**self.config),
            seed=len(name) if self.seed is None else self.seed,
            dtype=self.dtype,
            shards=self.shards,
            naming=self.naming,
            tokenizer=tokenizer.SerializeToString(deterministic=True),
            additions=self.additions,
        )

    def convert(self, name: str, folder: Path, suffix: str = ".task") -> WrittenModel | WrittenSlice:
        """Writes the checkpoint and converts it to `folder/name.task`, or a .litertlm, as a user would; slices that where a part is kept."""
        checkpoint = self.write(name, folder)
        output = folder / f"{name}{suffix}"
        whole = output if self.kept is None else folder / f"{name}-whole{suffix}"
        written = convert_checkpoint(checkpoint, whole, quantization=self.quantization, tables=self.tables)
        return written if self.kept is None else slice_web_file(whole, output, self.kept)

    def prompt(self, seed: int) -> list[int]:
        """Random words, the start token in front."""
        random = np.random.Generator(np.random.PCG64(seed))
        words = random.integers(FIRST_WORD, self.vocabulary - len(self.pieces), self.prompt_tokens - 1)
        return [BOS, *words.tolist()]


WIDE = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 8}

LIKE_27B = {
    "hidden_size": 336,
    "intermediate_size": 256,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
    "query_pre_attn_scalar": 42,
    "sliding_window": 16,
    "rope_scaling": None,
    "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
    },
}
"""The proportions of the attention are those of 27B: hidden size / heads = query_pre_attn_scalar = 21/16 of head_dim."""

PER_LAYER = {"hidden_size_per_layer_input": 32, "vocab_size_per_layer_input": 4096}
EXPERTS = {"enable_moe_block": True, "num_experts": 12, "top_k_experts": 3, "moe_intermediate_size": 64}
FOR_SLICES = SLICEABLE | {"sliding_window": 16}
GEMMA4_LAYERS = ["sliding_attention", "sliding_attention", "full_attention"]

CASES = {
    "int8": Case(Quantization.of(), 24, dtype="F32"),
    "int4-two-kv-heads": Case(Quantization.of("4"), 24, WIDE | {"num_key_value_heads": 2}, shards=3),
    "int4-embedding-int8": Case(Quantization.of("4", embedding="8"), 24, {"num_hidden_layers": 7}, dtype="F16"),
    "int8-embedding-int4": Case(Quantization.of(embedding="4"), 24, {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 32, "query_pre_attn_scalar": 32}),
    "window-shorter-than-prompt": Case(Quantization.of(), 120, {"num_hidden_layers": 7, "sliding_window": 32}),
    "window-pattern-of-three": Case(Quantization.of("4"), 90, WIDE | {"num_hidden_layers": 5, "sliding_window": 16, "sliding_window_pattern": 3}),
    "prompt-over-200": Case(Quantization.of(), 230, WIDE | {"num_key_value_heads": 2}),
    "soft-caps": Case(Quantization.of(), 24, WIDE | {"attn_logit_softcapping": 5.0, "final_logit_softcapping": 30.0}),
    "q4_0-embedding-int8": Case(Quantization.of("q4_0", embedding="8"), 40, {"num_hidden_layers": 7}),
    "functiongemma": Case(Quantization.of(), 24, {"num_hidden_layers": 3}, pieces=("<start_function_call>", "<start_function_response>")),
    "gemma1-2b": Case(Quantization.of(), 40, family=gemma1_config, otherwise={"rope": Rope(1e6)}),
    "gemma1-7b": Case(Quantization.of("4", embedding="8"), 24, {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 4}, family=gemma1_config),
    "gemma2": Case(Quantization.of(), 60, {"attn_logit_softcapping": 5.0, "query_pre_attn_scalar": 24, "sliding_window": 16}, family=gemma2_config, otherwise={"cap": None, "query_scale": 32**-0.5, "window": 17}),
    "gemma3-4b": Case(Quantization.of("q4_0", embedding="8"), 90, {"hidden_size": 128, "intermediate_size": 256}, family=with_images_config, naming=NAMINGS_WITH_IMAGES[1], shards=2, otherwise={"rope": Rope(1e6)}),
    "gemma3-27b": Case(Quantization.of(), 60, LIKE_27B, family=with_images_config, naming=NAMINGS_WITH_IMAGES[0], otherwise={"rope": Rope(1e6), "query_scale": 32**-0.5}),
    "mixed-embedding-q4_0": Case(Quantization.of(attention="4", feedforward="q4_0", embedding="q4_0"), 24, WIDE),
    "least-squares": Case(Quantization.of("q4_0", attention="4", embedding="8", scale="mse"), 24, {"num_hidden_layers": 7}),
    "gemma3n": Case(Quantization.of(), 150, {"sliding_window": 32}, family=gemma3n_config, otherwise={"rope": Rope(1e4), "window": 33, "value_norms": False}),
    "gemma3n-q4_0": Case(Quantization.of("q4_0", embedding="8"), 40, {"hidden_size_per_layer_input": 32, "num_kv_shared_layers": 6, "sliding_window": 16}, family=gemma3n_config, tables="static", otherwise={"rope": Rope(1e4)}),
    "gemma3n-slice": Case(Quantization.of(), 60, FOR_SLICES, family=gemma3n_config, kept=Slice((*range(12), 15, 16, 17), (128,) * 12 + (256,) * 3), otherwise={"rope": Rope(1e4), "window": 17}),
    "gemma4-shared": Case(Quantization.of("q4_0", embedding="8"), 150, {"num_hidden_layers": 9, "layer_types": GEMMA4_LAYERS * 3, "num_kv_shared_layers": 3, "use_double_wide_mlp": True, "sliding_window": 32}, family=gemma4_config, otherwise={"rope": Rope(1e6), "window": 33, "value_norms": False}),
    "gemma4-keys-are-values": Case(Quantization.of("4", embedding="8"), 60, {"num_key_value_heads": 2, "num_global_key_value_heads": 1, "attention_k_eq_v": True, "sliding_window": 16}, family=gemma4_config, otherwise={"rope": Rope(1e6), "query_scale": 0.125}),
    "gemma4-per-layer": Case(Quantization.of(), 150, {**PER_LAYER, "num_hidden_layers": 9, "layer_types": GEMMA4_LAYERS * 3, "num_kv_shared_layers": 3, "use_double_wide_mlp": True, "sliding_window": 32}, family=gemma4_config, otherwise={"rope": Rope(1e6), "window": 33, "value_norms": False}),
    "gemma4-per-layer-4-bits": Case(Quantization.of("q4_0", embedding="4"), 60, {**PER_LAYER, "hidden_size_per_layer_input": 64, "sliding_window": 16}, family=gemma4_config, tables="static", otherwise={"rope": Rope(1e6)}),
    "gemma4-experts": Case(Quantization.of(), 60, {**EXPERTS, "num_key_value_heads": 2, "num_global_key_value_heads": 1, "attention_k_eq_v": True, "sliding_window": 32}, family=gemma4_config, otherwise={"rope": Rope(1e6), "window": 33}),
    "gemma4-experts-4-bits": Case(Quantization.of("q4_0", embedding="8"), 40, {**EXPERTS, "num_experts": 8, "top_k_experts": 2, "sliding_window": 16}, family=gemma4_config, otherwise={"rope": Rope(1e6)}),
    "gemma4-per-layer-q4_0": Case(Quantization.of("q4_0"), 24, {**PER_LAYER, "hidden_size_per_layer_input": 64}, family=gemma4_config),
}  # fmt: skip


def with_attention(model: ModelDescription, **changes: Any) -> ModelDescription:
    """The model with other attention: a rope where a layer sees everything, a window where it does not, all else everywhere."""
    layers = []
    for layer in model.layers:
        elsewhere = "window" if layer.attention.is_global else "rope"
        here = {name: value for name, value in changes.items() if name != elsewhere}
        layers.append(replace(layer, attention=replace(layer.attention, **here)))
    return replace(model, layers=tuple(layers))


def text_of(ids: list[int]) -> str:
    """The only text that the synthetic tokenizer turns into these ids (start token left out)."""
    return "".join(" " + word(i) for i in ids if i != BOS)


def goldens() -> dict[str, Any]:
    """The committed file."""
    return json.loads(GOLDENS.read_text())
