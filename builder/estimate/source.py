"""Where the sizes come from: a published shape or model, a checkpoint, a web file, or dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder.checkpoint.checkpoint import Checkpoint
from builder.convert.from_quantized import suited
from builder.convert.layout import web_layout, write_turns
from builder.convert.per_layer_tables import scales_for, tables_of
from builder.errors import OnpageError, UnsupportedModel
from builder.estimate.architecture import Dimensions
from builder.formats.inspect_web_file import web_file_facts
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.llm_parameters import LlmParameters
from builder.formats.sniff import Format, is_gguf, sniff_file
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described, transformer_parameters
from builder.formats.web_tensors import SizedTensor
from builder.model.catalog import PublishedModel, published
from builder.model.description import ModelDescription
from builder.model.families import (
    describe,
    fit_to_tokenizer,
    llama,
    turns_of,
    weights_of,
    whole_blocks,
)
from builder.model.generation_config import GenerationConfig
from builder.model.gguf_checkpoint import GgufCheckpoint
from builder.model.open_checkpoint import open_checkpoint
from builder.model.opened import OpenedCheckpoint
from builder.model.shapes import shapes
from builder.model.sidecars import Sidecars
from builder.model.weights import weight_count
from builder.quantize.scheme import ALL_INT8, INT4, INT8, Q4_0, Quantization
from builder.synth.web_file import shape_config, synthetic_tokenizer
from builder.tower.graphs import Towers

TOKENIZER_BYTES = {"gemma": 4_241_003, "gemma2": 4_241_003}
GEMMA3_TOKENIZER_BYTES = 4_689_074
"""Of the published tokenizer.model, by family; all later ones have about as many."""

AS_PUBLISHED = {
    "int8": ALL_INT8,
    "int4": Quantization(embedding=INT8, attention=INT8, feedforward=INT4),
    "q4_0": Quantization(embedding=INT8, attention=INT8, feedforward=Q4_0),
}
"""What the names of the published Gemma 3 files stand for: it makes their sizes, within 0.1 %."""

GEMMA3N_TENSORS = "transformer.altup."
"""How the names of some of its tensors begin, in a web file."""

UNKNOWN_TO_US = (
    "it is known by its dimensions only: how the published file is quantized is not known, nor how much of the embeddings of each layer "
    "the GPU holds"
)

WEB_FILE = Path("model-web.task")
"""What is sized, where nothing is written."""

UNMEASURED = "the file is known to the byte, but what its streams side by side take while it runs was not measured: one is counted"
"""Of Gemma 3n."""

SEES = "the file is known to the byte, but the GPU's memory is that of the text: what sees takes more while pictures go in (docs/senses.md)"


@dataclass(frozen=True)
class Sized:
    """A web file of one quantization."""

    download: int
    tensors: Sequence[SizedTensor]
    on_demand: bool
    """Whether the tables of its layers are loaded on demand."""


@dataclass(frozen=True)
class Source:
    """A model whose sizes are known."""

    name: str
    parameters: int
    context: int
    """Tokens that it was made for."""
    dimensions: Dimensions
    quantization: str
    download: int
    tensors: Sequence[SizedTensor]
    on_demand: bool
    """Whether the tables of its layers are loaded on demand."""
    sized: Callable[[Quantization], Sized | None]
    """The same model quantized otherwise; None where that cannot be known."""
    approximate: str | None = None
    published_size: int | None = None
    """Bytes that the weights are taken to have, where their quantization is not known."""


def find_source(model: str, quantization: Quantization | None, *, pictures: bool = False) -> Source:
    """By path, published id, shape id or dimensions, in this order; `pictures`: of a checkpoint what sees, too."""
    path = Path(model)
    if path.is_dir() or is_gguf(path):
        return _checkpoint(path, quantization, pictures)
    if pictures:
        raise OnpageError(
            f"{model} is no checkpoint: only of one is what sees converted or left out; leave --pictures out.",
            subject=model,
        )
    if path.exists():
        return _web_file(path, quantization)
    if model in published():
        return _published(published()[model], quantization)
    config = _config(model)
    return _of_config(model, config, quantization or ALL_INT8)


def _config(model: str) -> dict[str, Any]:
    try:
        return shape_config(model)
    except OnpageError:
        if "=" in model:
            raise
        raise OnpageError(
            f"{model!r} is not a file, folder, published model or shape: expected an id of onpage models, one of "
            f"{', '.join(shapes())}, or dimensions as for onpage synth.",
            subject=model,
        ) from None


def shape_of(name: str) -> tuple[ModelDescription, int]:
    """The model of a published shape or of dimensions, as it would be converted, and bytes of its tokenizer."""
    model = describe(_config(name), Path(name))
    model, tokenizer = _fitted(model, None)
    return model, len(synthetic_tokenizer(model.embedding.vocabulary)) if "=" in name else tokenizer


def usual_tokenizer(model: ModelDescription) -> int:
    """Bytes of the published tokenizer of a model's family."""
    return TOKENIZER_BYTES.get(model.family, GEMMA3_TOKENIZER_BYTES)


def _of_config(
    name: str,
    config: dict[str, Any],
    quantization: Quantization,
    sidecars: Sidecars | None = None,
    checkpoint: Checkpoint | None = None,
) -> Source:
    """`sidecars` are those of a checkpoint; a published shape or dimensions have none. Of `checkpoint` what sees is counted, too."""
    model = describe(config, sidecars.path if sidecars else Path(name))
    if model.family in llama.NAMES:
        raise UnsupportedModel(
            "A model built like Llama becomes a graph, for a processor, and has no web file: add --target graph.",
            subject=name,
        )
    model, tokenizer = _fitted(model, sidecars)
    if "=" in name and not sidecars:
        tokenizer = len(synthetic_tokenizer(model.embedding.vocabulary))
    towers = Towers.of(checkpoint, model) if checkpoint else None
    sized = _planned(model, tokenizer, quantization, towers)
    return Source(
        name=name,
        parameters=weight_count(weights_of(model)) + (towers.parameter_count if towers else 0),
        context=model.context,
        dimensions=Dimensions.of(model),
        quantization=str(quantization),
        download=sized.download,
        tensors=sized.tensors,
        on_demand=sized.on_demand,
        sized=lambda other: _planned(model, tokenizer, other, towers),
        approximate=UNMEASURED if model.residual_streams > 1 else SEES if towers else None,
    )


def _checkpoint(path: Path, quantization: Quantization | None, pictures: bool) -> Source:
    checkpoint, sidecars = open_checkpoint(path)
    if quantization is None and isinstance(checkpoint, GgufCheckpoint):
        quantization = suited(OpenedCheckpoint.open(path).weights)
    seeing = checkpoint if pictures else None
    return _of_config(str(path), checkpoint.config, quantization or ALL_INT8, sidecars, seeing)


def _fitted(model: ModelDescription, sidecars: Sidecars | None) -> tuple[ModelDescription, int]:
    """As convert would fit the model to its tokenizer, and bytes of that: the checkpoint's, where it has one, else the family's."""
    if sidecars and sidecars.has_tokenizer:
        tokenizer = sidecars.tokenizer(model.embedding.vocabulary)
        return fit_to_tokenizer(model, tokenizer.pieces), len(tokenizer.model)
    rows = whole_blocks(model.embedding.vocabulary)
    return model.with_vocabulary(rows), usual_tokenizer(model)


def _planned(
    model: ModelDescription, tokenizer: int, quantization: Quantization, towers: Towers | None = None
) -> Sized:
    turns = turns_of(model)
    stops = [1, 5]  # any two below 128: what counts is how many bytes they take
    parameters = LlmParameters(
        transformer_parameters=transformer_parameters(model),
        vocab_size=model.embedding.vocabulary,
        start_token_id=2,
        stop_tokens=["<eos>", *turns.ends],
        stop_token_ids=stops,
    )
    write_turns(parameters, turns)
    tables = tables_of(model, WEB_FILE, None)
    quantization = scales_for(quantization, tables)
    specs, layout = web_layout(
        model, weights_of(model), parameters, bytes(tokenizer), quantization, GenerationConfig(stops), towers=towers
    )
    return Sized(layout.size, specs, tables == "on-demand")


def _published(model: PublishedModel, quantization: Quantization | None) -> Source:
    if quantization is not None:
        raise OnpageError(
            f"{model.id} is published with a fixed quantization: estimate {model.family.architecture} to choose another.",
            subject=model.id,
        )
    known = AS_PUBLISHED.get(model.quantization or "")
    source = _of_config(model.id, shapes()[model.family.architecture].config, known or ALL_INT8)
    changes: dict[str, Any] = {"context": min(source.context, model.family.context)}
    if model.size is not None:
        changes["download"] = model.size
    if source.approximate or model.quantization is None:
        said = model.quantization or "not known"
        changes |= {"approximate": UNKNOWN_TO_US, "quantization": said, "published_size": model.size}
    return replace(source, **changes)


def _web_file(path: Path, quantization: Quantization | None) -> Source:
    if quantization is not None:
        raise OnpageError(f"{path} is quantized already: use its checkpoint folder to choose another.", subject=path)
    file = _opened(path)
    facts = web_file_facts(file)
    model = described(file)
    return Source(
        name=str(path),
        parameters=facts.parameters,
        context=model.context,
        dimensions=Dimensions.of(model),
        quantization=facts.quantization,
        download=path.stat().st_size,
        tensors=list(file.tensors.values()),
        on_demand=file.loads_tables_on_demand,
        sized=lambda _: None,
        approximate=UNMEASURED
        if any(name.startswith(GEMMA3N_TENSORS) for name in file.tensors)
        else SEES
        if "image" in file.modalities
        else None,
    )


def _opened(path: Path) -> WebFile:
    """A web file, or the one in a .litertlm."""
    is_bundle = sniff_file(path) is Format.LITERTLM
    model = LitertlmFile.open(path).model if is_bundle else WebFile.open(path)
    if not isinstance(model, WebFile):
        raise OnpageError(f"{path} holds a LiteRT graph, not a web file: add --target graph.", subject=path)
    if model.lora_rank is not None:
        raise OnpageError(f"{path} is a LoRA adapter: use the model that it is for.", subject=path)
    return model
