"""`onpage serve`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from onpage.command.console import FILE
from onpage.command.slice import SizeOfSlice

Command = TypeVar("Command", bound=Callable[..., Any])


def address_options(command: Command) -> Command:
    """Gives a command the options of what a server listens on and answers to: --host, --port and --allow-host."""
    host = click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen on. Over http, browsers allow WebGPU on localhost only.",
    )
    port = click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8000,
        show_default=True,
        metavar="N",
        help="Port to listen on. 0 chooses a free port.",
    )
    allowed_hosts = click.option(
        "--allow-host",
        "allowed_hosts",
        multiple=True,
        metavar="NAME",
        help="A further host name to answer to, such as that of an https proxy. May be repeated.  [default: localhost only]",
    )
    return host(port(allowed_hosts(command)))


def model_options(command: Command) -> Command:
    """Gives a command the options of what a page offers: --model, --slice and --lora."""
    model = click.option(
        "--model",
        "models",
        multiple=True,
        metavar="ID-OR-FILE",
        help="A stored model or a model file. May be repeated; the page offers the models in this order. A comma joins files with "
        "the same weights for different engines.  [default: demo]",
    )
    lora = click.option(
        "--lora",
        "loras",
        multiple=True,
        type=FILE,
        help="A LoRA adapter for one of the models, made with onpage convert --lora. May be repeated.",
    )
    sizes = click.option(
        "--slice",
        "slices",
        multiple=True,
        type=SizeOfSlice(),
        help="Offers a smaller part of each Gemma 3n among the models, too, without a file of its own: E2B of an E4B, or the largest of at "
        "most so many parameters, such as 2.5B. May be repeated. Needs the extra build.  [default: none]",
    )
    return model(sizes(lora(command)))


@click.command()
@model_options
@click.option(
    "--allow-origin",
    "allowed_origins",
    multiple=True,
    metavar="ORIGIN",
    help="A page of another address, such as https://example.org, that may load from here; * for all. May be repeated.  [default: none]",
)
@click.option(
    "--offline/--no-offline",
    default=True,
    show_default=True,
    help="Whether browsers keep the page, so that it opens without this server. With --no-offline they fetch every file anew and "
    "forget the page they kept: for working on its files.",
)
@address_options
def serve(
    models: tuple[str, ...],
    slices: tuple[str | int, ...],
    loras: tuple[Path, ...],
    offline: bool,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...],
    allowed_origins: tuple[str, ...],
) -> None:
    """Serve the page with one or more models.

    Prompts never leave the browser. With several models the page shows a picker and loads the first. The demo model ships
    with onpage; `onpage models` lists others. A web file needs WebGPU. With a graph beside it, the page also works without.

    \b
    Example:
      onpage serve
      onpage serve --model gemma3-1b-int4 --model demo
      onpage serve --model my-gemma-web.task --port 8080
      onpage serve --model my-gemma-web.task,my-gemma-graph.litertlm
      onpage serve --model my-gemma-web.task --lora my-adapter-web.bin
      onpage serve --model gemma-3n-E4B-it-web.task --slice E2B
    """
    from builder.store import Store
    from builder.store.choosing import choose
    from onpage.serving import slices_of
    from webapp.paths import SHIPPED
    from webapp.serve import serve as run

    store = Store.open()
    run(
        [choose(model, store, SHIPPED) for model in models],
        host=host,
        port=port,
        loras=loras,
        slices=slices_of(slices, store),
        allowed_hosts=allowed_hosts,
        allowed_origins=allowed_origins,
        offline=offline,
    )
