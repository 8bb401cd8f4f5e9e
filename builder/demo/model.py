"""Gemma 3 text in plain PyTorch, just large enough to train the demo model, and its Hugging Face export.

The semantics are exactly those of `Gemma3ForCausalLM`: (1 + w) RMS norms before and after attention and feed-forward,
per-head query and key norms, embedding times sqrt(hidden), tied output, tanh GELU, rotary wavelength 1e4 on sliding
layers and 1e6 on every sixth (full) layer. Rows are shorter than the sliding window, so that window is not cut here.
"""

# mypy: ignore-errors
# PyTorch is an optional extra that is not installed where types are checked.

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """The dimensions of the model."""

    vocab_size: int = 4096
    hidden_size: int = 256
    intermediate_size: int = 640
    num_hidden_layers: int = 6
    num_attention_heads: int = 4
    num_key_value_heads: int = 1
    head_dim: int = 64
    context: int = 512

    def is_full(self, layer: int) -> bool:
        """Whether `layer` attends to everything with the long rotary wavelength."""
        return (layer + 1) % 6 == 0


class Norm(nn.Module):
    """RMS norm with Gemma's (1 + w) scale."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x.float(), (x.shape[-1],), 1.0 + self.weight, 1e-6)


def rotary(length: int, head_dim: int, wavelength: float) -> tuple[Tensor, Tensor]:
    """Cosine and sine, (length, head_dim), in the half-rotation layout."""
    inverse = wavelength ** (-torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)
    angles = torch.outer(torch.arange(length, dtype=torch.float32), inverse)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Apply rotary positions to (batch, heads, length, head_dim)."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine


class Attention(nn.Module):
    """Grouped-query causal attention with query and key norms."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = shape.num_attention_heads, shape.num_key_value_heads, shape.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, self.heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, self.kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, self.kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head_dim, shape.hidden_size, bias=False)
        self.q_norm, self.k_norm = Norm(self.head_dim), Norm(self.head_dim)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        batch, length, _ = x.shape
        query = self.q_proj(x).view(batch, length, self.heads, self.head_dim).transpose(1, 2)
        key = self.k_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        value = self.v_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        query = rotate(self.q_norm(query), cosine, sine).to(value.dtype)
        key = rotate(self.k_norm(key), cosine, sine).to(value.dtype)
        group = self.heads // self.kv_heads
        if group > 1:
            key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=self.head_dim**-0.5)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Module):
    """The gated feed-forward network."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(functional.gelu(self.gate_proj(x), approximate="tanh") * self.up_proj(x))


class Layer(nn.Module):
    """One block with norms before and after both halves."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(shape), FeedForward(shape)
        self.input_layernorm, self.post_attention_layernorm = Norm(shape.hidden_size), Norm(shape.hidden_size)
        self.pre_feedforward_layernorm, self.post_feedforward_layernorm = (
            Norm(shape.hidden_size),
            Norm(shape.hidden_size),
        )

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        x = x + self.post_attention_layernorm(self.self_attn(self.input_layernorm(x), cosine, sine))
        return x + self.post_feedforward_layernorm(self.mlp(self.pre_feedforward_layernorm(x)))


class Gemma3(nn.Module):
    """The language model; `forward` gives the final hidden states, `logits` the scores of chosen ones."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = Norm(shape.hidden_size)
        for index, wavelength in enumerate((1e4, 1e6)):
            cosine, sine = rotary(shape.context + 256, shape.head_dim, wavelength)
            self.register_buffer(f"cosine_{index}", cosine, persistent=False)
            self.register_buffer(f"sine_{index}", sine, persistent=False)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=shape.hidden_size**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Hidden states (batch, length, hidden) after the final norm, for token ids (batch, length)."""
        length = tokens.shape[1]
        x = self.embed_tokens(tokens) * self.shape.hidden_size**0.5
        for index, layer in enumerate(self.layers):
            kind = int(self.shape.is_full(index))
            cosine, sine = getattr(self, f"cosine_{kind}")[:length], getattr(self, f"sine_{kind}")[:length]
            x = layer(x, cosine, sine)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores (…, vocab) by the tied embedding."""
        return functional.linear(hidden, self.embed_tokens.weight)


def config_json(shape: Shape, *, pad: int, eos: int, bos: int) -> dict:
    """The Hugging Face config.json of a model of `shape`."""
    dimensions = asdict(shape)
    context = dimensions.pop("context")
    kinds = [
        "full_attention" if shape.is_full(layer) else "sliding_attention" for layer in range(shape.num_hidden_layers)
    ]
    return {
        "architectures": ["Gemma3ForCausalLM"],
        "model_type": "gemma3_text",
        **dimensions,
        "max_position_embeddings": context,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "hidden_activation": "gelu_pytorch_tanh",
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "rope_local_base_freq": 10000.0,
        "rope_scaling": None,
        "sliding_window": 512,
        "sliding_window_pattern": 6,
        "layer_types": kinds,
        "query_pre_attn_scalar": shape.head_dim,
        "tie_word_embeddings": True,
        "use_cache": True,
        "initializer_range": 0.02,
        "torch_dtype": "float32",
        "pad_token_id": pad,
        "eos_token_id": eos,
        "bos_token_id": bos,
    }


SAMPLING = {"do_sample": True, "temperature": 0.3, "top_k": 8}
"""What the page starts with: posts vary, and a small model slips little more often than greedily."""


def export(model: Gemma3, folder: Path, tokenizer: bytes, *, pad: int, eos: int, bos: int) -> None:
    """Write config.json, generation_config.json, model.safetensors (float32) and tokenizer.model into `folder`."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = {f"model.{name}": parameter.detach().contiguous() for name, parameter in model.named_parameters()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(
        json.dumps(config_json(model.shape, pad=pad, eos=eos, bos=bos), indent=2) + "\n", encoding="utf-8"
    )
    (folder / "generation_config.json").write_text(json.dumps(SAMPLING, indent=2) + "\n", encoding="utf-8")
    (folder / "tokenizer.model").write_bytes(tokenizer)
