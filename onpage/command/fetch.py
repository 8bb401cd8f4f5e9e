"""`onpage fetch`."""

from __future__ import annotations

import shlex
from typing import Any

import click

from builder.store import Store
from onpage.command.console import byte_progress, megabytes, print_facts, print_json, say
from onpage.command.convert import json_option


@click.command()
@click.argument("source", metavar="ID")
@click.option(
    "--token",
    metavar="TOKEN",
    help="Hugging Face token; others on this machine may see it here.  [default: HF_TOKEN, else that of `hf auth login`]",
)
@click.option("--revision", metavar="NAME", help="A branch, tag or commit of the repository.  [default: the newest]")
@click.option(
    "--id", "model_id", metavar="NAME", help="The name to give it.  [default: ID, or made of the file's name]"
)
@click.option("--sha256", metavar="HEX", help="Refuse a file with another sha256; for addresses that publish one.")
@click.option("--replace", is_flag=True, help="Look for a newer one even if this is stored, and take its place.")
@click.option(
    "--retries", type=click.IntRange(0, 1000), default=6, show_default=True, help="Failures in a row to bear."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be fetched: size, licence, whether there is room.")
@json_option
def fetch(source: str, dry_run: bool, as_json: bool, **wanted: Any) -> None:
    """Fetch a model into the store. Goes on where an earlier run stopped, and checks the sha256.

    ID is one that onpage models lists, org/repo/file of a Hugging Face repository, or an https address. Most Gemma models
    are for those who have accepted their licence: the command says where, and what to do.

    \b
    Example:
      onpage fetch gemma3-1b-int4 --dry-run
      onpage fetch gemma3-1b-int4
      onpage fetch litert-community/Gemma3-1B-IT/gemma3-1b-it-int8-web.task --id my-1b
    """
    from builder.fetch.fetching import Fetch, Wanted

    asked = Wanted(source, id=wanted.pop("model_id"), **wanted)
    with byte_progress() as progress:
        fetching = Fetch(asked, Store.open(), say)
        done = fetching.plan() if dry_run else fetching.run(progress)
    if as_json:
        print_json(done.to_json())
    else:
        print_facts(_plan_rows(done.to_json()) if dry_run else _rows(done.to_json()))


def _plan_rows(plan: dict[str, Any]) -> list[tuple[str, str]]:
    here = "yes" if plan["stored"] else f"{megabytes(plan['kept'])} of it" if plan["kept"] else "no"
    room = "enough" if plan["has_room"] else "not enough"
    gate = "yes, and open to you" if plan["gated"] else "no"
    return [
        ("id", plan["id"]),
        ("source", plan["source"]),
        ("revision", plan["revision"] or "none"),
        ("size", megabytes(plan["size"]) if plan["size"] else "not said"),
        ("licence", plan["licence"] or "not said"),
        ("gated", plan["refusal"] or gate),
        ("here", here),
        ("free", f"{megabytes(plan['free'])} in {plan['store']}, {room}"),
    ]


def _rows(fetched: dict[str, Any]) -> list[tuple[str, str]]:
    seconds, received = fetched["seconds"], fetched["received"]
    came = f"{megabytes(received)} in {seconds:.1f} s, {received / 1e6 / max(seconds, 0.001):,.1f} MB/s"
    return [
        ("id", fetched["id"]),
        ("model", " ".join(filter(None, (fetched["family"], fetched["quantization"]))) or fetched["file"]),
        ("size", megabytes(fetched["size"])),
        ("licence", fetched["licence"] or "not said"),
        ("revision", fetched["revision"] or "none"),
        ("sha256", f"{fetched['sha256']}, as published" if fetched["revision"] else fetched["sha256"]),
        ("fetched", came if received else "nothing: it is stored already"),
        ("next", f"onpage serve --model {shlex.quote(fetched['id'])}"),
    ]
