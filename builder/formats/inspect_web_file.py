"""What is in a web file, for people and programs. Reads the header and the metadata only, and trusts neither."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import proto

from builder.formats.llm_parameters import LlmParameters, ModelType
from builder.formats.pictures import Pictures, pictures_in
from builder.formats.tflite_schema import TensorType
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import PICTURES, TensorEntry, are_halves
from builder.model.residual import FLOAT16_MAX, fits_float16
from builder.quantize.scheme import described

EMBEDDINGS = ("params.lm.softmax.logits_ffn.", "transformer.embedder.")
MARKS = {
    "residual streams": (".altup.", ".laurel."),
    "attention": (".self_attention.", ".attn."),
    "experts": (".mlp1.",),
    "feedforward": (".ff_layer.", ".mlp.", ".mlp2."),
}
"""Part of a layer → what is in the names of its tensors."""
PER_LAYER = ".per_layer_"
"""In the names of the table of each layer, and of the matrices around what it gives."""


@dataclass(frozen=True)
class Tokens:
    """How a text begins and ends."""

    vocabulary: int
    start_id: int | None
    stop_ids: list[int]
    stop_tokens: list[str]
    start_token: str | None = None
    """The begin as a text, where a bundle names it so."""


MAX_NAME = 200
MAX_TOKENIZER = 32 << 20
"""Bytes that are looked through for a piece; Gemma 3's tokenizer has 4.7 MB."""

GEMMA_TURN, GEMMA4_TURN = b"<start_of_turn>", b"<|turn>"
"""Pieces that tell how a file is asked which does not say it."""


@dataclass(frozen=True)
class SystemTurn:
    """Text before and after what the system says."""

    prefix: str
    suffix: str


@dataclass(frozen=True)
class PromptTemplate:
    """Text before and after what the user says; the engine adds neither."""

    prefix: str
    suffix: str
    system: SystemTurn | None = None
    """None where the file shows no turn of the system."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All of it, in no order that means anything."""
        return (self.prefix, self.suffix, *((self.system.prefix, self.system.suffix) if self.system else ()))


GEMMA4_TURNS = PromptTemplate("<|turn>user\n", "<turn|>\n<|turn>model\n", SystemTurn("<|turn>system\n", "<turn|>\n"))
"""As in builder.model.families, which needs more than reading a file does."""


@dataclass(frozen=True)
class Sampling:
    """What the model's authors recommend; None where the file does not say."""

    temperature: float | None
    top_k: int | None

    @classmethod
    def noted_in(cls, file: WebFile) -> Sampling:
        """What a web file's notes say."""
        return cls(file.noted_number("temperature", float, 0, 10), file.noted_number("top_k", int, 1, 1 << 20))


@dataclass(frozen=True)
class WebFileFacts:
    """Everything that `onpage inspect` shows."""

    path: Path
    size: int
    container: str
    model_type: str
    family: str
    backend: str
    context_length: int | None
    parameters: int
    """Number of weights."""
    quantization: str
    """As people say it: int4, or "int4, embedding int8", or "int4 in blocks of 32"; see scheme.described. Matrices of float16, which a model
    with per-layer embeddings has beside, are not named."""
    dimensions: dict[str, Any]
    """TransformerParameters as the file has them."""
    tokens: Tokens
    prompt_template: PromptTemplate | None
    sampling: Sampling
    parts: dict[str, int]
    """Bytes by part: embedding, per-layer embeddings, attention, feedforward, norms, tokenizer, header and padding."""
    tensors: list[TensorEntry]
    written_by: str | None
    conversion: dict[str, str]
    """What onpage converted: the checkpoint's name, an adapter that was merged, the choice of scales, the text of the calibration."""
    lora_rank: int | None = None
    """Of a LoRA adapter, whose dimensions are those of the model it is for; None for a model."""
    has_sums: bool = False
    """Whether the file holds sums of its own parts, by which damage is found."""
    trained_for: str | None = None
    """The model that an adapter names as its base."""
    residual_scale: float = 1.0
    """What the residual stream was multiplied with, so that float16 holds it."""
    largest_residual: float | None = None
    """The largest value of that stream, as scaled, in a pass over a short text; None where the file does not say."""
    modalities: tuple[str, ...] = ("text",)
    """What goes in: text, image, audio."""
    residual_bound: float | None = None
    """What no text brings that stream beyond; None where the file does not say."""
    float16_limit: float = FLOAT16_MAX
    """The largest value of that stream with which an engine in float16 computes rightly."""
    on_demand: int = 0
    """Bytes of the layers' own tables that stay out of the GPU while the model runs."""
    problem: str | None = None
    """Why the engine would write wrong text with it; None where nothing is known against it."""
    pictures: Pictures | None = None
    """How pictures go in; None where none do, or the file does not say."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        fits = fits_float16(self.largest_residual, self.residual_bound, self.float16_limit)
        facts = asdict(self) | {"path": str(self.path), "fits_float16": fits}
        for tensor in facts["tensors"]:
            tensor["type"] = TensorType.name_of(tensor["type"])
        return facts


def inspect_web_file(path: Path) -> WebFileFacts:
    """Reads the facts of a web file; WebFileError where it is not a sound one."""
    return web_file_facts(WebFile.open(path))


def web_file_facts(file: WebFile) -> WebFileFacts:
    """The facts of an opened web file."""
    p, pictures = file.parameters, pictures_in(file)
    return WebFileFacts(
        path=file.path,
        size=file.size,
        container="TFL3",
        model_type=ModelType.name_of(file.model_type),
        family=ModelType.family_of(file.model_type),
        backend=file.backend,
        context_length=file.context_length,
        parameters=sum(map(_values, file.tensors.values())) + (pictures.parameters if pictures else 0),
        quantization=_quantization(file),
        dimensions=proto.Message.to_dict(
            p.transformer_parameters, use_integers_for_enums=False, always_print_fields_with_no_presence=False
        ),
        tokens=Tokens(p.vocab_size, p.start_token_id, list(p.stop_token_ids), list(p.stop_tokens)),
        prompt_template=prompt_template_of(p) or _turns_by_pieces(file),
        sampling=Sampling.noted_in(file),
        parts=_parts(file),
        tensors=list(file.tensors.values()),
        written_by=_text(file, "written_by"),
        conversion=_conversion(file),
        lora_rank=file.lora_rank,
        has_sums=file.sums_offset is not None,
        trained_for=_text(file, "trained_for"),
        residual_scale=file.residual_scale,
        largest_residual=file.largest_residual,
        residual_bound=file.residual_bound,
        float16_limit=file.float16_limit,
        modalities=file.modalities,
        on_demand=file.on_demand,
        problem=file.problem,
        pictures=pictures,
    )


def prompt_template_of(parameters: LlmParameters) -> PromptTemplate | None:
    """The texts around a question, from either of the places that they have in LlmParameters, and the system's turn."""
    user, model, whole = parameters.prompt_templates.user, parameters.prompt_templates.model, parameters.prompt_template
    said = parameters.prompt_templates.system
    prefix = whole.session_prefix + (user.prompt_prefix or whole.prompt_prefix)
    suffix = user.prompt_suffix + model.prompt_prefix if user.prompt_prefix else whole.prompt_suffix
    system = SystemTurn(said.prompt_prefix, said.prompt_suffix) if said.prompt_prefix else None
    return PromptTemplate(prefix, suffix, system) if prefix or suffix else None


def _turns_by_pieces(file: WebFile) -> PromptTemplate | None:
    """For a file that says no turns: Gemma 4's, or no text at all, where its tokenizer shows that they are not Gemma 1 to 3's; else None."""
    if file.lora_rank is not None or file.tokenizer_size > MAX_TOKENIZER:
        return None
    pieces = file.tokenizer()
    if GEMMA_TURN in pieces:
        return None
    return GEMMA4_TURNS if GEMMA4_TURN in pieces else PromptTemplate("", "")


def _text(file: WebFile, key: str) -> str | None:
    """A text of the notes, None where there is none that can be shown."""
    value = file.notes.get(key)
    return value if isinstance(value, str) and value.isprintable() else None


def _conversion(file: WebFile) -> dict[str, str]:
    """What the notes say that the file was made of; a hostile file may say anything, so only short texts are taken."""
    noted = file.notes.get("conversion")
    found = noted if isinstance(noted, dict) else {}
    return {
        key: value
        for key in ("checkpoint", "revision", "merged", "scale", "calibrated on", "pictures")
        if isinstance(value := found.get(key), str) and value.isprintable() and 0 < len(value) <= MAX_NAME
    }


def _values(tensor: TensorEntry) -> int:
    """Number of weights in a tensor; scales and sums belong to a matrix and are none, and a graph has its own count."""
    if tensor.name.endswith((".sum_i", "_quantized_scale")) or tensor.name in PICTURES:
        return 0
    if are_halves(tensor):
        return tensor.size // 2
    known: dict[int, int] = {TensorType.INT4: 4, TensorType.INT8: 8, TensorType.FLOAT16: 16}
    bits = known.get(tensor.type, 32)
    return tensor.size * 8 // bits


def _part(name: str) -> str:
    if name in PICTURES:
        return "what sees"
    if name.endswith(".scale"):
        return "norms"
    if PER_LAYER in name:
        return "per-layer embeddings"
    if name.startswith(EMBEDDINGS):
        return "embedding"
    return next((part for part, marks in MARKS.items() if any(mark in name for mark in marks)), "other")


def _parts(file: WebFile) -> dict[str, int]:
    parts: Counter[str] = Counter()
    for tensor in file.tensors.values():
        parts[_part(tensor.name)] += tensor.size
    parts["tokenizer"] = file.tokenizer_size
    parts["header and padding"] = file.size - sum(parts.values())
    return dict(parts)


def _quantization(file: WebFile) -> str:
    if file.lora_rank is not None:
        return "float16"
    found: dict[str, set[str]] = {}
    for tensor in file.tensors.values():
        if tensor.name.endswith(".w") and not are_halves(tensor):
            matrix = file.matrix(tensor.name.removesuffix(".w"))
            found.setdefault(_part(tensor.name), set()).add(
                str(matrix.scheme) if matrix else TensorType.name_of(tensor.type)
            )
    return described({part: "/".join(sorted(names)) for part, names in found.items()})
