"""Gemma in a web page, from Python: build it, serve it, measure it.

    import onpage

    onpage.convert("my-gemma", "my-gemma-web.task", bits="4", embedding_bits="8")
    print(onpage.inspect("my-gemma-web.task").to_json())
    onpage.serve("my-gemma-web.task")

Each function does what the command of the same name does, and returns what that command prints. `measure`, `compare`,
`compare_interleaved` and `report` belong to `onpage bench`. Importing this package is cheap: a function imports what it needs when
it is called. If an extra is missing, the error names it. Paths are strings or `pathlib.Path`. All expected failures raise
`onpage.OnpageError`, whose text is one sentence for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from builder import __version__
from builder.errors import OnpageError
from onpage.arguments import AnyPath, Progress, Say, silent
from onpage.extras import requires
from onpage.measuring import compare, compare_interleaved, measure, report
from onpage.tuning import tune

if TYPE_CHECKING:
    from flask import Flask

    from builder.bundle import WrittenBundle
    from builder.convert.inspect_gguf import GgufFacts
    from builder.convert.web_file import WrittenModel
    from builder.encoder.convert import WrittenEncoder
    from builder.estimate import Estimate
    from builder.fetch.located import Located
    from builder.formats.inspect_model import ModelFacts
    from builder.graph.convert import WrittenGraph
    from builder.lora.adapter_file import WrittenAdapter
    from builder.quantize.scheme import Quantization
    from builder.reference.evaluate import Evaluation
    from builder.store import Store, StoredModel
    from onpage.privacy.audit import Audit
    from webapp.export.write import WrittenSite
    from webapp.served_models import Source

__all__ = [
    "OnpageError",
    "Store",
    "__version__",
    "audit",
    "bundle",
    "compare",
    "compare_interleaved",
    "convert",
    "convert_embedder",
    "convert_graph",
    "convert_lora",
    "create_app",
    "estimate",
    "evaluate",
    "export",
    "fetch",
    "inspect",
    "measure",
    "report",
    "serve",
    "synthesize",
    "tune",
    "verify",
]

Bits = Literal["8", "4", "q4_0"]
"""Bits per weight. "q4_0" is 4 bits with one scale per 32 inputs; "8" and "4" have one scale per output."""
Scale = Literal["max", "mse", "weighted"]
"""How a scale is chosen: by the largest weight, by the smallest squared error of the weights, or by that of the outputs on a text."""


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
    a pass over a few tokens shows to be needed, or "bound" for what the weights show, without a pass. Needs the extra `build`. Raises CheckpointError, UnsupportedModel, TokenizerError, FetchError or OutputError.
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
    opened = OpenedCheckpoint.complete(base.path, merge.path if merge else None)
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
            progress=progress,
        )
        quantization = mix.chosen.quantization
    else:
        quantization = _quantization(bits or "8", embedding_bits, attention_bits, feedforward_bits, scale or "max")
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
        progress=progress,
    )


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
        quantization=None if bits is None else _quantization(bits),
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
        quantization=_quantization(bits),
        activations=activations,
        max_tokens=max_tokens,
        progress=progress,
    )


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
    return write(shape, Path(output), quantization=_quantization(bits, embedding_bits), seed=seed)


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


def verify(*models: AnyPath, progress: Progress | None = None) -> dict[str, str]:
    """Read every byte of each file and return the sha256 by path. Raises ModelFileError if a file is damaged."""
    from builder.store.checking import check_files

    return check_files([Path(model) for model in models], progress)


def estimate(
    model: str,
    *,
    bits: Bits | None = None,
    embedding_bits: Bits | None = None,
    context: int | None = None,
    gpu_memory: int | None = None,
    max_buffer_size: int | None = None,
) -> Estimate:
    """Estimate a model's download size and GPU memory, in bytes.

    `model` is a published model's id, a shape, a checkpoint or a web file; `bits` applies to a model that is not quantized
    yet. If a limit is given, in bytes, the estimate says whether it is enough. Needs the extra `build`. Raises OnpageError.
    """
    with requires("build"):
        from builder.estimate import Limits
        from builder.estimate import estimate as estimate_model
    chosen = _quantization(bits or "8", embedding_bits) if bits or embedding_bits else None
    return estimate_model(model, chosen, context, Limits(gpu_memory, max_buffer_size))


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


def create_app(
    *models: AnyPath,
    loras: Sequence[AnyPath] = (),
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    store: Store | None = None,
) -> Flask:
    """Return the page and its models as a Flask application, for your own WSGI server.

    Each of `models` is a value of `onpage serve --model`: a file, the id of a stored model, or several joined by commas. Without
    any, the demo model is served. `loras` are adapter files. The host of a request must be localhost or one of `allowed_hosts`;
    pages of `allowed_origins`, such as "https://example.org", may load from here.
    Raises OnpageError for a missing or wrong file.
    """
    from webapp.app import Config
    from webapp.app import create_app as create
    from webapp.paths import DEMO

    chosen = _chosen(models, store) or [DEMO]
    return create(Config(chosen, [Path(lora) for lora in loras], tuple(allowed_hosts), tuple(allowed_origins)))


def serve(
    *models: AnyPath,
    host: str = "127.0.0.1",
    port: int = 8000,
    loras: Sequence[AnyPath] = (),
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    store: Store | None = None,
) -> None:
    """Serve the page until Ctrl-C, and print its address. Takes the arguments of `create_app`; port 0 chooses a free port."""
    from webapp.serve import serve as run

    paths = [Path(lora) for lora in loras]
    chosen, hosts, origins = _chosen(models, store), tuple(allowed_hosts), tuple(allowed_origins)
    run(chosen, host, port, loras=paths, allowed_hosts=hosts, allowed_origins=origins)


def export(
    folder: AnyPath,
    *models: AnyPath,
    loras: Sequence[AnyPath] = (),
    part_size: int | None = None,
    replace: bool = False,
    allowed_origin: str = "",
    store: Store | None = None,
    progress: Progress | None = None,
) -> WrittenSite:
    """Write the page and its models into `folder`, as files for any host of files, whole or not at all.

    `models` and `loras` are those of `create_app`. A model is written in files of at most `part_size` bytes (24 MB). An earlier export
    is replaced; a folder with other content only with `replace`. Pages of `allowed_origin` (`*` for all) may load from the site where its
    host sends the headers that are written. Raises OutputError, OriginError where that is none, or as `create_app` does.
    """
    from webapp.export.write import PART_SIZE
    from webapp.export.write import export as write
    from webapp.paths import DEMO

    return write(
        Path(folder),
        _chosen(models, store) or [DEMO],
        [Path(lora) for lora in loras],
        part_size=PART_SIZE if part_size is None else part_size,
        replace=replace,
        allowed_origin=allowed_origin,
        progress=progress,
    )


def audit(url: str, *, browser: AnyPath | None = None, seconds: float = 120, say: Say = silent) -> Audit:
    """Use a deployed page of onpage in every task, in a browser, and return what was sent; `findings` is empty where nothing leaves.

    An answer is stopped after `seconds`. `say` is called with what is being done. Needs the extra `bench`. Raises BenchError.
    """
    with requires("bench"):
        from onpage.privacy.audit import audit as look
    return look(url, browser=None if browser is None else Path(browser), seconds=seconds, say=say)


def _located(named: AnyPath, progress: Progress | None = None) -> Located:
    """A path, or what is fetched of the repository of that name. What the transfer says of its retries is not shown."""
    from builder.fetch.located import locate

    return locate(str(named), silent, progress=progress)


def _quantization(
    bits: Bits,
    embedding: Bits | None = None,
    attention: Bits | None = None,
    feedforward: Bits | None = None,
    scale: Scale = "max",
) -> Quantization:
    from builder.quantize.scheme import Quantization

    return Quantization.of(bits, embedding=embedding, attention=attention, feedforward=feedforward, scale=scale)


def _chosen(models: Sequence[AnyPath], store: Store | None) -> list[tuple[Source, ...]]:
    from builder.store import Store
    from builder.store.choosing import choose
    from webapp.paths import SHIPPED

    opened = store or Store.open()
    return [choose(str(model), opened, SHIPPED) for model in models]


def __getattr__(name: str) -> Any:
    if name == "Store":
        from builder.store import Store

        return Store
    raise AttributeError(f"module 'onpage' has no attribute {name!r}")
