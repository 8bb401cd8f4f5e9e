"""Checkpoint → `.tflite`, with litert-torch. Runs as a process of its own (`python -m builder.graph.export JOB`), because
what it imports is large, talks on both streams and may abort.

The model is built from the same description as a web file, so every family that onpage knows goes. It is in memory as float32 a few
times over; nothing is streamed here.
"""

# mypy: ignore-errors
# PyTorch and litert-torch are an optional extra that is not installed where types are checked.

from __future__ import annotations

import json
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from ai_edge_litert import schema_py_generated
from torch import nn

from builder.graph.settings import Job
from builder.graph.weights import placed_weights
from builder.model.description import RMS_EPSILON, Layer, ModelDescription
from builder.model.opened import OpenedCheckpoint

# litert-torch 0.10 imports TensorFlow's copy of this module without asking for TensorFlow
_tensorflow = types.ModuleType("tensorflow.lite.python")
_tensorflow.schema_py_generated = schema_py_generated
sys.modules.setdefault("tensorflow.lite.python", _tensorflow)

from litert_torch.generative.examples.gemma3 import decoder as gemma  # noqa: E402
from litert_torch.generative.layers import kv_cache, rotary_position_embedding  # noqa: E402
from litert_torch.generative.layers import model_config as cfg  # noqa: E402
from litert_torch.generative.utilities import converter  # noqa: E402
from litert_torch.generative.utilities.export_config import ExportConfig  # noqa: E402


class Decoder(gemma.Decoder):
    """litert-torch's Gemma 3, which has all that its predecessors have but two things, and no scaled ropes."""

    def __init__(self, config: cfg.ModelConfig, rope_factors: Sequence[float]) -> None:
        """`rope_factors` are those of each layer."""
        super().__init__(config)
        self.rope_factors = rope_factors
        if config.final_logit_softcap:
            self.lm_head = _Capped(self.lm_head, config.final_logit_softcap)

    @torch.inference_mode
    def forward(
        self,
        tokens: torch.Tensor,
        input_pos: torch.Tensor,
        kv_cache: kv_cache.KVCache,
        mask: torch.Tensor,
        export_config: ExportConfig | None = None,
    ) -> dict[str, Any]:
        """Token ids (1, n) at positions (n,), the cache and the causal mask (1, 1, n, context) → logits, and the cache."""
        x = self.tok_embedding(tokens) * self.config.embedding_scale
        ropes = []
        for i in range(self.config.num_layers):
            attention = self.config.block_config(i).attn_config
            factor = self.rope_factors[i]
            positions = input_pos if factor == 1 else input_pos / factor
            ropes.append(rotary_position_embedding.build_rope(positions, attention.head_dim, attention.rotary_base))
        return self._forward_with_embeds(x, ropes, mask, input_pos, kv_cache, None, export_config)


class _Capped(nn.Module):
    def __init__(self, head: nn.Module, cap: float) -> None:
        super().__init__()
        self.head, self.cap = head, cap

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.head(x) / self.cap) * self.cap


def model_config(model: ModelDescription, context: int) -> cfg.ModelConfig:
    """The description in litert-torch's words."""
    norm = cfg.NormalizationConfig(type=cfg.NormalizationType.RMS_NORM, epsilon=RMS_EPSILON, zero_centered=True)
    none = cfg.NormalizationConfig()
    window = next((layer.attention.window for layer in model.layers if not layer.attention.is_global), None)

    def block(layer: Layer) -> cfg.TransformerBlockConfig:
        attention = layer.attention
        post_norm, qk_norm = (norm if has else none for has in (layer.post_norms, attention.query_key_norms))
        return cfg.TransformerBlockConfig(
            attn_config=cfg.AttentionConfig(
                num_heads=attention.heads,
                head_dim=attention.head_dimension,
                num_query_groups=attention.key_value_heads,
                rotary_base=attention.rope.wavelength,
                rotary_percentage=1.0,
                qkv_transpose_before_split=True,
                query_norm_config=qk_norm,
                key_norm_config=qk_norm,
                logit_softcap=attention.cap,
                sliding_window_size=window,  # of every layer, whether it has one or not
                attn_type=cfg.AttentionType.GLOBAL if attention.is_global else cfg.AttentionType.LOCAL_SLIDING,
            ),
            ff_config=cfg.FeedForwardConfig(
                type=cfg.FeedForwardType.GATED,
                activation=cfg.ActivationConfig(cfg.ActivationType.GELU_TANH),
                intermediate_size=layer.feed_forward.width,
                pre_ff_norm_config=norm,
                post_ff_norm_config=post_norm,
            ),
            pre_attention_norm_config=norm,
            post_attention_norm_config=post_norm,
        )

    return cfg.ModelConfig(
        vocab_size=model.embedding.vocabulary,
        num_layers=len(model.layers),
        max_seq_len=context,
        embedding_dim=model.embedding.width,
        embedding_scale=model.embedding.scale,
        block_configs=[block(layer) for layer in model.layers],
        final_norm_config=norm,
        final_logit_softcap=model.final_cap,
    )


def build(opened: OpenedCheckpoint, context: int) -> Decoder:
    """The module with the checkpoint's weights."""
    model = opened.model
    decoder = Decoder(model_config(model, context), [layer.attention.rope.factor for layer in model.layers])
    parameters = dict(decoder.named_parameters())
    with torch.no_grad():
        for name, first, rows in placed_weights(model, opened.weights):
            parameter = parameters[name]
            values = torch.from_numpy(rows)
            if parameter.ndim == 1:
                parameter[:] = values[0]
            else:
                parameter[first : first + len(values)] = values
    return decoder.eval()


def run(job: Job) -> None:
    """Writes `job.output`."""
    opened = OpenedCheckpoint.open(Path(job.checkpoint), Path(job.merge) if job.merge else None)  # found sound before
    output = Path(job.output)
    written = converter.convert_to_tflite(
        build(opened, job.context),
        str(output.parent),
        output.stem,
        prefill_seq_len=job.prefill,
        kv_cache_max_len=job.context,
        quantize=job.recipe,
        # MediaPipe writes nonsense, and no error, with the mask made inside or the cache in the default layout
        export_config=ExportConfig(mask_as_input=True, kvcache_layout=kv_cache.KV_LAYOUT_TRANSPOSED),
    )
    Path(written).replace(output)


if __name__ == "__main__":
    run(Job(**json.loads(sys.argv[1])))
