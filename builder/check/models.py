"""The models of the check: one of each generation of Gemma, with random weights and the numbers of a real one.

Small models hide what float16 does to a real one: the sums that the layers add up to (the residual stream) stay near 1 there, and in a
converted Gemma they reach some thousands (6,504 in the 270M). So the stream is multiplied here until its largest value lies about the
8,192 that the converter allows at most, or above, within the 16,384 up to which the page computes in float16.

Every kind of matrix has every scheme in one of the three, and what differs between generations is in one at least: windows on one
layer of two, on all but one, or on none; norms of queries and keys; caps of scores; norms after the layers' outputs or not; one head
of keys for all, or several; another scale of queries; a slowed rotation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.residual_scale import MeasuredResidual
from builder.convert.web_file import write_web_file
from builder.convert.write_tensors import scaled_norm
from builder.model.families import describe, turns_of
from builder.model.generation_config import GenerationConfig
from builder.model.residual import FLOAT16_SAFE, UNSCALED, ResidualScale
from builder.model.tokenizer import Tokenizer
from builder.model.weights import Weight
from builder.quantize.scheme import Quantization
from builder.synth.web_file import EOS, RandomWeights, synthetic_tokenizer

VOCABULARY = 1024
CONTEXT = 2080
"""Room for the longest prompt and its answer; a multiple of 32, which MediaPipe wants."""

FEW = 8
PROMPTS = (1 + FEW, 64 + FEW, 128 + FEW)
"""Tokens. MediaPipe reads 512, 128, 64 or 8 at a time, each with programs of its own, and fills up the last of them. With a few tokens
behind a whole one the answer is written from its last block, within every window; in a filled one that block is of no effect."""
LONG_PROMPT = 4 * 512 + FEW

COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "max_position_embeddings": CONTEXT,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "rope_scaling": None,
    "attention_bias": False,
    "hidden_activation": "gelu_pytorch_tanh",
    "bos_token_id": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
}


@dataclass(frozen=True)
class CheckModel:
    """What a model of the check is made of."""

    config: dict[str, Any]
    """Its config.json."""
    quantization: Quantization
    prompts: tuple[int, ...]
    """Tokens of each."""
    stream: float = 2.0**8
    """What its residual stream is multiplied with."""
    seed: int = 0


MODELS = {
    "gemma": CheckModel(
        {
            **COMMON,
            "model_type": "gemma",
            "hidden_size": 128,
            "intermediate_size": 256,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 256,
        },
        Quantization.of("q4_0", embedding="8"),
        PROMPTS,
    ),
    "gemma2": CheckModel(
        {
            **COMMON,
            "model_type": "gemma2",
            "hidden_size": 128,
            "intermediate_size": 256,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 64,
            "query_pre_attn_scalar": 48,
            "sliding_window": 24,
            "attn_logit_softcapping": 5.0,
            "final_logit_softcapping": 30.0,
        },
        Quantization.of(embedding="q4_0", attention="8", feedforward="4"),
        PROMPTS,
    ),
    "gemma3": CheckModel(
        {
            **COMMON,
            "model_type": "gemma3_text",
            "hidden_size": 128,
            "intermediate_size": 256,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 64,
            "query_pre_attn_scalar": 64,
            "sliding_window": 16,
            "sliding_window_pattern": 3,
            "rope_theta": 1e6,
            "rope_local_base_freq": 1e4,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "attn_logit_softcapping": None,
            "final_logit_softcapping": None,
        },
        Quantization.of("4", feedforward="8"),
        (*PROMPTS, LONG_PROMPT),
    ),
}
"""By their names in the answers."""


class Enlarged:
    """Random weights whose residual stream is multiplied."""

    def __init__(self, weights: RandomWeights, scale: ResidualScale) -> None:
        self.tensors = weights.tensors
        self._weights, self._scale = weights, scale

    def bands(self, weight: Weight) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """As `Weights`."""
        factor = self._scale.of_part(weight.part)
        for first, rows in self._weights.bands(weight):
            yield first, rows * np.float32(factor) if weight.is_matrix else scaled_norm(rows, factor)


def write_model(name: str, output: Path) -> None:
    """Writes one of MODELS as a `.litertlm`, which both engines take."""
    made = MODELS[name]
    model = describe(made.config, Path(name))
    weights = Enlarged(RandomWeights.of(model, made.seed), ResidualScale.of(model, made.stream))
    write_web_file(
        model,
        weights,
        Tokenizer.from_bytes(Path(name), synthetic_tokenizer(VOCABULARY)),
        turns_of(model),
        GenerationConfig([EOS]),
        output,
        made.quantization,
        residual=MeasuredResidual(FLOAT16_SAFE, UNSCALED),
    )
