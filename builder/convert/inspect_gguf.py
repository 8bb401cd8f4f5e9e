"""What is in a GGUF file: of any architecture, with the reason where onpage does not convert it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.checkpoint.gguf import GgufFile
from builder.convert.from_quantized import suited
from builder.errors import OnpageError
from builder.model.opened import OpenedCheckpoint

LAYERS, WIDTH, CONTEXT = "block_count", "embedding_length", "context_length"
EXPERTS, ACTIVE_EXPERTS = "expert_count", "expert_used_count"


@dataclass(frozen=True)
class GgufTensorFacts:
    """One tensor."""

    name: str
    type: str
    shape: tuple[int, ...]
    offset: int


@dataclass(frozen=True)
class GgufFacts:
    """A GGUF file, or all parts of a split one. What a model has and the file does not say is None."""

    path: Path
    size: int
    """Of all parts."""
    parts: int
    architecture: str | None
    name: str | None
    licence: str | None
    parameters: int
    types: dict[str, int]
    """Type → number of values that have it, the most first."""
    layers: int | None
    width: int | None
    experts: int | None
    """Of a layer; None or 0 where there are none."""
    active_experts: int | None
    """Those that a token is sent to."""
    context_length: int | None
    vocabulary: int | None
    tokenizer: str | None
    chat_template: bool
    stop_tokens: list[str]
    prompt_prefix: str | None
    """As convert would have it; None where it would not."""
    prompt_suffix: str | None
    temperature: float | None
    top_k: int | None
    converts_to: str | None
    """The quantization that onpage convert chooses."""
    problem: str | None
    """Why onpage convert refuses it."""
    tensors: list[GgufTensorFacts]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


def inspect_gguf(path: Path) -> GgufFacts:
    """Reads the header; CheckpointError where it is not sound."""
    file = GgufFile.open(path)
    said, architecture = file.metadata, _text(file.metadata.get("general.architecture"))
    types: Counter[str] = Counter()
    for tensor in file.tensors.values():
        types[tensor.dtype] += tensor.size
    opened, problem = _opened(path)
    tokens = said.get("tokenizer.ggml.tokens")
    question = opened.turns.question if opened else None
    generation = opened.generation if opened else None
    return GgufFacts(
        path=path,
        size=sum(part.stat().st_size for part in file.files),
        parts=len(file.files),
        architecture=architecture,
        name=_text(said.get("general.name")),
        licence=_text(said.get("general.license")),
        parameters=sum(types.values()),
        types=dict(types.most_common()),
        layers=_number(said.get(f"{architecture}.{LAYERS}")),
        width=_number(said.get(f"{architecture}.{WIDTH}")),
        experts=_number(said.get(f"{architecture}.{EXPERTS}")),
        active_experts=_number(said.get(f"{architecture}.{ACTIVE_EXPERTS}")),
        context_length=_number(said.get(f"{architecture}.{CONTEXT}")),
        vocabulary=len(tokens) if isinstance(tokens, list) else None,
        tokenizer=_text(said.get("tokenizer.ggml.model")),
        chat_template="tokenizer.chat_template" in said,
        stop_tokens=[opened.tokenizer.pieces[i] for i in generation.stop_ids] if opened and generation else [],
        prompt_prefix=question.prefix if question else None,
        prompt_suffix=question.suffix if question else None,
        temperature=generation.temperature if generation else None,
        top_k=generation.top_k if generation else None,
        converts_to=str(suited(opened.weights)) if opened else None,
        problem=problem,
        tensors=[GgufTensorFacts(t.name, t.dtype, t.shape, t.offset) for t in file.tensors.values()],
    )


def _opened(path: Path) -> tuple[OpenedCheckpoint | None, str | None]:
    """As convert opens it, or why it does not."""
    try:
        return OpenedCheckpoint.complete(path), None
    except OnpageError as error:
        return None, str(error)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 200 else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
