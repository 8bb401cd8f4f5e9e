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
@click.option(
    "-o",
    "--output",
    required=True,
    type=FILE,
    help="The .litertlm or .task file to write. An existing file is replaced.",
)
@click.option("--tokenizer", type=FILE, help="The tokenizer.model of a LiteRT graph. A web file contains its own.")
@click.option("--start-token", metavar="TOKEN", help="The token that starts a text.  [default: the tokenizer's]")
@click.option(
    "--stop-token",
    "stop_tokens",
    multiple=True,
    metavar="TOKEN",
    help="A token that ends an answer. May be repeated.  [default: the model's or the tokenizer's]",
)
@click.option("--prompt-prefix", metavar="TEXT", help=r"Text before the user's message. \n is a new line.")
@click.option("--prompt-suffix", metavar="TEXT", help="Text after the user's message.")
@click.option("--answer-prefix", metavar="TEXT", help="Text before the model's answer.")
@click.option("--answer-suffix", metavar="TEXT", help="Text after the model's answer.")
@click.option("--template", type=FILE, help="A Jinja chat template, such as chat_template.jinja. For .litertlm only.")
@click.option(
    "--family", type=click.Choice(FAMILIES), help="The family of a LiteRT graph. LiteRT-LM chooses its defaults by it."
)
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
    """Pack MODEL, tokenizer and prompt template into one file.

    A .litertlm file runs in LiteRT-LM. Made from a web file, it runs on the GPU in a page. Made from a LiteRT graph (.tflite
    with prefill and decode signatures), it runs on the CPU in a page and natively. A zip .task, made from a graph, runs in
    MediaPipe.

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
    except NotReadableError as error:
        raise BundleError(f"The chat template {template} {error}.", subject=template) from None
    except UnicodeDecodeError:
        raise BundleError(f"The chat template {template} is not a text in UTF-8.", subject=template) from None
