"""Small models with random weights that make vectors of texts, as sentence-transformers saves them, and the texts that they are asked.

Each row of a matrix is whole numbers times a power of two, 127 among them, so that 8 bits hold it exactly: what an engine computes with
float32 activations is then what transformers computes with the checkpoint.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from builder.model.families.family import Naming
from builder.synth.web_file import FIRST_WORD, word
from tests.checkpoints import gemma3_config, write_checkpoint, write_shards

ENCODER_GOLDENS = Path(__file__).with_name("encoder_goldens.json")

BERT_WORDS = 400
CLS, SEP = 2, 3
LENGTHS = (16, 40)
"""Tokens that the functions read; texts are shorter than, as long as, and between them."""
COUNTS = (1, 7, 14, 15, 30, 38)
"""Words of the texts: with what begins and ends them 3 to 40 tokens."""


def bert_config(**changes: Any) -> dict[str, Any]:
    """config.json of a very small BERT."""
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": BERT_WORDS,
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 96,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
    } | changes


@dataclass(frozen=True)
class Dense:
    """A layer behind the pooling."""

    inputs: int
    outputs: int
    bias: bool = False
    activation: str = "torch.nn.modules.linear.Identity"


@dataclass(frozen=True)
class EncoderCase:
    """One model."""

    config: dict[str, Any]
    seed: int
    pooling: str = "mean"
    dense: tuple[Dense, ...] = ()
    prompts: dict[str, str] = field(default_factory=dict)

    @property
    def is_bert(self) -> bool:
        """A Gemma otherwise."""
        return self.config["model_type"] == "bert"

    def write(self, folder: Path) -> Path:
        """Makes the folder."""
        generator = np.random.default_rng(self.seed)
        if self.is_bert:
            folder.mkdir(parents=True)
            write_shards(folder, {name: exact(values) for name, values in _bert(self.config, generator).items()})
            (folder / "tokenizer.json").write_text(json.dumps(_word_pieces()))
        else:
            causal = {k: v for k, v in self.config.items() if k != "use_bidirectional_attention"}
            write_checkpoint(folder, causal, seed=self.seed, naming=Naming(""))
            stored = load_file(folder / "model.safetensors")
            write_shards(folder, {name: exact(values) for name, values in stored.items()})
            (folder / "tokenizer_config.json").write_text(json.dumps({"add_bos_token": True, "add_eos_token": True}))
        (folder / "config.json").write_text(json.dumps(self.config))
        self._write_modules(folder, generator)
        return folder

    def _write_modules(self, folder: Path, generator: np.random.Generator) -> None:
        modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
        (folder / "1_Pooling").mkdir()
        pooling = {"word_embedding_dimension": self.config["hidden_size"], f"pooling_mode_{self.pooling}": True}
        (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
        for dense in self.dense:
            place = f"{len(modules)}_Dense"
            modules.append((place, "Dense"))
            (folder / place).mkdir()
            said = {
                "in_features": dense.inputs,
                "out_features": dense.outputs,
                "bias": dense.bias,
                "activation_function": dense.activation,
            }
            (folder / place / "config.json").write_text(json.dumps(said))
            values = {"linear.weight": exact(_random(generator, dense.outputs, dense.inputs))}
            if dense.bias:
                values["linear.bias"] = _random(generator, dense.outputs)
            write_shards(folder / place, values)
        modules.append((f"{len(modules)}_Normalize", "Normalize"))
        described = [
            {"idx": i, "name": str(i), "path": place, "type": f"sentence_transformers.models.{kind}"}
            for i, (place, kind) in enumerate(modules)
        ]
        (folder / "modules.json").write_text(json.dumps(described))
        (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": self.prompts}))

    def ids(self, count: int) -> list[int]:
        """A text of so many words, what begins and ends it left out."""
        generator, first = np.random.default_rng(count), 5 if self.is_bert else FIRST_WORD
        return [int(i) for i in generator.integers(first, self.config["vocab_size"], count)]

    def text(self, ids: list[int]) -> str:
        """The same as it is written."""
        return " ".join(f"w{i}" for i in ids) if self.is_bert else "".join(f" {word(i)}" for i in ids)

    def with_ends(self, ids: list[int]) -> list[int]:
        """What the model reads."""
        return [CLS, *ids, SEP] if self.is_bert else [2, *ids, 1]


GEMMA = gemma3_config(
    architectures=["Gemma3TextModel"],
    use_bidirectional_attention=True,
    num_hidden_layers=3,
    sliding_window=12,
    sliding_window_pattern=2,
    vocab_size=1024,
)
ENCODERS = {
    "bert": EncoderCase(bert_config(), 1, "mean_tokens"),
    "bert-cls": EncoderCase(
        bert_config(), 2, "cls_token", (Dense(64, 32, True, "torch.nn.modules.activation.Tanh"),), {"query": "find: "}
    ),
    "gemma": EncoderCase(GEMMA, 3, "mean_tokens", (Dense(128, 256), Dense(256, 128))),
}


def exact(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A matrix near this one that 8 bits hold; vectors as they are."""
    if values.ndim == 1:
        return values
    largest = np.abs(values).max(1, keepdims=True)
    whole = np.round(values / largest * 127)
    scales = 2.0 ** np.round(np.log2(largest / 127))
    found: NDArray[np.float32] = (whole * scales).astype(np.float32)
    return found


def _random(generator: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (generator.standard_normal(shape) * shape[-1] ** -0.5).astype(np.float32)
    return found


def _bert(config: dict[str, Any], generator: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    width, inner = config["hidden_size"], config["intermediate_size"]
    found: dict[str, NDArray[np.float32]] = {}

    def norm(name: str) -> None:
        found[f"{name}.weight"] = np.float32(1) + np.float32(0.2) * _random(generator, width) * np.float32(8)
        found[f"{name}.bias"] = _random(generator, width)

    tables = {
        "word": config["vocab_size"],
        "position": config["max_position_embeddings"],
        "token_type": config["type_vocab_size"],
    }
    for table, rows in tables.items():
        found[f"embeddings.{table}_embeddings.weight"] = 4 * _random(generator, rows, width)
    norm("embeddings.LayerNorm")
    shapes = {
        "attention.self.query": (width, width),
        "attention.self.key": (width, width),
        "attention.self.value": (width, width),
        "attention.output.dense": (width, width),
        "intermediate.dense": (inner, width),
        "output.dense": (width, inner),
    }
    for i in range(config["num_hidden_layers"]):
        for name, shape in shapes.items():
            # wide enough that attention chooses: a mask that is wrong must show
            found[f"encoder.layer.{i}.{name}.weight"] = np.float32(2) * _random(generator, *shape)
            found[f"encoder.layer.{i}.{name}.bias"] = _random(generator, shape[0])
        norm(f"encoder.layer.{i}.attention.output.LayerNorm")
        norm(f"encoder.layer.{i}.output.LayerNorm")
    found["pooler.dense.weight"] = _random(generator, width, width)
    found["pooler.dense.bias"] = _random(generator, width)
    return found


def _word_pieces() -> dict[str, Any]:
    """A tokenizer.json as all-MiniLM-L6-v2 has it: it cuts at 128 tokens, and fills up to them."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{i}" for i in range(5, BERT_WORDS))]
    ends = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    return {
        "version": "1.0",
        "truncation": {"max_length": 128, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 128},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
        "added_tokens": [
            {
                "id": i,
                "special": True,
                "content": piece,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
            }
            for i, piece in enumerate(pieces[:5])
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [*ends, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [*ends, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "special_tokens": {
                piece: {"id": piece, "ids": [i], "tokens": [piece]} for piece, i in (("[CLS]", CLS), ("[SEP]", SEP))
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: i for i, piece in enumerate(pieces)},
        },
    }
