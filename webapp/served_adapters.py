"""The LoRA adapters that a server offers beside its models: each file is checked, hashed, and matched with the models it fits.

An adapter belongs to the dimensions that its file names; which model of those it was trained for, nothing in it can prove.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import ModelFileError
from builder.formats.llm_parameters import ModelType, TransformerParameters
from builder.formats.sniff import Format
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described
from builder.lora.layout import halves
from builder.model.residual import ResidualScale
from webapp.errors import AdapterUnfitError
from webapp.served_files import ServedFile
from webapp.served_models import ServedModel

DIMENSIONS = ("embedding_dim", "num_stacks", "head_dimension", "num_heads", "num_kv_heads")
"""What a model and an adapter for it have in common."""


@dataclass(frozen=True)
class ServedAdapter:
    """One adapter."""

    content: ServedFile
    rank: int
    model_type: int
    transformer: TransformerParameters
    residual_scale: float
    """What its output's matrices are multiplied with."""

    @classmethod
    def read(cls, path: Path) -> ServedAdapter:
        """Hash and check a file; ModelFileMissingError, or ModelFileError where it is no sound adapter."""
        path = path.absolute()
        content = ServedFile.hashed(path)
        file = WebFile.open(path)
        if file.lora_rank is None:
            raise ModelFileError(f"{path} is a model, not a LoRA adapter: use --model for it.", subject=path)
        transformer = file.parameters.transformer_parameters
        found = {tensor.name: tensor.size for tensor in file.tensors.values()}
        # one that it lacks would make the engine fail in the middle of a text
        missing = next(
            (h.spec for h in halves(described(file), file.lora_rank) if found.get(h.spec.name) != h.spec.size), None
        )
        if missing:
            raise ModelFileError(
                f"{path} has no {missing.name} of {missing.size:,} bytes: the engine needs q, k, v and post of every layer; "
                f"make the file again with onpage convert BASE --lora ADAPTER.",
                subject=missing.name,
            )
        return cls(content, file.lora_rank, file.model_type, transformer, file.residual_scale)

    def fits(self, model: ServedModel) -> bool:
        """Whether a model has this adapter's dimensions, in the one format that takes adapters."""
        if model.manifest.format != Format.WEB.name.lower():
            return False
        file = model.web_file()
        theirs = file.parameters.transformer_parameters
        return self._is_scaled_like(file) and all(
            getattr(self.transformer, name) == getattr(theirs, name) for name in DIMENSIONS
        )

    def _is_scaled_like(self, model: WebFile) -> bool:
        """Where no norm follows what it changes, an adapter has the scale of the model's residual stream in it."""
        scale = ResidualScale.of(described(model), model.residual_scale)
        return scale.of_part("output") == self.residual_scale

    def to_json(self) -> dict[str, Any]:
        content = self.content
        return {
            "id": content.sha256[:16],
            "name": content.name.removesuffix(".bin").removesuffix("-web"),
            "url": content.url,
            "size": content.size,
            "sha256": content.sha256,
            "rank": self.rank,
        }


def read_adapters(paths: Sequence[Path], models: Sequence[ServedModel]) -> dict[str, ServedAdapter]:
    """The adapters by sha256, in the order given; AdapterUnfitError where one fits none of the models."""
    served: dict[str, ServedAdapter] = {}
    for path in paths:
        adapter = ServedAdapter.read(path)
        if not any(adapter.fits(model) for model in models):
            t = adapter.transformer
            raise AdapterUnfitError(
                path,
                f"it is for a {ModelType.name_of(adapter.model_type)} of {t.num_stacks} layers of {t.embedding_dim:,}",
                ", ".join(model.path.name for model in models),
            )
        served.setdefault(adapter.content.sha256, adapter)
    return served
