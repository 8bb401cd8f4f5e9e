"""Model files, from Python: converted, quantized, packed, made up, downloaded. The face of `builder`; defaults are those of the commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from builder.errors import OnpageError
from onpage.arguments import AnyPath, Bits, Progress, Say, Scale, quantization_of, silent
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.bundle import WrittenBundle
    from builder.convert.web_file import WrittenModel
    from builder.encoder.convert import WrittenEncoder
    from builder.fetch.located import Located
    from builder.graph.convert import WrittenGraph
    from builder.lora.adapter_file import WrittenAdapter
    from builder.slice.write import WrittenSlice
    from builder.store import Store, StoredModel


def convert(
    checkpoint: AnyPath,
    output: AnyPath,
    *,
    bits: Bits | Literal["auto"] | None = None,
    embedding_bits: Bits | None = None,
    attention_bits: Bits | None = None,
    feedforward_bits: Bits | None = None,
    target_size: int | None = None,
    max_divergence: float | None = None,
    scale: Scale | None = None,
    calibrate: AnyPath | bool = False,
    merge_lora: AnyPath | None = None,
    residual_scale: float | Literal["bound"] | None = None,
    per_layer_embeddings: Literal["on-demand", "static"] | None = None,
    pictures: bool = False,
    progress: Progress | None = None,
) -> WrittenModel:
    """Convert a checkpoint to the web file `output`, which is replaced completely or not at all.

    `checkpoint` is a Hugging Face folder, a GGUF file, or the name of a repository of the Hugging Face hub that has either
    (owner/name, owner/name/file.gguf, either with @revision); what is needed of it is downloaded once. `bits` is for every
    matrix that has no option of its own; with none of the four it is "8", or "q4_0" for what a GGUF file has as Q4_0, which then
    goes over as it is. `scale` is "weighted" at 4 bits and "max" at 8 where it is not given. `calibrate` quantizes layer by layer with
    a text: a file of yours, True for a built-in one, or "self" for one that the model writes first; it keeps more of the model and takes longer. With `bits` "auto", 8 bits and q4_0
    are mixed: the best file of at most `target_size` bytes, or the smallest whose predicted divergence is at most `max_divergence` nats
    a token (0.1); it is always calibrated, and the result's `mix` has the candidates. `merge_lora` is a LoRA adapter, a folder or a
    repository, that goes into the weights; `residual_scale` a power of two that the residual stream is multiplied with instead of what
    a pass over a few tokens shows to be needed, or "bound" for what the weights show, without a pass. `per_layer_embeddings` is where the
    tables of the layers of a Gemma 3n or 4 are while it runs; docs/families.md has the default. With `pictures`, what sees is converted,
    too, of a Gemma 3 or 3n that has it; docs/senses.md says what then differs. Needs the extra `build`. Raises CheckpointError, UnsupportedModel,
    TokenizerError, FetchError or OutputError.
    """
    with requires("build"):
        from builder.calibrate.own_text import OwnText
        from builder.calibrate.prepare import Calibration, CalibrationText
        from builder.convert.from_quantized import suited
        from builder.convert.mixed import mixed_bits
        from builder.convert.web_file import convert_opened
        from builder.model.opened import OpenedCheckpoint
    if bits == "auto" and (embedding_bits or attention_bits or feedforward_bits or scale):
        raise OnpageError('bits="auto" chooses for itself: leave the bits of the parts and scale out.')
    if bits != "auto" and (target_size is not None or max_divergence is not None):
        raise OnpageError('target_size and max_divergence need bits="auto".')
    if target_size is not None and max_divergence is not None:
        raise OnpageError("target_size and max_divergence both choose the bits: leave one of them out.")
    base = _located(checkpoint, progress)
    merge = None if merge_lora is None else _located(merge_lora, progress)
    opened = OpenedCheckpoint.complete(base.path, merge.path if merge else None, pictures=pictures)
    calibration: CalibrationText | None = None
    if calibrate == "self":
        calibration = OwnText(opened)
    elif calibrate is not False:
        calibration = Calibration() if calibrate is True else Calibration(Path(calibrate))
    mix = None
    if bits == "auto":
        calibration = calibration or Calibration()
        mix = mixed_bits(
            opened,
            Path(output),
            calibration,
            target_size=target_size,
            max_divergence=max_divergence,
            origin=base.origin,
            merged=merge.origin if merge else None,
            tables=per_layer_embeddings,
            progress=progress,
        )
        quantization = mix.chosen.quantization
    else:
        quantization = quantization_of(bits or "8", embedding_bits, attention_bits, feedforward_bits, scale or "max")
        if not (bits or embedding_bits or attention_bits or feedforward_bits):
            quantization = suited(opened.weights, quantization)
        if scale is None:
            quantization = quantization.with_best_scales()
    return convert_opened(
        opened,
        Path(output),
        quantization=quantization,
        mix=mix,
        origin=base.origin,
        merged=merge.origin if merge else None,
        residual_scale=residual_scale,
        calibration=calibration,
        tables=per_layer_embeddings,
        progress=progress,
    )


def convert_lora(base: AnyPath, adapter: AnyPath, output: AnyPath) -> WrittenAdapter:
    """Convert a LoRA adapter to a file that a page loads in addition to a model.

    `base` is the checkpoint that the adapter was trained on, or its web file; it and `adapter` may be repositories of the hub, as
    for `convert`. Needs the extra `build`. Raises CheckpointError, UnsupportedModel, FetchError or OutputError.
    """
    with requires("build"):
        from builder.lora.adapter_file import convert_adapter
    return convert_adapter(_located(base).path, _located(adapter).path, Path(output))


def convert_graph(
    checkpoint: AnyPath,
    output: AnyPath,
    *,
    bits: Bits | None = None,
    activations: Literal["int8", "float32"] = "int8",
    context: int | None = None,
    merge_lora: AnyPath | None = None,
    progress: Progress | None = None,
) -> WrittenGraph:
    """Write a checkpoint, or a web file, as a LiteRT graph, which runs on a processor: `output` ends with .tflite, .litertlm or .task.

    A web file goes over value for value, so `bits` and `merge_lora` are for checkpoints. `context` is in tokens, prompt and answer
    together. Needs the extra `build`. Raises as `convert` does.
    """
    with requires("build"):
        from builder.graph.convert import convert_to_graph
    return convert_to_graph(
        _located(checkpoint, progress).path,
        Path(output),
        quantization=None if bits is None else quantization_of(bits),
        activations=activations,
        context=context,
        merge=None if merge_lora is None else _located(merge_lora, progress).path,
        progress=progress,
    )


def convert_embedder(
    checkpoint: AnyPath,
    output: AnyPath,
    *,
    bits: Bits = "8",
    activations: Literal["int8", "float32"] = "int8",
    max_tokens: int | None = None,
    progress: Progress | None = None,
) -> WrittenEncoder:
    """Write a model that makes vectors of texts, a sentence-transformers folder or its repository, as a .litertlm for a processor.

    BERT (MiniLM, BGE, E5) or EmbeddingGemma. `max_tokens` of a text, by default the model's and at most 512. Needs the extra `build`.
    Raises CheckpointError, UnsupportedModel, TokenizerError or OutputError.
    """
    with requires("build"):
        from builder.encoder.convert import convert_encoder as convert
    return convert(
        _located(checkpoint, progress).path,
        Path(output),
        quantization=quantization_of(bits),
        activations=activations,
        max_tokens=max_tokens,
        progress=progress,
    )


def slice_checkpoint(
    checkpoint: AnyPath,
    output: AnyPath,
    *,
    to: Literal["E2B"] | None = None,
    target_params: int | None = None,
    layers: Sequence[int] | None = None,
    ffn: int | Sequence[int] | None = None,
    progress: Progress | None = None,
) -> WrittenSlice:
    """Cut a smaller model out of a Gemma 3n, a folder or the name of a repository, and write it as the folder `output`; of a web file, as
    the web file `output`.

    What is kept is said by `to`, by `target_params` (without the tables of the vocabulary), or by `layers` and `ffn`: the width of
    every feed-forward, or one for each layer that is kept. Needs the extra `build`. Raises CheckpointError, UnsupportedModel, FetchError
    or OutputError.
    """
    with requires("build"):
        from builder.slice.mixes import kept_of
        from builder.slice.source import SliceSource
    source = SliceSource.open(_located(checkpoint, progress).path)
    widths = [ffn] if isinstance(ffn, int) else ffn
    kept, _ = kept_of(source.whole, to=to, target=target_params, layers=layers, widths=widths)
    return source.write(Path(output), kept, progress)


def bundle(model: AnyPath, output: AnyPath, *, tokenizer: AnyPath | None = None) -> WrittenBundle:
    """Pack a web file, or a LiteRT graph with its SentencePiece `tokenizer`, into a .litertlm or a zip .task file.

    Needs the extra `build`. Raises BundleError, TokenizerError, ModelFileError or OutputError.
    """
    with requires("build"):
        from builder.bundle import open_source, write_bundle
    return write_bundle(Path(output), open_source(Path(model), None if tokenizer is None else Path(tokenizer)))


def synthesize(
    shape: str, output: AnyPath, *, bits: Bits = "8", embedding_bits: Bits | None = None, seed: int = 0
) -> WrittenModel:
    """Write a web file of `shape` ("gemma3-270m", or dimensions such as "hidden=256,layers=4") with random weights.

    The same arguments give the same bytes. Needs the extra `build`. Raises OnpageError or OutputError.
    """
    with requires("build"):
        from builder.synth.web_file import synthesize as write
    return write(shape, Path(output), quantization=quantization_of(bits, embedding_bits), seed=seed)


def fetch(
    source: str,
    *,
    store: Store | None = None,
    id: str | None = None,
    revision: str | None = None,
    token: str | None = None,
    sha256: str | None = None,
    replace: bool = False,
    progress: Progress | None = None,
    say: Say = silent,
) -> StoredModel:
    """Download a model into the store: an id of `onpage models`, org/repo/file of the hub, or an https address.

    An interrupted download resumes. The file must have the published sha256, or yours. `say` is called with a sentence before
    each retry. Raises FetchError, GatedError (accept the licence first), ModelFileError or StoreError.
    """
    from builder.fetch.fetching import Fetch, Wanted
    from builder.store import Store

    wanted = Wanted(source, revision=revision, id=id, token=token, sha256=sha256, replace=replace)
    return Fetch(wanted, store or Store.open(), say).run(progress).model


def _located(named: AnyPath, progress: Progress | None = None) -> Located:
    """A path, or what is fetched of the repository of that name. What the transfer says of its retries is not shown."""
    from builder.fetch.located import locate

    return locate(str(named), silent, progress=progress)
