"""`onpage slice`."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onpage.command.console import FILE, FileOrName, byte_progress, megabytes, print_facts, print_json, print_row, say
from onpage.command.convert import json_option
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.slice.mixes import Mix
    from builder.slice.write import WrittenSlice

MAX_LISTED = 1024
"""Layers that are named at most."""


class Layers(click.ParamType[tuple[int, ...]]):
    """Numbers and ranges of layers: 0-19,25-34."""

    name = "layers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """As numbers, in the order given."""
        found = [re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part.strip(), re.ASCII) for part in str(value).split(",")]
        spans = [(int(one[1]), int(one[2] or one[1])) for one in found if one]
        if len(spans) != len(found) or sum(abs(last - first) + 1 for first, last in spans) > MAX_LISTED:
            self.fail(f"{value!r}: expected numbers and ranges of layers, such as 0-19,25-34.", param, ctx)
        return tuple(itertools.chain(*(range(first, last + 1) for first, last in spans)))


class Widths(click.ParamType[tuple[int, ...]]):
    """A width for all layers, or one for each: 8192, or 8192x20,16384x10."""

    name = "widths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """As numbers, one for all or one for each layer."""
        found = [re.fullmatch(r"(\d{1,9})(?:x(\d{1,4}))?", part.strip(), re.ASCII) for part in str(value).split(",")]
        runs = [(int(one[1]), int(one[2] or 1)) for one in found if one]
        if len(runs) != len(found) or sum(count for _, count in runs) > MAX_LISTED:
            self.fail(
                f"{value!r}: expected a width such as 8192, or one for each layer such as 8192x20,16384x10.", param, ctx
            )
        return tuple(itertools.chain(*([width] * count for width, count in runs)))


class Parameters(click.ParamType[int]):
    """A number of parameters: 2.5B, 900M."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """As a number."""
        found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)([MB])", str(value).strip().upper(), re.ASCII)
        if not found:
            self.fail(f"{value!r}: expected a number of parameters, such as 2.5B or 900M.", param, ctx)
        return int(float(found[1]) * {"M": 10**6, "B": 10**9}[found[2]])


class SizeOfSlice(Parameters):
    """A published slice, or a number of parameters: E2B, 2.5B."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name, or the number."""
        return "E2B" if str(value).strip().upper() == "E2B" else super().convert(value, param, ctx)


@click.command("slice")
@click.argument("checkpoint", type=FileOrName())
@click.option(
    "-o",
    "--output",
    required=True,
    type=FILE,
    help="The folder to write, which must not be there; of a web file the file to write, which is replaced.",
)
@click.option(
    "--to", type=click.Choice(["E2B"], case_sensitive=False), help="The slice of E4B that is published as E2B."
)
@click.option(
    "--target-params",
    type=Parameters(),
    help="The largest slice of at most so many parameters, such as 2.5B. As in the names E2B and E4B, the tables of the "
    "vocabulary do not count. Prints what it chose from.",
)
@click.option("--layers", type=Layers(), help="The layers to keep, such as 0-19,25-34.  [default: all]")
@click.option(
    "--ffn",
    type=Widths(),
    help="The width of each feed-forward, such as 8192, or of one after the other: 8192x20,16384x10.  [default: as it is]",
)
@click.option(
    "--token",
    metavar="TOKEN",
    help="Hugging Face token. Other users of this machine can see it in the process list.  [default: HF_TOKEN, else the "
    "token of `hf auth login`]",
)
@json_option
def slice_(
    checkpoint: str,
    output: Path,
    to: str | None,
    target_params: int | None,
    layers: tuple[int, ...] | None,
    ffn: tuple[int, ...] | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Cut a smaller model out of a Gemma 3n.

    Gemma 3n is trained so that parts of it are models (MatFormer): E2B is E4B without five of its layers and with half of each
    feed-forward. CHECKPOINT is a Hugging Face folder, or a repository of the Hugging Face hub; the folder that is written is one, too,
    with the tokenizer and what sees and hears as it was. CHECKPOINT can also be a web file, whose slice is a web file of the same weights,
    not quantized again. Which layers can be left out: docs/slice.md.

    \b
    Example:
      onpage slice gemma-3n-E4B-it -o gemma-3n-E2B-it --to E2B
      onpage slice gemma-3n-E4B-it -o gemma-3n-small --target-params 2.5B
      onpage slice gemma-3n-E4B-it -o gemma-3n-mine --layers 0-19,25-34 --ffn 8192x20,16384x10
      onpage convert gemma-3n-E2B-it -o gemma-3n-E2B-it-web.task
      onpage slice gemma-3n-E4B-it-web.task -o gemma-3n-E2B-it-web.task --to E2B
    """
    ways = [to is not None, target_params is not None, layers is not None or ffn is not None]
    if sum(ways) != 1:
        raise click.UsageError(
            "Say what to keep: --to E2B, --target-params, or --layers and --ffn.", click.get_current_context()
        )
    with requires("build"):
        from builder.fetch.located import locate
        from builder.slice.mixes import kept_of
        from builder.slice.source import SliceSource
    with byte_progress() as progress:
        path = locate(checkpoint, say, token=token, progress=progress).path
    source = SliceSource.open(path)
    kept, chosen_from = kept_of(source.whole, to=to, target=target_params, layers=layers, widths=ffn)
    with byte_progress() as progress:
        written = source.write(output, kept, progress)
    if as_json:
        print_json(written.to_json() | ({"chosen_from": [mix.to_json() for mix in chosen_from]} if chosen_from else {}))
        return
    _show(written, chosen_from)


def _show(written: WrittenSlice, chosen_from: list[Mix]) -> None:
    if chosen_from:
        print_row("layers", "feed-forward", "effective parameters", "all", "")
    for mix in chosen_from:
        mark = "chosen" if mix.kept == written.kept else ""
        print_row(mix.kept.ranges, mix.kept.runs, billions(mix.effective_parameters), billions(mix.parameters), mark)
    output = shlex.quote(str(written.path))
    then = f"onpage serve --model {output}" if written.sha256 else f"onpage convert {output} -o {output}-web.task"
    print_facts(
        [
            ("file" if written.sha256 else "folder", str(written.path)),
            ("size", megabytes(written.size)),
            ("layers", f"{written.kept.ranges} ({len(written.kept.layers)})"),
            ("feed-forward", written.kept.runs),
            (
                "parameters",
                f"{billions(written.effective_parameters)} without the tables of the vocabulary, {billions(written.parameters)} in all",
            ),
            *(("note", note) for note in written.notes),
            ("time", f"{written.seconds:.1f} s"),
            *([("sha256", written.sha256)] if written.sha256 else []),
            *([] if written.notes else [("next", then)]),
        ]
    )


def billions(count: int) -> str:
    """A number of parameters for people."""
    return f"{count / 1e9:.2f} B" if count >= 10**8 else f"{count / 1e6:.2f} M"
