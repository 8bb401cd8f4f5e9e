"""The random models of builder.synth.web_file in the formats of other engines, so that these can be measured on the same weights.

    blocks.py           matrices in blocks of 32 inputs, as both formats have them
    gguf_file.py        llama.cpp's file, for wllama
    tokenizer_json.py   the tokenizer as Hugging Face's tokenizers read it
    onnx_graph.py       Gemma 3 as an ONNX graph, and where its weights lie
    onnx_folder.py      the folder that transformers.js loads

The shape, the seed and the random numbers are those of the web file. With `q4_0` the ONNX model is the web file's to the bit, and
GGUF differs in one thing: its scales are float16. Only shapes of Gemma 3 are written; needs the extra `peers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.convert.web_file import WrittenModel
from builder.errors import OnpageError
from builder.formats.web_model import model_type
from builder.model.description import ModelDescription
from builder.model.families import describe
from builder.model.weights import weight_count
from builder.quantize.scheme import ROLES, Quantization, Scheme
from builder.synth.blocks import BLOCK
from builder.synth.web_file import RandomWeights, shape_config


@dataclass(frozen=True)
class RandomModel:
    """A shape of Gemma 3 with random weights in blocks."""

    model: ModelDescription
    weights: RandomWeights
    quantization: Quantization

    @classmethod
    def of(cls, shape: str, quantization: Quantization, seed: int) -> RandomModel:
        """OnpageError where another engine could not have it: another family, or a size that blocks do not divide."""
        model = describe(shape_config(shape), Path(shape))
        if model.family != "gemma3":
            raise OnpageError(f"{shape} is a {model.family}: onpage writes Gemma 3 for other engines.", subject=shape)
        if quantization.scale != "max":
            raise OnpageError("--scale mse is for web files: other engines' models have --scale max.", subject="scale")
        weights = RandomWeights.of(model, seed)
        for weight in weights.tensors:
            if weight.is_matrix and weight.inputs % BLOCK:
                raise OnpageError(
                    f"{shape}: {weight.source} has {weight.inputs:,} inputs, which blocks of {BLOCK} do not divide.",
                    subject=shape,
                )
        embedding, attention, feedforward = (Scheme(quantization.scheme(role).bits, BLOCK) for role in ROLES)
        return cls(model, weights, Quantization(embedding, attention, feedforward))

    def written(self, output: Path, size: int, sha256: str, seconds: float) -> WrittenModel:
        """What was made of it, for the command."""
        return WrittenModel(
            path=output,
            size=size,
            sha256=sha256,
            family=self.model.family,
            model_type=model_type(self.model).name,
            parameters=weight_count(self.weights.tensors),
            quantization=self.quantization,
            seconds=round(seconds, 3),
        )
