"""What a model is, from Python: what its file contains, whether it is whole, what it takes, how well it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from builder.errors import OnpageError
from onpage.arguments import AnyPath, Bits, Progress, quantization_of, silent
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.convert.inspect_gguf import GgufFacts
    from builder.estimate import Estimate
    from builder.formats.inspect_model import ModelFacts
    from builder.reference.evaluate import Evaluation


def inspect(model: AnyPath) -> ModelFacts | GgufFacts:
    """Return what a model file contains: architecture, tensors, quantization, turns, sampling. Reads the header only.

    A GGUF file's facts include what `convert` makes of it, for which the extra `build` is needed. Raises ModelFileError where
    the file is no model that a browser runs, or is damaged; CheckpointError for a GGUF file.
    """
    from builder.formats.inspect_model import inspect_model
    from builder.formats.sniff import is_gguf

    if is_gguf(Path(model)):
        with requires("build"):
            from builder.convert.inspect_gguf import inspect_gguf
        return inspect_gguf(Path(model))

    return inspect_model(Path(model))


def verify(*models: AnyPath, against: AnyPath | None = None, progress: Progress | None = None) -> dict[str, str]:
    """Read every byte of each file and return the sha256 by path. Raises ModelFileError if a file is damaged.

    `against` is the checkpoint, a folder or a GGUF file, that one file was made from: it is compared weight by weight, for which the extra
    `build` is needed. Raises ModelFileError where they differ, UnsupportedModel where they cannot be compared.
    """
    from builder.store.checking import check_files

    if against is not None and len(models) != 1:
        raise OnpageError(f"against compares one file with its checkpoint: expected one file, found {len(models)}.")
    checked = check_files([Path(model) for model in models], progress)
    if against is not None:
        with requires("build"):
            from builder.convert.against import check_against
        check_against(Path(models[0]), Path(against), progress)
    return checked


def estimate(
    model: str,
    *,
    bits: Bits | None = None,
    embedding_bits: Bits | None = None,
    context: int | None = None,
    gpu_memory: int | None = None,
    max_buffer_size: int | None = None,
    pictures: bool = False,
) -> Estimate:
    """Estimate a model's download size and GPU memory, in bytes.

    `model` is a published model's id, a shape, a checkpoint or a web file; `bits` applies to a model that is not quantized
    yet. If a limit is given, in bytes, the estimate says whether it is enough. With `pictures`, what sees of a checkpoint is counted,
    as `convert` would write it. Needs the extra `build`. Raises OnpageError.
    """
    with requires("build"):
        from builder.estimate import Limits
        from builder.estimate import estimate as estimate_model
    chosen = quantization_of(bits or "8", embedding_bits) if bits or embedding_bits else None
    return estimate_model(model, chosen, context, Limits(gpu_memory, max_buffer_size), pictures=pictures)


def evaluate(
    model: AnyPath,
    *,
    against: AnyPath | None = None,
    texts: Sequence[AnyPath] = (),
    tokens: int = 1024,
    precision: Literal["float32", "float16", "int8"] | None = None,
    lora: AnyPath | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure how well a model predicts texts, and how near it is to another, each with its 95 % interval.

    `model` and `against` are web files, checkpoint folders, GGUF files or names of repositories of the Hugging Face hub. Without `texts`
    two of onpage's own are read, up to `tokens` of each. `precision` is how `model` is computed (docs/evaluate.md); `lora` is an adapter file for it.
    Needs the extra `build`. Raises OnpageError.
    """
    with requires("build"):
        from builder.fetch.located import locate
        from builder.reference.evaluated import evaluate_model
    return evaluate_model(
        locate(str(model), silent).path,
        against=None if against is None else locate(str(against), silent).path,
        texts=[Path(text) for text in texts],
        tokens=tokens,
        precision=precision,
        adapter=None if lora is None else Path(lora),
        progress=progress,
    )
