"""`onpage convert`."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from builder.files.reading import shown
from builder.model.residual import Asked, is_residual_scale
from builder.model.turns import AskedTurns
from builder.quantize.scheme import Quantization
from onpage.command.bits import bits_are_chosen, quantization_options
from onpage.command.console import (
    FILE,
    FileOrName,
    byte_progress,
    megabytes,
    print_facts,
    print_json,
    say,
    step_progress,
    typed_text,
)
from onpage.command.evaluation_rows import show_evaluation
from onpage.command.graph import GraphOptions, convert_graph, graph_of_an_encoder, graph_options
from onpage.command.mixed_bits import (
    TextOptions,
    refuse_for_a_graph,
    refuse_without_auto,
    said,
    show_mix,
    text_options,
)
from onpage.command.per_layer import on_demand_row
from onpage.command.residual import residual_row
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.convert.web_file import WrittenModel
    from builder.fetch.located import Located
    from builder.formats.web_model import PerLayerTables
    from builder.lora.adapter_file import WrittenAdapter
    from builder.model.opened import OpenedCheckpoint
    from builder.reference.report import Report

NOT_OF_AN_ADAPTER = (
    "scale",
    "calibrate",
    "target_size",
    "max_divergence",
    "residual_scale",
    "per_layer_embeddings",
    "pictures",
    "report",
    "report_text",
    "prompt_prefix",
    "prompt_suffix",
    "system_prefix",
    "system_suffix",
    "stop",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
output_option = click.option(
    "-o", "--output", required=True, type=FILE, help="The file to write. An existing file is replaced."
)


class Residual(click.ParamType[float | Literal["bound"]]):
    """1, 1/2, 1/4 … or the same as decimals; or "bound"."""

    name = "factor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Literal["bound"]:
        """As click has it."""
        if value == "bound":
            return "bound"
        found = re.fullmatch(r"(?:1/)?(\d{1,9}(?:\.\d{1,30})?)", str(value), re.ASCII)
        number = float(found[1]) if found else 0.0
        factor = 1 / number if number and str(value).startswith("1/") else number
        if not is_residual_scale(factor):
            self.fail(f"{shown(value)}: expected a power of two up to 1, such as 1/16, or bound.", param, ctx)
        return factor


def turn_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options that set a model's turns, which it gets as `turns`."""

    @click.option(
        "--prompt-prefix",
        metavar="TEXT",
        help=r"Text before the user's message. \n is a new line.  [default: from the checkpoint's chat template]",
    )
    @click.option("--prompt-suffix", metavar="TEXT", help="Text between the user's message and the model's answer.")
    @click.option(
        "--system-prefix",
        metavar="TEXT",
        help="Text before a system message.  [default: from the chat template; Gemma's has no system turn]",
    )
    @click.option("--system-suffix", metavar="TEXT", help="Text after a system message.")
    @click.option(
        "--stop",
        multiple=True,
        metavar="TOKEN",
        help="A token that ends an answer. May be repeated; replaces all others.  [default: from the chat template, config.json "
        "and generation_config.json]",
    )
    @functools.wraps(command)
    def with_turns(
        *,
        prompt_prefix: str | None,
        prompt_suffix: str | None,
        system_prefix: str | None,
        system_suffix: str | None,
        stop: tuple[str, ...],
        **others: Any,
    ) -> None:
        texts = map(typed_text, (prompt_prefix, prompt_suffix, system_prefix, system_suffix))
        prefix, suffix, before, after = texts
        command(turns=AskedTurns(prefix, suffix, stop, before, after), **others)

    return with_turns


@click.command()
@click.argument("checkpoint", type=FileOrName())
@output_option
@click.option(
    "--file", metavar="NAME", help="The GGUF file to convert, if the repository on the Hugging Face hub has several."
)
@click.option(
    "--token",
    metavar="TOKEN",
    help="Hugging Face token. Other users of this machine can see it in the process list.  [default: HF_TOKEN, else the "
    "token of `hf auth login`]",
)
@functools.partial(quantization_options, automatic=True)
@click.option(
    "--lora",
    metavar="ADAPTER",
    help="Convert this LoRA adapter instead of the model, to a small file that the page switches on and off. CHECKPOINT is "
    "then the base model or its web file.",
)
@click.option("--merge-lora", metavar="ADAPTER", help="Merge this LoRA adapter into the weights.")
@text_options
@turn_options
@click.option(
    "--residual-scale",
    type=Residual(),
    metavar="FACTOR",
    help="Multiply the residual stream by this power of two, such as 1/16, so that it fits into float16 (at most 65,504), in which GPUs "
    "compute; or bound: by what the weights allow at most, as the page converts.  [default: measured on a short text]",
)
@click.option(
    "--per-layer-embeddings",
    type=click.Choice(["on-demand", "static"]),
    help="Where the tables of the layers of a Gemma 3n or 4 are while it runs: on-demand keeps them out of the GPU, in the page's memory, "
    "and looks up the rows of a text's tokens.  [default: on-demand; static in a .litertlm]",
)
@click.option(
    "--pictures",
    is_flag=True,
    help="Convert what sees, too (Gemma 3 of 4B and more, Gemma 3n): pictures go in. Of a Gemma 3 the engine's attention within one is not the "
    "model's own, and what that costs is not known.",
)
@click.option(
    "--report",
    is_flag=True,
    help="Print the quantization error of each tensor, and its effect on two built-in texts.",
)
@click.option(
    "--report-text",
    type=FILE,
    help="A text for --report instead of the built-in ones, in UTF-8. Its first 1,024 tokens are used.",
)
@graph_options
@json_option
def convert(
    checkpoint: str,
    output: Path,
    file: str | None,
    token: str | None,
    quantization: Quantization | None,
    by_text: TextOptions,
    turns: AskedTurns,
    graph: GraphOptions | None,
    lora: str | None,
    merge_lora: str | None,
    residual_scale: Asked,
    per_layer_embeddings: PerLayerTables | None,
    pictures: bool,
    report: bool,
    report_text: Path | None,
    as_json: bool,
) -> None:
    """Convert a checkpoint into a model for the browser.

    CHECKPOINT is a Gemma 1 to 4 or 3n or, for --target graph, a Gemma 1 to 3 or a model built like Llama (SmolLM2, Qwen): a
    Hugging Face folder with config.json, .safetensors files (BF16, F16 or F32) and tokenizer.model or tokenizer.json; a GGUF file;
    or a repository of the Hugging Face hub with either, such as google/gemma-3-270m-it@main. From a repository, only the needed files
    are downloaded, once. ADAPTER may be a repository, too. Q4_0 of a GGUF file becomes q4_0 without rounding again. Of a model that
    sees or hears, only the text part is converted, unless --pictures asks for more. 8 bits stay close to the checkpoint; 4 bits halve the download and lose quality. A
    model that compares texts (BERT, EmbeddingGemma) becomes a graph, a .litertlm, without --target.

    \b
    Example:
      onpage convert my-gemma-270m -o my-gemma-270m-web.task --bits 8 --embedding-bits q4_0 --calibrate
      onpage convert my-gemma-270m -o my-gemma-270m-web.task --bits auto --target-size 215MB
      onpage convert gemma-3-270m-it --lora my-adapter -o my-adapter-web.bin
      onpage convert gemma-3-270m-it --merge-lora my-adapter -o merged-web.task
      onpage convert gemma-3-1b-it-q4_0.gguf -o gemma-3-1b-web.task
      onpage convert google/gemma-3-270m-it -o gemma-270m-web.task
      onpage convert my-gemma-270m --target graph -o my-gemma-270m.litertlm
      onpage convert sentence-transformers/all-MiniLM-L6-v2 -o minilm.litertlm
    """
    if lora is not None:
        _refuse_what_an_adapter_has_not(merge_lora)
    if quantization is not None:
        refuse_without_auto()
    if graph is not None:
        refuse_for_a_graph(quantization is None)
    base, adapter, merge = _located(checkpoint, output, lora, merge_lora, file, token)
    if graph is None and lora is None and _makes_vectors(base.path):
        graph = graph_of_an_encoder(automatic=quantization is None)
    if graph is not None:
        assert quantization is not None
        convert_graph(
            base.path, output, graph, quantization, merge.path if merge else None, turns, residual_scale, as_json
        )
        return
    if adapter is not None:
        with requires("build"):
            from builder.lora.adapter_file import convert_adapter
        _show_adapter(convert_adapter(base.path, adapter.path, output), base.path, as_json)
        return
    with requires("build"):
        from builder.convert.mixed import mixed_bits
        from builder.convert.web_file import convert_opened
        from builder.model.opened import OpenedCheckpoint
        from builder.reference.evaluate import read_text
        from builder.reference.report import report_on
    by_text.refuse_a_folder()
    if report_text:
        read_text(report_text)  # what is wrong with it is known before the work
    opened = OpenedCheckpoint.complete(base.path, merge.path if merge else None, turns, pictures=pictures)
    calibration = by_text.calibration(opened, automatic=quantization is None)
    with byte_progress() as progress:
        mix = None
        if quantization is None:
            assert calibration is not None
            mix = mixed_bits(
                opened,
                output,
                calibration,
                target_size=by_text.target_size,
                max_divergence=by_text.max_divergence,
                origin=base.origin,
                merged=merge.origin if merge else None,
                tables=per_layer_embeddings,
                progress=progress,
            )
        written = convert_opened(
            opened,
            output,
            quantization=mix.chosen.quantization if mix else _with_defaults(quantization, opened),
            mix=mix,
            origin=base.origin,
            merged=merge.origin if merge else None,
            residual_scale=residual_scale,
            calibration=calibration,
            tables=per_layer_embeddings,
            progress=progress,
        )
    if not (report or report_text):
        show_written(written, as_json)
        return
    with step_progress() as progress:
        cost = report_on(output, opened, texts=[report_text] if report_text else [], progress=progress)
    if as_json:
        print_json(written.to_json() | {"report": cost.to_json()})
        return
    show_written(written, as_json)
    _show_report(cost)


def _makes_vectors(checkpoint: Path) -> bool:
    with requires("build"):
        from builder.encoder.convert import is_encoder
    return is_encoder(checkpoint)


def _located(
    checkpoint: str, output: Path, lora: str | None, merge_lora: str | None, file: str | None, token: str | None
) -> tuple[Located, Located | None, Located | None]:
    """The three where they are here, or fetched from the hub."""
    from builder.fetch.located import locate, names_a_repository
    from builder.model.families import describe, makes_vectors

    def check(config: dict[str, Any], path: Path) -> None:
        if lora is not None or not makes_vectors(config):
            describe(config, path)
            return
        with requires("build"):
            from builder.encoder.convert import refuse_another_suffix
        refuse_another_suffix(output)

    if file is not None and not names_a_repository(checkpoint):
        raise click.UsageError(
            f"--file is for a repository of the hub: {checkpoint} is not one's name.", click.get_current_context()
        )
    with byte_progress() as progress:
        base = locate(checkpoint, say, file=file, token=token, check=check, progress=progress)
        adapter, merge = (
            None if name is None else locate(name, say, token=token, progress=progress) for name in (lora, merge_lora)
        )
    return base, adapter, merge


def _with_defaults(quantization: Quantization | None, opened: OpenedCheckpoint) -> Quantization:
    """As it was given, and where it was not, as it suits the checkpoint."""
    from builder.convert.from_quantized import suited

    if quantization is None or not bits_are_chosen():
        quantization = suited(opened.weights, quantization)
    return quantization if said("scale") else quantization.with_best_scales()


def _show_report(report: Report) -> None:
    width = max(len(tensor.source) for tensor in report.tensors)
    click.echo(f"\n{'tensor':{width}}  {'quantization':21}  {'error':>7}  {'signal to noise':>15}")
    for tensor in report.tensors:
        click.echo(
            f"{tensor.source:{width}}  {tensor.scheme:21}  {tensor.relative_error:7.2%}  {tensor.decibels:12.1f} dB"
        )
    click.echo()
    print_facts([("error of all weights", f"{report.relative_error:.2%} of their root mean square")])
    show_evaluation(report.quality)


def _refuse_what_an_adapter_has_not(merge_lora: str | None) -> None:
    context = click.get_current_context()
    if merge_lora is not None:
        raise click.UsageError(
            "--lora writes only the adapter, --merge-lora the whole model: choose one of them.", context
        )
    said = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    option = next((name for name in said if name.endswith("bits") or name in NOT_OF_AN_ADAPTER), None)
    if option:
        raise click.UsageError(
            f"--lora writes only the adapter, in float16: leave out --{option.replace('_', '-')}.", context
        )


def _show_adapter(written: WrittenAdapter, base: Path, as_json: bool) -> None:
    if as_json:
        print_json(written.to_json())
        return
    model = shlex.quote(str(base)) if base.is_file() else "MODEL-web.task"
    print_facts(
        [
            ("file", str(written.path)),
            ("size", megabytes(written.size)),
            ("adapter", f"LoRA of rank {written.rank} for {written.model_type}, {written.modules} modules"),
            ("trained for", written.trained_for or "not said"),
            ("sha256", written.sha256),
            ("next", f"onpage serve --model {model} --lora {shlex.quote(str(written.path))}"),
        ]
    )


def show_written(written: WrittenModel, as_json: bool, *, served: bool = True) -> None:
    """The result of convert and synth; `served` where the page can run it."""
    if as_json:
        print_json(written.to_json())
        return
    if written.mix:
        show_mix(written.mix)
    print_facts(
        [
            ("file", str(written.path)),
            ("size", megabytes(written.size)),
            ("model", f"{written.family} ({written.model_type}), {written.parameters / 1e6:,.1f} M parameters"),
            ("quantization", str(written.quantization)),
            *([("residual stream", residual_row(written.residual_scale, None))] if written.residual_scale != 1 else []),
            *([("per-layer embeddings", on_demand_row(written.on_demand))] if written.on_demand else []),
            *(("note", note) for note in (*written.left_out, *written.notes)),
            ("sha256", written.sha256),
            ("time", f"{written.seconds:.1f} s"),
            *([("next", f"onpage serve --model {shlex.quote(str(written.path))}")] if served else []),
        ]
    )
