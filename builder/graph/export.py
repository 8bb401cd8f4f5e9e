"""Checkpoint → `.tflite`, with litert-torch. Runs as a process of its own (`python -m builder.graph.export JOB`), because
what it imports is large, talks on both streams and may abort.

The model is built from the same plan as a web file, so every family that onpage knows goes. It is in memory as float32 a few
times over; nothing is streamed here.
"""

# mypy: ignore-errors
# PyTorch and litert-torch are an optional extra that is not installed where types are checked.

from __future__ import annotations

import json
import math
import sys
import types
from pathlib import Path
from typing import Any

import torch
from ai_edge_litert import schema_py_generated
from torch import nn

from builder.convert.web_file import CheckpointSource
from builder.formats.llm_parameters import Norm, TransformerParameters
from builder.graph.settings import Job
from builder.graph.weights import placed_weights
from builder.model.families.dense import LOCAL_ROPE_WAVELENGTH
from builder.model.families.plan import ModelPlan

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

    def __init__(self, config: cfg.ModelConfig, rope_factor: float) -> None:
        super().__init__(config)
        self.rope_factor = rope_factor
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
            local = attention.attn_type is cfg.AttentionType.LOCAL_SLIDING
            positions = input_pos if local or self.rope_factor == 1 else input_pos / self.rope_factor
            ropes.append(rotary_position_embedding.build_rope(positions, attention.head_dim, attention.rotary_base))
        return self._forward_with_embeds(x, ropes, mask, input_pos, kv_cache, None, export_config)


class _Capped(nn.Module):
    def __init__(self, head: nn.Module, cap: float) -> None:
        super().__init__()
        self.head, self.cap = head, cap

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.head(x) / self.cap) * self.cap


def model_config(plan: ModelPlan, context: int) -> cfg.ModelConfig:
    """The plan in litert-torch's words."""
    p = plan.transformer
    attention, period = p.self_attention_parameters, _period(p)
    norm = cfg.NormalizationConfig(type=cfg.NormalizationType.RMS_NORM, epsilon=1e-6, zero_centered=True)
    none = cfg.NormalizationConfig()
    post_norm = norm if p.post_norm == Norm.RMS_NORM else none
    qk_norm = norm if attention.qk_norm else none

    def block(i: int) -> cfg.TransformerBlockConfig:
        sees_all = (i + 1) % period == 0
        return cfg.TransformerBlockConfig(
            attn_config=cfg.AttentionConfig(
                num_heads=p.num_heads,
                head_dim=p.head_dimension,
                num_query_groups=p.num_kv_heads,
                rotary_base=p.global_rope_wavelength if sees_all else LOCAL_ROPE_WAVELENGTH,
                rotary_percentage=1.0,
                qkv_transpose_before_split=True,
                query_norm_config=qk_norm,
                key_norm_config=qk_norm,
                logit_softcap=attention.soft_cap_value or None,
                sliding_window_size=attention.sliding_window_size or None,
                attn_type=cfg.AttentionType.GLOBAL if sees_all else cfg.AttentionType.LOCAL_SLIDING,
            ),
            ff_config=cfg.FeedForwardConfig(
                type=cfg.FeedForwardType.GATED,
                activation=cfg.ActivationConfig(cfg.ActivationType.GELU_TANH),
                intermediate_size=p.hidden_dimension,
                pre_ff_norm_config=norm,
                post_ff_norm_config=post_norm,
            ),
            pre_attention_norm_config=norm,
            post_attention_norm_config=post_norm,
        )

    return cfg.ModelConfig(
        vocab_size=plan.vocab_size,
        num_layers=p.num_stacks,
        max_seq_len=context,
        embedding_dim=p.embedding_dim,
        embedding_scale=math.sqrt(p.embedding_dim),
        block_configs=[block(i) for i in range(p.num_stacks)],
        final_norm_config=norm,
        final_logit_softcap=p.final_project_parameters.soft_cap_value or None,
    )


def build(model: CheckpointSource, context: int) -> Decoder:
    """The module with the checkpoint's weights."""
    decoder = Decoder(model_config(model.plan, context), model.plan.transformer.global_rope_scaling or 1.0)
    parameters = dict(decoder.named_parameters())
    with torch.no_grad():
        for name, first, rows in placed_weights(model.plan, model.weights):
            parameter = parameters[name]
            values = torch.from_numpy(rows)
            if parameter.ndim == 1:
                parameter[:] = values[0]
            else:
                parameter[first : first + len(values)] = values
    return decoder.eval()


def _period(p: TransformerParameters) -> int:
    """Every how many layers there is one that sees everything."""
    return int(p.num_local_layers_per_global) + 1 if p.self_attention_parameters.sliding_window_size else 1


def run(job: Job) -> None:
    """Writes `job.output`."""
    model = CheckpointSource.open(Path(job.checkpoint), Path(job.merge) if job.merge else None)
    output = Path(job.output)
    written = converter.convert_to_tflite(
        build(model, job.context),
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
