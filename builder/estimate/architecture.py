"""The sizes of a model that its memory depends on; and those of Gemma 3n and 4, which the converter does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from builder.convert.web_file import tensor_specs
from builder.errors import UnsupportedModel
from builder.formats.llm_parameters import TransformerParameters
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec
from builder.model.families.plan import Config, MatrixPlan, VectorPlan
from builder.quantize.scheme import Quantization

EFFECTIVE = ("gemma3n_text", "gemma4_text")
"""Gemma 3n and 4: known by their dimensions, and not to the converter."""


class SizedTensor(Protocol):
    """A tensor of a web file, planned or read."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


@dataclass(frozen=True)
class Dimensions:
    """The sizes that the memory of a running model depends on."""

    hidden: int
    feed_forward: int
    heads: int
    key_width: int
    """Key-value heads times their dimension; that of the widest layer."""
    query_width: int
    vocabulary: int
    cache_width: int
    """Values that a token adds to the keys of all layers together, and as many to the values."""
    window: int | None
    """Tokens that the local layers see, None where there are none."""
    has_global: bool
    """Whether some layers see everything."""

    @classmethod
    def of(cls, p: TransformerParameters, vocabulary: int) -> Dimensions:
        """From a web file's own parameters, or from those of a plan."""
        key_width = int(p.num_kv_heads * p.head_dimension)
        window = int(p.self_attention_parameters.sliding_window_size) or None
        local = int(p.num_local_layers_per_global)
        return cls(
            hidden=int(p.embedding_dim),
            feed_forward=int(p.hidden_dimension),
            heads=int(p.num_heads),
            key_width=key_width,
            query_width=int(p.num_heads * p.head_dimension),
            vocabulary=vocabulary,
            cache_width=int(p.num_stacks) * key_width,
            window=window,
            has_global=window is None or int(p.num_stacks) > local,
        )


@dataclass(frozen=True)
class EffectiveModel:
    """Gemma 3n or 4, of which an estimate is approximate: the converter does not write them, and how the published files
    are quantized is not known."""

    dimensions: Dimensions
    parameters: int
    context: int
    tensors: tuple[MatrixPlan | VectorPlan, ...]
    halves: int
    """Weights that stay float16."""

    @classmethod
    def of(cls, config: dict[str, Any], path: Path) -> EffectiveModel:
        """From the config of the text part."""
        c = Config(config, path)
        for key in ("enable_moe_block", "attention_k_eq_v"):
            c.refuse_unless(key, False)
        tensors, halves, cache = list[MatrixPlan | VectorPlan](), 0, 0
        hidden, vocab = c.integer("hidden_size"), c.integer("vocab_size")
        layers = c.integer("num_hidden_layers", most=1024)
        own_cache = layers - _whole(config, "num_kv_shared_layers", layers)
        per_layer = _whole(config, "hidden_size_per_layer_input", hidden)
        heads, kv = c.integer("num_attention_heads", most=1024), c.integer("num_key_value_heads", most=1024)
        local_head = c.integer("head_dim", most=4096)
        global_head = _whole(config, "global_head_dim", 4096) or local_head
        feed_forward = _feed_forward(c, layers)
        tensors.append(MatrixPlan("embedding", "", hidden, vocab, "embedding"))
        halves += hidden * layers * per_layer
        for i, is_global in enumerate(_global_layers(c, layers)):
            head = global_head if is_global else local_head
            shared = i >= own_cache
            wide = 2 if shared and config.get("use_double_wide_mlp") else 1
            tensors += _layer(i, hidden, wide * feed_forward[i], heads * head, 0 if shared else kv * head)
            if per_layer:
                tensors.append(MatrixPlan(f"per_layer_{i}", "", per_layer, vocab, "embedding"))
            halves += 2 * hidden * per_layer + 2 * hidden * _whole(config, "laurel_rank", hidden)
            cache += 0 if shared else kv * head
        halves += 2 * max(0, _whole(config, "altup_num_inputs", 64) - 1) * hidden * hidden
        widest = max(local_head, global_head)
        return cls(
            dimensions=Dimensions(
                hidden=hidden,
                feed_forward=max(feed_forward) * (2 if config.get("use_double_wide_mlp") else 1),
                heads=heads,
                key_width=kv * widest,
                query_width=heads * widest,
                vocabulary=vocab,
                cache_width=cache,
                window=c.integer("sliding_window"),
                has_global=True,
            ),
            parameters=halves + sum(t.k * t.n if isinstance(t, MatrixPlan) else t.size for t in tensors),
            context=c.integer("max_position_embeddings"),
            tensors=tuple(tensors),
            halves=halves,
        )

    def specs(self, quantization: Quantization) -> Iterator[TensorSpec]:
        """As far as they are known."""
        for tensor in self.tensors:
            yield from tensor_specs(tensor, quantization)
        yield TensorSpec("halves", TensorType.FLOAT16, 2 * self.halves)


def _whole(config: dict[str, Any], key: str, most: int) -> int:
    """A number from 0; 0 where the family has no such thing."""
    value = config.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else 0


def _feed_forward(c: Config, layers: int) -> list[int]:
    """Of each layer: one number for all, or a list."""
    value = c.values.get("intermediate_size")
    if not isinstance(value, list):
        return [c.integer("intermediate_size")] * layers
    if len(value) != layers:
        raise UnsupportedModel(f"{c.says('intermediate_size')}: expected one for each of {layers} layers.")
    return [Config({"intermediate_size": one}, c.path).integer("intermediate_size") for one in value]


def _global_layers(c: Config, layers: int) -> list[bool]:
    """Whether each layer sees everything, from `layer_types` or from how often that is so."""
    types = c.values.get("layer_types")
    if types is None:
        period = c.integer("sliding_window_pattern")
        return [(i + 1) % period == 0 for i in range(layers)]
    if not isinstance(types, list) or len(types) != layers:
        raise UnsupportedModel(f"{c.says('layer_types')}: expected one for each of {layers} layers.")
    return [kind == "full_attention" for kind in types]


def _layer(i: int, hidden: int, ffn: int, query: int, key: int) -> Iterable[MatrixPlan | VectorPlan]:
    yield VectorPlan(f"norms_{i}", "", 4 * hidden)
    yield MatrixPlan(f"query_{i}", "", hidden, query, "attention")
    if key:
        yield MatrixPlan(f"key_{i}", "", hidden, key, "attention")
        yield MatrixPlan(f"value_{i}", "", hidden, key, "attention")
    yield MatrixPlan(f"output_{i}", "", query, hidden, "attention")
    for name, k, n in (("gate", hidden, ffn), ("up", hidden, ffn), ("down", ffn, hidden)):
        yield MatrixPlan(f"{name}_{i}", "", k, n, "feedforward")
