"""The dense Gemmas in plain numpy, run from a web file: what the engine should answer, computed without the engine.

It reads the dequantized weights out of the file that ships, so its greedy ids are the truth for that very file. float32
is exact; float16 rounds every activation as a GPU with `shader-f16` keeps it (sums inside an operation stay float32).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensor_names import tensor_name
from builder.lora.layout import halves
from builder.model.description import ModelDescription
from builder.model.weights import whole_parts
from builder.quantize.rounding import BLOCK
from builder.reference.arithmetic import Array, Precision
from builder.reference.decoder import LinearPart, LowRanks, WeightSource
from builder.reference.sources import HeldSource, WebFileSource
from builder.reference.writer import Writer


class Reference(Writer):
    """A model in memory: quick for a small one, and slow with the first answer of a large one."""

    def __init__(self, file: WebFile, precision: Precision = "float32", adapter: WebFile | None = None) -> None:
        source = self._source(WebFileSource(file))
        adapted = low_ranks(source.model, adapter) if adapter else {}
        super().__init__(source, frozenset(file.parameters.stop_token_ids), precision, adapted)
        self.sentencepiece = file.tokenizer()
        self.start_id = int(file.parameters.start_token_id)

    @classmethod
    def from_web_file(cls, path: Path, dtype: Precision = "float32", adapter: Path | None = None) -> Reference:
        """Opens a web file, with a LoRA adapter file beside it or none; WebFileError where it is of no dense Gemma."""
        return cls(WebFile.open(path), dtype, WebFile.open(adapter) if adapter else None)

    @property
    def largest_activation(self) -> float:
        """As `Arithmetic`."""
        return self.arithmetic.largest_activation

    @property
    def weights(self) -> dict[str, Array]:
        """All weights by their names in the file."""
        layers = {
            tensor_name(part, index, self.model): values
            for index in range(len(self.model.layers))
            for part, values in self.source.layer(index).items()
        }
        embedding = np.concatenate([rows for _, rows in self.source.embedding_bands()])
        return (
            layers
            | {tensor_name("embedding", None, self.model): embedding}
            | {tensor_name(part, None, self.model): self.source.whole(part) for part, _ in whole_parts(self.model)}
        )

    def _source(self, file: WebFileSource) -> WeightSource:
        return HeldSource(file)


def low_ranks(model: ModelDescription, adapter: WebFile) -> LowRanks:
    """The two halves of each matrix that an adapter file changes: float16 in blocks of 4×4."""
    found: dict[tuple[LinearPart, int], dict[str, Array]] = {}
    for half in halves(model, adapter.lora_rank or 0):
        values = np.frombuffer(adapter.read(half.spec.name), np.float16).astype(np.float32)
        blocks = values.reshape(half.k // BLOCK, half.n // BLOCK, BLOCK, BLOCK)
        place = (half.part, half.layer)
        found.setdefault(place, {})[half.half] = blocks.transpose(0, 2, 1, 3).reshape(half.k, half.n)
    return {place: (pair["a"], pair["b"]) for place, pair in found.items()}
