"""`onpage convert --target graph`: the options that only a graph has, and what is said of one."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import click
from click.core import ParameterSource

from builder.formats.tflite_schema import Activations
from builder.model.residual import Asked
from builder.model.turns import AskedTurns
from builder.quantize.scheme import Quantization
from onpage.command.console import byte_progress, megabytes, print_facts, print_json
from onpage.command.vectors import vector_rows
from onpage.extras import requires

QUANTIZATION = ("bits", "embedding_bits", "attention_bits", "feedforward_bits", "scale")
"""Options that a web file leaves no choice of."""


@dataclass(frozen=True)
class GraphOptions:
    """As they were given."""

    activations: Activations
    context: int | None
    prefill: tuple[int, ...]
    smooth: bool | None


def graph_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command --target and the options of a graph, which it gets as `graph`: None where the target is another."""

    @click.option(
        "--target",
        type=click.Choice(["web", "graph"]),
        default="web",
        show_default=True,
        help="web: a file for WebGPU. graph: a LiteRT graph, which also runs on CPUs, as .litertlm, .task or .tflite by the "
        "suffix of the output.",
    )
    @click.option(
        "--activations",
        type=click.Choice(get_args(Activations)),
        default="int8",
        show_default=True,
        help="Activations of a graph on a CPU. float32 is exact. int8 is up to twice as fast, and decides near ties differently.",
    )
    @click.option(
        "--context",
        type=int,
        metavar="TOKENS",
        help="Context of a graph: tokens of prompt and answer.  [default: the model's, at most 2048]",
    )
    @click.option(
        "--prefill",
        type=int,
        multiple=True,
        metavar="TOKENS",
        help="Tokens of a prompt that a graph reads at once. May be repeated.  [default: 32 and 128]",
    )
    @click.option(
        "--smooth/--no-smooth",
        default=None,
        help="Even out the inputs of a graph's 8-bit matrices, which int8 activations round. The model stays the same.  [default: with "
        "int8 activations]",
    )
    @functools.wraps(command)
    def with_graph(
        *,
        target: str,
        activations: Any,
        context: int | None,
        prefill: tuple[int, ...],
        smooth: bool | None,
        **others: Any,
    ) -> None:
        graph = GraphOptions(activations, context, prefill, smooth) if target == "graph" else None
        if graph is None:
            _refuse_options_of_a_graph()
        else:
            _refuse_what_a_graph_has_not()
        command(graph=graph, **others)

    return with_graph


def _refuse_what_a_graph_has_not() -> None:
    if _said("lora"):
        raise _wrong("A graph cannot load an adapter at run time: merge it with --merge-lora.")
    if _said("report") or _said("report_text"):
        raise _wrong("--report needs --target web; onpage evaluate judges a graph.")
    if _said("pictures"):
        raise _wrong("--pictures needs --target web: only MediaPipe takes them.")
    if _said("per_layer_embeddings"):
        raise _wrong("--per-layer-embeddings needs --target web: a graph has no such tables.")


def _refuse_options_of_a_graph() -> None:
    for name in ("activations", "context", "prefill", "smooth"):
        if _said(name):
            raise _wrong(f"--{name} needs --target graph.")


def _said(option: str) -> bool:
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE


def _wrong(sentence: str) -> click.UsageError:
    return click.UsageError(sentence, click.get_current_context())


NOT_OF_AN_ENCODER = (
    "merge_lora",
    "residual_scale",
    "per_layer_embeddings",
    "pictures",
    "smooth",
    "prompt_prefix",
    "prompt_suffix",
    "system_prefix",
    "system_suffix",
    "stop",
    "calibrate",
    "target_size",
    "max_divergence",
    "report",
    "report_text",
)


def graph_of_an_encoder(*, automatic: bool) -> GraphOptions:
    """The options where --target was not said: a model that makes vectors of texts becomes nothing else. UsageError for --bits auto."""
    if automatic:
        raise _wrong("--bits auto is for models that write texts: this one makes vectors of them.")
    return GraphOptions("int8", None, (), None)


def _convert_encoder(
    checkpoint: Path, output: Path, options: GraphOptions, quantization: Quantization, as_json: bool
) -> None:
    """The same for a model that makes vectors of texts."""
    from builder.encoder.convert import convert_encoder

    refused = next(filter(_said, NOT_OF_AN_ENCODER), None)
    if refused:
        raise _wrong(f"{checkpoint} makes vectors of texts and writes none: leave out --{refused.replace('_', '-')}.")
    with byte_progress() as progress:
        written = convert_encoder(
            checkpoint,
            output,
            quantization=quantization,
            activations=options.activations,
            max_tokens=options.context,
            lengths=options.prefill,
            progress=progress,
        )
    if as_json:
        print_json(written.to_json())
        return
    facts = written.facts
    print_facts(
        [
            ("file", str(written.path)),
            ("size", megabytes(written.size)),
            ("model", f"makes vectors of texts; {facts.family}, {(facts.parameters or 0) / 1e6:,.1f} M parameters"),
            ("quantization", f"{facts.quantization}, activations {facts.activations}"),
            *vector_rows(facts),
            *(("note", note) for note in written.notes),
            ("sha256", written.sha256),
            ("time", f"{written.seconds:.1f} s"),
            ("next", f"onpage serve --model MODEL --model {shlex.quote(str(written.path))}"),
        ]
    )


def convert_graph(
    checkpoint: Path,
    output: Path,
    options: GraphOptions,
    quantization: Quantization,
    merge: Path | None,
    turns: AskedTurns,
    residual_scale: Asked,
    as_json: bool,
) -> None:
    """Converts, and shows what came of it."""
    with requires("build"):
        from builder.encoder.convert import is_encoder
        from builder.graph.convert import convert_to_graph
    if is_encoder(checkpoint):
        _convert_encoder(checkpoint, output, options, quantization, as_json)
        return
    with byte_progress() as progress:
        written = convert_to_graph(
            checkpoint,
            output,
            quantization=quantization if any(map(_said, QUANTIZATION)) else None,
            activations=options.activations,
            context=options.context,
            prefill=options.prefill,
            merge=merge,
            turns=turns,
            residual_scale=residual_scale,
            smooth=options.smooth,
            progress=progress,
        )
    if as_json:
        print_json(written.to_json())
        return
    print_facts(
        [
            ("file", str(written.path)),
            ("size", megabytes(written.size)),
            ("container", written.container),
            ("model", f"{written.family}, {written.parameters / 1e6:,.1f} M parameters"),
            ("quantization", f"{written.quantization}, activations {written.activations}"),
            ("context", f"{written.context:,} tokens"),
            ("prefill", f"{', '.join(map(str, written.prefill))} tokens at once"),
            *(("note", note) for note in written.notes),
            ("sha256", written.sha256),
            ("time", f"{written.seconds:.1f} s"),
            ("next", f"onpage inspect {shlex.quote(str(written.path))}"),
        ]
    )
