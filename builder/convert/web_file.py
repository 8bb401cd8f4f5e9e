"""A checkpoint folder → a web file: plan, lay out, stream, verify, rename.

The peak memory is a few bands (see checkpoint.BAND_BYTES), whatever the model's size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from builder import __version__
from builder.checkpoint.folder import Checkpoint, StoredTensor
from builder.checkpoint.stored_types import Rows
from builder.convert.read_back import ReadBack
from builder.convert.write_tensors import Pieces, Weights, write_tensors
from builder.errors import OutputError, TokenizerError, UnsupportedModel
from builder.files.writing import write_beside
from builder.formats.llm_parameters import LlmParameters, PromptAffixes, PromptTemplates
from builder.formats.tflite_schema import TensorType
from builder.formats.web_entries import TensorSpec
from builder.formats.web_file_layout import WebFileLayout
from builder.lora.adapter import Adapter, refuse_an_adapter, refuse_unmerged
from builder.lora.merge import MergedWeights
from builder.model.families import fit_to_tokenizer, plan_model
from builder.model.families.plan import MatrixPlan, ModelPlan, VectorPlan
from builder.model.generation_config import GenerationConfig
from builder.model.tokenizer import Tokenizer
from builder.model.turns import Turns
from builder.quantize.rounding import BLOCK
from builder.quantize.scheme import ALL_INT8, Quantization

MAX_TENSOR = (1 << 31) - 1
"""The size of a tensor is an int32 of the header."""

Progress = Callable[[str, int, int], None]
"""Called with the phase ("write", "verify"), the bytes done and the bytes in all."""


@dataclass(frozen=True)
class WrittenModel:
    """What came of it."""

    path: Path
    size: int
    sha256: str
    family: str
    model_type: str
    parameters: int
    quantization: Quantization
    seconds: float
    left_out: tuple[str, ...] = ()
    """What of the checkpoint is not in the file, on purpose, in words."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path), "quantization": self.quantization.to_json()}


def convert_checkpoint(
    folder: Path,
    output: Path,
    *,
    quantization: Quantization = ALL_INT8,
    merge: Path | None = None,
    progress: Progress | None = None,
) -> WrittenModel:
    """Converts a Hugging Face folder (config.json, *.safetensors, tokenizer.model) to the web file `output`.

    `merge` is the folder of a LoRA adapter that goes into the weights. Raises the errors of builder.errors; `output` is then as it was.
    """
    source = CheckpointSource.open(folder, merge)
    refuse_to_replace_an_input("checkpoint", folder, output)
    if merge is not None:
        refuse_to_replace_an_input("adapter", merge, output)
    generation = GenerationConfig.read(source.checkpoint, source.tokenizer, source.plan.turns)
    conversion = {"checkpoint": source.checkpoint.name, "scale": quantization.scale}
    if merge is not None:
        conversion["merged"] = merge.resolve().name
    written = write_web_file(
        source.plan, source.tokenizer, generation, source.weights, output, quantization, progress, conversion
    )
    return replace(written, left_out=source.left_out)


@dataclass(frozen=True)
class CheckpointSource:
    """A checkpoint, what it is to become, and its weights."""

    checkpoint: Checkpoint
    tokenizer: Tokenizer
    plan: ModelPlan
    weights: Weights
    left_out: tuple[str, ...]
    """What the web file has no place for, and need not have."""

    @classmethod
    def open(cls, folder: Path, merge: Path | None) -> CheckpointSource:
        """Opens a checkpoint, with the LoRA adapter in the folder `merge` merged into it. Raises the errors of builder.errors."""
        if merge is None:
            refuse_an_adapter(folder)
        checkpoint = Checkpoint.open(folder)
        plan = plan_model(checkpoint.config, folder / "config.json").named_as_in(checkpoint.tensors)
        refuse_unmerged(checkpoint)
        stored = _CheckpointWeights(checkpoint, plan)
        weights = MergedWeights(stored, plan, Adapter.open(merge), folder) if merge else stored
        tokenizer = Tokenizer.of_checkpoint(folder, plan.vocab_size)
        rows, plan = plan.vocab_size, fit_to_tokenizer(plan, tokenizer.pieces)
        left_out = []
        if stored.left_out:
            left_out.append(f"the text part only; {len(stored.left_out)} vision tensors left out")
        if rows > plan.vocab_size:
            left_out.append(
                f"{rows - plan.vocab_size} rows of the embedding that the tokenizer has no piece for left out"
            )
        return cls(checkpoint, tokenizer, plan, weights, tuple(left_out))


def write_web_file(
    plan: ModelPlan,
    tokenizer: Tokenizer,
    generation: GenerationConfig,
    weights: Weights,
    output: Path,
    quantization: Quantization,
    progress: Progress | None = None,
    conversion: dict[str, str] | None = None,
) -> WrittenModel:
    """Streams the planned tensors into `output`, in one pass over the weights. `conversion` notes what it was made of."""
    started = time.monotonic()
    parameters = llm_parameters(plan, tokenizer, generation.stop_ids)
    largest = max(plan.tensors, key=_largest_bytes)
    if _largest_bytes(largest) > MAX_TENSOR:
        raise UnsupportedModel(
            f"{largest.source} is too large for the web format: its tensors have at most {MAX_TENSOR:,} bytes.",
            subject=largest.source,
        )
    specs, layout = web_layout(plan, parameters, tokenizer.model, quantization, generation, conversion)
    report = _Reporter(progress, layout.size)
    with (
        write_beside(output, layout.size) as part,
        ReadBack(part.path, report.phase("verify")) as read_back,
        ThreadPoolExecutor(1, "onpage-sync") as pool,
    ):
        pieces = Pieces(part, report.phase("write"))
        for offset, data in ((0, layout.header), *layout.blobs):
            pieces.write(offset, data)
        write_tensors(plan, quantization, weights, layout.offsets, pieces, read_back.complete)
        synced = pool.submit(part.sync)  # the disk works while the rest is read back from memory
        sha256 = read_back.finish(layout.size, specs, pieces.checksum)
        synced.result()
    return WrittenModel(
        path=output,
        size=layout.size,
        sha256=sha256,
        family=plan.family,
        model_type=plan.model_type.name,
        parameters=plan.parameters,
        quantization=quantization,
        seconds=round(time.monotonic() - started, 3),
    )


def web_layout(
    plan: ModelPlan,
    parameters: LlmParameters,
    tokenizer: bytes,
    quantization: Quantization,
    generation: GenerationConfig,
    conversion: dict[str, str] | None = None,
) -> tuple[list[TensorSpec], WebFileLayout]:
    """The tensors of the web file, and where all of it goes: known before a weight is read."""
    _refuse_what_no_block_divides(plan, quantization)
    specs = [spec for tensor in plan.tensors for spec in tensor_specs(tensor, quantization)]
    notes = {"context_length": plan.context_length, "written_by": f"onpage {__version__}"} | generation.notes()
    if conversion:
        notes["conversion"] = conversion
    return specs, WebFileLayout.of(plan.model_type, parameters, tokenizer, specs, notes)


def llm_parameters(plan: ModelPlan, tokenizer: Tokenizer, stop_ids: list[int]) -> LlmParameters:
    """The metadata that says what the model is, how a text starts and ends, and how a turn is written."""
    if not plan.vocab_size - BLOCK < len(tokenizer.pieces) <= plan.vocab_size:
        raise TokenizerError(
            f"{tokenizer.path} has {len(tokenizer.pieces):,} pieces, but the embedding has {plan.vocab_size:,} rows: "
            f"take the tokenizer that belongs to this checkpoint.",
            subject=tokenizer.path,
        )
    if tokenizer.start_id < 0:
        raise TokenizerError(f"{tokenizer.path} has no begin-of-text piece: Gemma needs one.", subject=tokenizer.path)
    parameters = LlmParameters(
        transformer_parameters=plan.transformer,
        vocab_size=plan.vocab_size,
        start_token_id=tokenizer.start_id,
        stop_tokens=[tokenizer.pieces[i] for i in stop_ids],
        stop_token_ids=stop_ids,
    )
    if all(tokenizer.id_of(end) is not None for end in plan.turns.ends[:1]):
        write_turns(parameters, plan.turns)
    return parameters


def write_turns(parameters: LlmParameters, turns: Turns) -> None:
    """Puts the turns into a file's parameters, in both of the places that they have there."""
    question = turns.question
    parameters.prompt_template = PromptAffixes(prompt_prefix=question.prefix, prompt_suffix=question.suffix)
    sides = {"user": turns.user, "model": turns.model, "system": turns.system}
    parameters.prompt_templates = PromptTemplates(
        **{
            side: PromptAffixes(prompt_prefix=turn.prefix, prompt_suffix=turn.suffix)
            for side, turn in sides.items()
            if turn is not None
        }
    )


def refuse_to_replace_an_input(what: str, folder: Path, output: Path) -> None:
    """OutputError where `output` is a file of the folder that is read."""
    if output.exists() and any(output.samefile(path) for path in folder.iterdir()):
        raise OutputError(f"{output} is part of the {what}: choose another file for the result.", subject=output)


class _CheckpointWeights:
    def __init__(self, checkpoint: Checkpoint, plan: ModelPlan) -> None:
        self.checkpoint, self.plan = checkpoint, plan
        # all are looked up before anything is written, so that a missing one costs no time
        self.stored = {
            tensor.name: checkpoint.require(
                tensor.source, (tensor.n, tensor.k) if isinstance(tensor, MatrixPlan) else (tensor.size,)
            )
            for tensor in plan.tensors
        }
        self._refuse_what_would_be_left_out()

    def _refuse_what_would_be_left_out(self) -> None:
        """Weights that the plan has no place for would be dropped in silence: biases, adapters, layers beyond the config."""
        tensors = self.checkpoint.tensors
        more = tensors.keys() - {stored.name for stored in self.stored.values()}
        self.left_out = {name for name in more if name.startswith(self.plan.left_out)}
        extra = sorted(more - self.left_out)
        head = self.plan.naming.tied_head
        if head in extra and self._is_embedding(tensors[head]):
            extra.remove(head)
        if extra:
            raise UnsupportedModel(
                f"{tensors[extra[0]].file} holds {len(extra)} tensors that the {self.plan.family} model of this config.json does "
                f"not have, such as {extra[0]}: check config.json, and merge adapters first.",
                subject=extra[0],
            )

    def _is_embedding(self, head: StoredTensor) -> bool:
        embedding = self.checkpoint.tensors[self.plan.embedding.source]
        if (head.shape, head.dtype) != (embedding.shape, embedding.dtype):
            return False
        pairs = zip(self.checkpoint.bands(head), self.checkpoint.bands(embedding), strict=True)
        return all(np.array_equal(ours, theirs) for (_, ours), (_, theirs) in pairs)

    def bands(self, tensor: MatrixPlan | VectorPlan) -> Iterator[tuple[int, Rows]]:
        stored = self.stored[tensor.name]
        if isinstance(tensor, MatrixPlan):  # the plan may want fewer rows than there are
            stored = replace(stored, shape=(tensor.n, tensor.k))
        return self.checkpoint.stored_bands(stored, BLOCK)


class _Reporter:
    """Turns numbers of bytes into calls of Progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total = progress, total

    def phase(self, name: str) -> Callable[[int], None]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if self.progress:
                self.progress(name, done, self.total)

        return advance


def _largest_bytes(tensor: MatrixPlan | VectorPlan) -> int:
    """At 8 bits, so that the limit does not depend on the bits chosen."""
    return 4 * tensor.size if isinstance(tensor, VectorPlan) else max(tensor.k * tensor.n, 4 * tensor.n)


def _refuse_what_no_block_divides(plan: ModelPlan, quantization: Quantization) -> None:
    for tensor in plan.tensors:
        if isinstance(tensor, MatrixPlan):
            scheme = quantization.scheme(tensor.role)
            if tensor.k % (scheme.block or 1):
                raise UnsupportedModel(
                    f"{tensor.source} has {tensor.k:,} inputs, which blocks of {scheme.block} do not divide: choose a "
                    f"scheme without blocks for its role, {tensor.role}.",
                    subject=tensor.source,
                )


def tensor_specs(tensor: MatrixPlan | VectorPlan, quantization: Quantization) -> list[TensorSpec]:
    """A vector as it is; a matrix as its values, their sums, and the scales."""
    if isinstance(tensor, VectorPlan):
        return [TensorSpec(tensor.name, TensorType.FLOAT32, 4 * tensor.size)]
    scheme = quantization.scheme(tensor.role)
    packed = TensorType.INT8 if scheme.bits == 8 else TensorType.INT4
    scales = tensor.n * tensor.k // (scheme.block or tensor.k)
    return [
        TensorSpec(f"{tensor.name}.w", packed, tensor.k * tensor.n * scheme.bits // 8),
        TensorSpec(f"{tensor.name}.w.sum_i", TensorType.INT32, 4 * tensor.n),
        TensorSpec(f"{tensor.name}.w_quantized_scale", TensorType.FLOAT32, 4 * scales),
    ]
