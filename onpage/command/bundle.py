"""`onpage bundle`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from builder.errors import BundleError
from builder.files.reading import NotReadableError, read_bounded
from onpage.command.console import FILE, byte_progress, megabytes, print_facts, print_json, typed_text
from onpage.command.convert import json_option
from onpage.extras import requires

MAX_TEMPLATE = 256 << 10
FAMILIES = ["gemma", "gemma2", "gemma3", "functiongemma3", "gemma3n", "gemma4"]


@click.command()
@click.argument("model", type=FILE)
@click.option("-o", "--output", required=True, type=FILE, help="The .litertlm or .task to write (replaced if there).")
@click.option("--tokenizer", type=FILE, help="tokenizer.model of a LiteRT graph; a web file has its own.")
@click.option("--start-token", metavar="PIECE", help="The piece that begins a text.  [default: the tokenizer's]")
@click.option(
    "--stop-token",
    "stop_tokens",
    multiple=True,
    metavar="PIECE",
    help="A piece that ends an answer; may be given several times.  [default: the model's or the tokenizer's]",
)
@click.option("--prompt-prefix", metavar="TEXT", help=r"Before what the user says; \n is a new line.")
@click.option("--prompt-suffix", metavar="TEXT", help="After it.")
@click.option("--answer-prefix", metavar="TEXT", help="Before what the model says.")
@click.option("--answer-suffix", metavar="TEXT", help="After it.")
@click.option("--template", type=FILE, help="A chat template in Jinja, such as chat_template.jinja (.litertlm only).")
@click.option("--family", type=click.Choice(FAMILIES), help="Of a LiteRT graph; LiteRT-LM's defaults depend on it.")
@json_option
def bundle(
    model: Path,
    output: Path,
    tokenizer: Path | None,
    start_token: str | None,
    stop_tokens: tuple[str, ...],
    prompt_prefix: str | None,
    prompt_suffix: str | None,
    answer_prefix: str | None,
    answer_suffix: str | None,
    template: Path | None,
    family: str | None,
    as_json: bool,
) -> None:
    """Put a MODEL, its tokenizer and its prompt texts into one file.

    A .litertlm is for LiteRT-LM: made of a web file, it runs on the GPU in a page; made of a LiteRT graph (.tflite with
    prefill and decode signatures), on the CPU in a page and natively. A zip .task, made of a graph, is for MediaPipe.

    \b
    Example:
      onpage bundle my-gemma-web.task -o my-gemma.litertlm
      onpage bundle my-gemma.tflite --tokenizer tokenizer.model -o my-gemma.task
    """
    with requires("build"):
        from builder.bundle import open_source, write_bundle
    with byte_progress() as progress:
        source = open_source(model, tokenizer, family, start_token, stop_tokens).in_turns(
            user=(typed_text(prompt_prefix), typed_text(prompt_suffix)),
            model=(typed_text(answer_prefix), typed_text(answer_suffix)),
            jinja=_read(template) if template else None,
        )
        written = write_bundle(output, source, progress)
    if as_json:
        print_json(written.to_json())
        return
    print_facts(
        [
            ("file", str(written.path)),
            ("container", f"{written.container}, {megabytes(written.size)}"),
            *((name, megabytes(size)) for name, size in written.parts.items()),
            ("sha256", written.sha256),
            ("next", f"onpage inspect {shlex.quote(str(written.path))} --summary"),
        ]
    )


def _read(template: Path) -> str:
    try:
        return read_bounded(template, MAX_TEMPLATE).decode()
    except (NotReadableError, UnicodeDecodeError) as error:
        raise BundleError(f"{template} cannot be taken as a chat template: it {error}.", subject=template) from None
