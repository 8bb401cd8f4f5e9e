"""`onpage export`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from onpage.command.console import FILE, byte_progress, megabytes, print_facts, print_json
from onpage.command.convert import json_option
from onpage.command.serve import model_options
from onpage.command.sizes import Bytes


@click.command()
@click.argument("folder", type=FILE, metavar="DIR")
@model_options
@click.option(
    "--part-size",
    type=Bytes(),
    default="24MB",
    show_default=True,
    metavar="SIZE",
    help="Models are written in files of at most this size; the page takes them for one. Cloudflare Pages takes 25 MiB, GitHub 100 MB.",
)
@click.option(
    "--allow-origin",
    "allowed_origin",
    default="",
    metavar="ORIGIN",
    help="A page of another address, such as https://example.org, that may load from the site; * for all. It is in the headers for nginx, "
    "Caddy, Netlify and Cloudflare Pages.  [default: none]",
)
@click.option("--replace", is_flag=True, help="Also into a folder with other content, which is deleted.")
@json_option
def export(
    folder: Path,
    models: tuple[str, ...],
    slices: tuple[str | int, ...],
    loras: tuple[Path, ...],
    part_size: int,
    allowed_origin: str,
    replace: bool,
    as_json: bool,
) -> None:
    """Write the page and its models as files, for any host of files.

    DIR gets what onpage serve would serve, a manifest with the sha256 of every file, and the headers for nginx, Caddy, Netlify and
    Cloudflare Pages; it is a Hugging Face Space, too. On a host without headers, such as GitHub Pages, a service worker isolates the page.
    An earlier export in DIR is replaced, whole or not at all.

    \b
    Example:
      onpage export site
      onpage export site --model gemma3-1b-int4 --model demo
      onpage export site --model my-gemma-web.task,my-gemma.litertlm --part-size 95MB
    """
    from builder.store import Store
    from builder.store.choosing import choose
    from onpage.serving import slices_of
    from webapp.export.write import export as write
    from webapp.paths import DEMO, SHIPPED

    store = Store.open()
    chosen = [choose(model, store, SHIPPED) for model in models] or [DEMO]
    with byte_progress() as progress:
        written = write(
            folder,
            chosen,
            loras,
            slices=slices_of(slices, store),
            part_size=part_size,
            allowed_origin=allowed_origin,
            replace=replace,
            progress=progress,
        )
    if as_json:
        print_json(written.to_json())
        return
    rows = [
        (
            str(model["name"]),
            f"{megabytes(sum(file['size'] for file in model['files']))}, licence {_licence(model)}",
        )
        for model in written.models
    ]
    said = written.to_json()
    print_facts(
        [
            ("folder", str(folder)),
            ("files", f"{said['files']}, {megabytes(said['size'])}"),
            ("largest file", f"{said['largest']}, {megabytes(written.files[said['largest']]['size'])}"),
            *rows,
            ("next", f"python -m http.server -d {folder}, or docs/export.md for a host"),
        ]
    )


def _licence(model: Mapping[str, Any]) -> str:
    if model["licence"] is None:
        return "Apache-2.0" if model["demo"] else "not known"
    return str(model["licence"]["name"])
