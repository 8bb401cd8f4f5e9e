"""A Gemma 3 that sees the whole text at once: EmbeddingGemma, with its windows to both sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.sources import tensor_names
from builder.encoder.encoder import Encoder, Layers, Making
from builder.encoder.sentence import EncoderFolder, Sentence
from builder.errors import UnsupportedModel
from builder.graph.blocks import Blocks
from builder.graph.function import Value
from builder.model.description import ModelDescription, Rope
from builder.model.families import gemma3
from builder.model.rope import slowed


def open_gemma(folder: EncoderFolder) -> Encoder:
    """UnsupportedModel or CheckpointError names what cannot be."""
    # what the family refuses of a model that writes is what this one is
    model = gemma3.FAMILY.describe(folder.config | {"use_bidirectional_attention": False}, folder.config_path)
    weights = gemma3.FAMILY.weights(model, gemma3.FAMILY.naming_in(folder.tensors))
    known = {name for weight in weights for name in tensor_names(weight.source)}
    extra = sorted(name for name in folder.tensors.keys() - known if "/" not in name)
    if extra:
        raise UnsupportedModel(
            f"{folder.path} holds {len(extra)} tensors that a Gemma 3 of this config.json does not have, such as {extra[0]}.",
            subject=extra[0],
        )
    [table, *others] = weights
    return Encoder(
        "gemma3",
        folder,
        Sentence.of(folder.path, model.embedding.width),
        model.embedding.width,
        model.context,
        model.norm_offset,
        table,
        tuple(others),
        lambda making: GemmaLayers(model, making),
    )


class GemmaLayers(Blocks, Layers):
    """Of one length."""

    def __init__(self, model: ModelDescription, making: Making) -> None:
        super().__init__(model, making.activations, making.parameters, making.norms, making.name, making.length)

    def hidden(self, x: Value, seen: Value) -> Value:
        """As Layers."""
        f = self.function
        x = f.multiply(x, f.number(self.model.embedding.scale))
        for i, layer in enumerate(self.model.layers):
            attention = layer.attention
            projected = self.projected(x, i, attention)
            keys, values = self.turned(projected["key"], attention), f.transpose(projected["value"], (0, 2, 3, 1))
            attended = self.attend(projected["query"], keys, values, attention, self._seen(seen, attention.window))
            x = f.add(x, self.end(f.fully_connected(attended, self.matrix("output", i)), "post_attention_norm", i))
            x = f.add(x, self.end(self.feed_forward(x, i), "post_feed_forward_norm", i))
        return self.norm(x, "final_norm", None)

    def rotation(self, head: int, rope: Rope) -> tuple[Value, Value]:
        """As Blocks, of positions that are known now."""
        unscaled: NDArray[np.float64] = rope.wavelength ** (-np.arange(0, head, 2, dtype=np.float64) / head)
        angles = np.arange(self.length)[:, None] * slowed(unscaled, rope)
        cosines, sines = np.cos(angles).astype(np.float32)[None], np.sin(angles).astype(np.float32)[None]
        return self.function.constant(cosines), self.function.constant(sines)

    def _seen(self, seen: Value, window: int | None) -> Value:
        """With a window half of it lies to each side."""
        if window is None or window // 2 >= self.length - 1:
            return seen
        places = np.arange(self.length)
        far = np.abs(places[:, None] - places) > window // 2
        return self.function.minimum(
            seen, self.function.constant(np.where(far, np.float32(-1e9), np.float32(0))[None, None])
        )
