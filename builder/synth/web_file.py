"""Web files of a published shape, or of any dimensions, with random weights and a tokenizer to match.

As fast on a GPU as the real model and free of any licence, so speed can be measured where the weights may not go. What they
write is noise, but useful noise: the answer varies (post norms are large, so that a token does not predict itself), never
stops by itself, and re-tokenizes to the very ids that were decoded (every id that can come out is one word of six letters).
The same shape and seed give the same bytes.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.random  # here, not at the first use: it swallows a Ctrl-C that comes while it is imported
from numpy.typing import NDArray
from sentencepiece import sentencepiece_model_pb2

from builder.convert.residual_scale import MeasuredResidual
from builder.convert.web_file import Progress, WrittenModel, write_web_file
from builder.errors import OnpageError
from builder.formats.web_tensor_names import name_of
from builder.model.description import ModelDescription
from builder.model.families import describe, turns_of, weights_of
from builder.model.generation_config import GenerationConfig
from builder.model.residual import ResidualScale
from builder.model.shapes import shapes
from builder.model.tokenizer import Tokenizer
from builder.model.weights import TABLES, Part, Weight, is_norm
from builder.quantize.rounding import BLOCK
from builder.quantize.scheme import ALL_INT8, Quantization

DIMENSIONS = {
    "hidden": "hidden_size",
    "ffn": "intermediate_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "kv": "num_key_value_heads",
    "head": "head_dim",
    "vocab": "vocab_size",
    "window": "sliding_window",
    "context": "max_position_embeddings",
}
"""Short names of `hidden=128,layers=4,…` → keys of config.json."""

SMALL = "hidden=128,ffn=512,layers=4,heads=4,kv=1,head=64,vocab=4096,window=512,context=2048"
"""What a custom shape has unless it says otherwise."""

PAD, EOS, BOS, UNK = range(4)
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "\u2581"]
FIRST_WORD = len(SPECIAL) + 256
"""First id that is a word; below are the special pieces and the 256 bytes."""

BAND_BYTES = 16 << 20
"""Target size of a band of float32."""

_SYLLABLES = [c + v for c in "bcdfghjklmnpqrstvwxz" for v in "aeiou"]
SMALLEST_VOCABULARY = FIRST_WORD + 2
MAX_VOCABULARY = FIRST_WORD + len(_SYLLABLES) ** 3


def synthesize(
    shape: str,
    output: Path,
    *,
    quantization: Quantization = ALL_INT8,
    seed: int = 0,
    progress: Progress | None = None,
) -> WrittenModel:
    """Writes a web file of `shape`: an id of builder.model.shapes, or `hidden=…,layers=…` with the names of DIMENSIONS."""
    model = describe(shape_config(shape), Path(shape))
    tokenizer = Tokenizer.from_bytes(Path(shape), synthetic_tokenizer(model.embedding.vocabulary))
    return write_web_file(
        model,
        RandomWeights.of(model, seed),
        tokenizer,
        turns_of(model),
        GenerationConfig([EOS, SPECIAL.index("<end_of_turn>")]),
        output,
        quantization,
        progress,
        residual=largest_residual(model),
    )


def largest_residual(model: ModelDescription) -> MeasuredResidual | None:
    """A bound on the residual stream of random weights, without a pass; None where no norms bound what a layer adds, or streams are mixed.

    A normed vector has no value above the root of its width.
    """
    if model.residual_streams > 1 or not all(layer.post_norms for layer in model.layers):
        return None
    factor = 1 + POST_NORM + DEVIATIONS * NORM_SPREAD
    additions = 3 if model.per_layer_width else 2
    bound = DEVIATIONS + additions * len(model.layers) * math.sqrt(model.embedding.width) * factor
    return MeasuredResidual(bound, ResidualScale.fitting(model, bound))


def shape_config(shape: str) -> dict[str, Any]:
    """config.json of a shape; OnpageError where the name or a dimension is not one."""
    if shape in shapes():
        return shapes()[shape].config
    config = {"model_type": "gemma3_text"}
    values: dict[str, int] = {}
    for text in (SMALL, shape):
        given: set[str] = set()
        for part in text.split(","):
            key, _, number = part.partition("=")
            if key in given:
                raise OnpageError(f"{shape}: {key} is given twice.", subject=key)
            given.add(key)
            if key not in DIMENSIONS or not number.isascii() or not number.isdigit() or len(number) > 9:
                raise OnpageError(
                    f"{shape!r} is not a shape: expected {', '.join(shapes())}, or dimensions such as {SMALL!r}.",
                    subject=shape,
                )
            values[DIMENSIONS[key]] = int(number)
    if values["vocab_size"] % BLOCK:
        raise OnpageError(f"vocab={values['vocab_size']}: expected a multiple of {BLOCK}.", subject="vocab")
    if not SMALLEST_VOCABULARY <= values["vocab_size"] <= MAX_VOCABULARY:
        raise OnpageError(
            f"vocab={values['vocab_size']}: expected {SMALLEST_VOCABULARY} to {MAX_VOCABULARY}.", subject="vocab"
        )
    return config | values | {"query_pre_attn_scalar": values["head_dim"]}


def word(token_id: int) -> str:
    """The text of a word's id, without the space in front."""
    first, rest = divmod(token_id - FIRST_WORD, len(_SYLLABLES) ** 2)
    second, third = divmod(rest, len(_SYLLABLES))
    return _SYLLABLES[first] + _SYLLABLES[second] + _SYLLABLES[third]


def synthetic_tokenizer(vocabulary: int) -> bytes:
    """A SentencePiece model of that many pieces: special pieces, bytes, and words that no text can split otherwise."""
    model = sentencepiece_model_pb2.ModelProto()
    kinds = sentencepiece_model_pb2.ModelProto.SentencePiece
    special = [
        kinds.CONTROL,
        kinds.CONTROL,
        kinds.CONTROL,
        kinds.UNKNOWN,
        kinds.USER_DEFINED,
        kinds.USER_DEFINED,
        kinds.NORMAL,
    ]
    pieces = itertools.chain(
        zip(SPECIAL, special, strict=True),
        ((f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)),
        (("\u2581" + word(i), kinds.NORMAL) for i in range(FIRST_WORD, vocabulary)),
    )
    for text, kind in pieces:
        model.pieces.add(piece=text, score=-1.0, type=kind)
    spec = model.trainer_spec
    spec.model_type = spec.UNIGRAM
    spec.vocab_size = vocabulary
    spec.byte_fallback = True
    spec.pad_id, spec.eos_id, spec.bos_id, spec.unk_id = PAD, EOS, BOS, UNK
    spec.pad_piece, spec.eos_piece, spec.bos_piece, spec.unk_piece = SPECIAL[:4]
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    return bytes(model.SerializeToString(deterministic=True))


NORM_SPREAD = 0.2
"""Standard deviation of the norms' factors."""
DEVIATIONS = 6
"""More than a normal number is ever away from its mean, in units of its standard deviation."""
POST_NORM, QUERY_NORM = 3.0, 1.5
"""Mean of the distance from one of such norms' factors; that of other norms is zero."""


class RandomWeights:
    """Seeded normal weights for any model, drawn band after band; see the module for why they are scaled as they are.

    What a weight is does not depend on the other weights: it is drawn by its name in the web file.
    """

    def __init__(
        self,
        seed: int,
        tensors: tuple[Weight, ...],
        gains: Mapping[Part, float] | None = None,
        norm_offset: float = 1.0,
        query_norm: float = QUERY_NORM,
        feed_forward_norm: float = POST_NORM,
    ) -> None:
        self.seed = seed
        self.tensors = tensors
        self.gains = gains or {}
        self.norm_mean = 1 - norm_offset
        self.query_norm = query_norm
        self.feed_forward_norm = feed_forward_norm

    @classmethod
    def of(cls, model: ModelDescription, seed: int, tensors: tuple[Weight, ...] | None = None) -> RandomWeights:
        """Weights that also where norms are missing make attention choose and a block outweigh the token it is added to.

        `tensors` are the model's, where they are not to be called as transformers calls those of a text model.
        """
        gains: dict[Part, float] = {}
        if not all(layer.attention.query_key_norms for layer in model.layers):
            gains["query"] = 2.0
        if not all(layer.post_norms for layer in model.layers):
            gains |= {"output": 8.0, "down": 8.0}
        if model.residual_streams > 1:
            # a router's input is divided by the width; and what streams tell of each other grows from layer to layer
            gains |= {"altup_router": 0.7 * model.embedding.width, "altup_prediction": 0.2, "altup_correction": 0.2}
        # a router's input is divided by the root of the width
        gains["router"] = 1.5 * math.sqrt(model.embedding.width)
        attention = model.layers[-1].attention
        query_norm = QUERY_NORM
        if attention.query_scale == 1:
            # their norm scales them then; streams of which each tells of each make more of what attention chooses
            choosing = 1 + QUERY_NORM if model.residual_streams == 1 else (1 + QUERY_NORM) / 2
            query_norm = choosing / math.sqrt(attention.head_dimension) - 1
        # a few values make all of a sparse feed-forward: layers of them that outweigh their input make much of a rounding
        sparse = any(layer.feed_forward.sparse_above is not None for layer in model.layers)
        return cls(
            seed, tensors or weights_of(model), gains, model.norm_offset, query_norm, 0.0 if sparse else POST_NORM
        )

    def bands(self, weight: Weight) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """As `Weights`."""
        random = np.random.Generator(np.random.SFC64([self.seed, zlib.crc32(_drawn_by(weight).encode())]))
        if not weight.is_matrix:
            means: dict[Part, float] = {
                "post_attention_norm": POST_NORM,
                "post_feed_forward_norm": self.feed_forward_norm,
                "post_per_layer_norm": POST_NORM,
                "query_norm": self.query_norm,
                "layer_scale": 1.0,
                "altup_output_scale": 1.0,
                "router_scale": 1.0,
                "expert_scale": 1.0,
            }
            factors = random.standard_normal((1, weight.size), np.float32) * np.float32(NORM_SPREAD)
            mean = means.get(weight.part, 0.0) + (self.norm_mean if is_norm(weight.part) else 0.0)
            yield 0, factors + np.float32(mean)
            return
        step = max(BLOCK, BAND_BYTES // (4 * weight.inputs) // BLOCK * BLOCK)
        for first in range(0, weight.outputs, step):
            rows = random.standard_normal((min(step, weight.outputs - first), weight.inputs), np.float32)
            rows *= np.float32(weight.inputs**-0.5)
            rows *= np.float32(self.gains.get(weight.part, 1))
            if weight.part in TABLES and first < FIRST_WORD:
                rows[: FIRST_WORD - first] *= np.float32(0.05)  # special pieces and bytes never win
            yield first, rows


def _drawn_by(weight: Weight) -> str:
    """Its name in the web file, or of what no web file holds the part."""
    try:
        return name_of(weight)
    except KeyError:
        return f"{weight.part} of {weight.layer}"
