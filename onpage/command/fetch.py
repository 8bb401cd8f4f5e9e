"""`onpage fetch`."""

from __future__ import annotations

import shlex
from typing import Any

import click

from builder.store import Store
from onpage.command.console import byte_progress, megabytes, print_facts, print_json, say
from onpage.command.convert import json_option
from onpage.extras import requires


@click.command()
@click.argument("source", metavar="ID")
@click.option(
    "--token",
    metavar="TOKEN",
    help="Hugging Face token. Other users of this machine can see it in the process list.  [default: HF_TOKEN, else the "
    "token of `hf auth login`]",
)
@click.option("--revision", metavar="NAME", help="A branch, tag or commit of the repository.  [default: the newest]")
@click.option("--id", "model_id", metavar="NAME", help="The id in the store.  [default: ID, or from the file's name]")
@click.option("--sha256", metavar="HEX", help="The sha256 that the file must have.")
@click.option(
    "--replace",
    is_flag=True,
    help="Take ID anew where it is stored: its newest version, or another model of the same id; of a checkpoint, convert it again.",
)
@click.option(
    "--retries",
    type=click.IntRange(0, 1000),
    default=6,
    show_default=True,
    metavar="N",
    help="Give up after N failures in a row.",
)
@click.option("--dry-run", is_flag=True, help="Show size, licence and free space, and download nothing.")
@json_option
def fetch(source: str, dry_run: bool, as_json: bool, **wanted: Any) -> None:
    """Download a model into the store.

    ID is an id of `onpage models`, org/repo/file of a Hugging Face repository, or an https address. An interrupted download
    resumes, and the sha256 is checked. GGUF files and other checkpoints go through `onpage convert`. For most Gemma models you must accept a licence first: the command says where. Of a model
    that runs on the processor alone (SmolLM2, Qwen, Llama, MiniLM), the checkpoint is downloaded and converted.

    \b
    Example:
      onpage fetch gemma3-1b-int4 --dry-run
      onpage fetch gemma3-1b-int4
      onpage fetch smollm2-135m
      onpage fetch minilm-l6
      onpage fetch litert-community/Gemma3-1B-IT/gemma3-1b-it-int8-web.task --id my-1b
    """
    from builder.fetch.fetching import Fetch, Wanted
    from builder.model.catalog import checkpoint_named

    if checkpoint_named(source):
        _make_graph(source, dry_run, as_json, **wanted)
        return
    asked = Wanted(source, id=wanted.pop("model_id"), **wanted)
    with byte_progress() as progress:
        fetching = Fetch(asked, Store.open(), say)
        done = fetching.plan() if dry_run else fetching.run(progress)
    if as_json:
        print_json(done.to_json())
    else:
        print_facts(_plan_rows(done.to_json()) if dry_run else _rows(done.to_json()))


def _make_graph(
    source: str,
    dry_run: bool,
    as_json: bool,
    *,
    model_id: str | None,
    sha256: str | None,
    replace: bool,
    **options: Any,
) -> None:
    """Of a checkpoint of the catalog."""
    if sha256 is not None:
        raise click.UsageError(
            f"{source} is converted on this machine: no sha256 is known of it. Leave --sha256 out.",
            click.get_current_context(),
        )
    with requires("build"):
        from builder.convert.catalog_model import CatalogModel
    making = CatalogModel.named(source, Store.open(), say, id=model_id, **options)
    if dry_run:
        plan = making.plan().to_json()
        print_json(plan) if as_json else print_facts(_plan_rows(plan))
        return
    with byte_progress() as progress:
        made = making.run(progress, replace=replace).to_json()
    if as_json:
        print_json(made)
        return
    left_out = ("sha256", "revision")
    print_facts([row for row in _rows(made | {"revision": None}) if row[0] not in left_out])


def _plan_rows(plan: dict[str, Any]) -> list[tuple[str, str]]:
    here = "yes" if plan["stored"] else f"{megabytes(plan['kept'])} of it" if plan["kept"] else "no"
    room = "enough" if plan["has_room"] else "not enough"
    gate = "yes, and open to you" if plan["gated"] else "no"
    return [
        ("id", plan["id"]),
        ("source", plan["source"]),
        ("revision", plan["revision"] or "none"),
        ("size", megabytes(plan["size"]) if plan["size"] else "not said"),
        *([("becomes", plan["becomes"].format(megabytes(plan["graph"])))] if "graph" in plan else []),
        ("licence", plan["licence"] or "not said"),
        ("gated", plan["refusal"] or gate),
        ("here", here),
        ("free", f"{megabytes(plan['free'])} in {plan['store']}, {room}"),
    ]


def _rows(fetched: dict[str, Any]) -> list[tuple[str, str]]:
    seconds, received = fetched["seconds"], fetched["received"]
    beside = "--model demo " if fetched["kind"] == "embedding" else ""  # the page needs one that writes
    came = f"{megabytes(received)} in {seconds:.1f} s, {received / 1e6 / max(seconds, 0.001):,.1f} MB/s"
    return [
        ("id", fetched["id"]),
        (
            "model",
            " ".join(filter(None, (fetched["name"] or fetched["family"], fetched["quantization"]))) or fetched["file"],
        ),
        ("size", megabytes(fetched["size"])),
        ("licence", fetched["licence"] or "not said"),
        ("revision", fetched["revision"] or "none"),
        ("sha256", f"{fetched['sha256']}, as published" if fetched["revision"] else fetched["sha256"]),
        ("fetched", came if received else "nothing: it is stored already"),
        ("next", f"onpage serve {beside}--model {shlex.quote(fetched['id'])}"),
    ]
