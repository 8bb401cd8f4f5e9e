"""`onpage serve`."""

from __future__ import annotations

from pathlib import Path

import click

from onpage.command.console import FILE


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="ID-OR-FILE",
    help="A stored model or a model file to offer; several are offered in this order. A comma joins files with the same "
    "weights, one for each engine.  [default: demo]",
)
@click.option(
    "--lora",
    "loras",
    multiple=True,
    type=FILE,
    help="A LoRA adapter of one of the models, made with onpage convert --lora; may be given several times.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Browsers give WebGPU to localhost only.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Another name to answer to, behind a proxy with HTTPS; may be given several times.  [default: localhost only]",
)
def serve(
    models: tuple[str, ...], loras: tuple[Path, ...], host: str, port: int, allowed_hosts: tuple[str, ...]
) -> None:
    """Serve the page. Prompts never leave the browser.

    With several models the page has a picker; the first is the one it begins with. demo is the model that ships with
    onpage, onpage models lists the others. A web file needs WebGPU; with a graph beside it the page works without.

    \b
    Example:
      onpage serve
      onpage serve --model gemma3-1b-int4 --model demo
      onpage serve --model my-gemma-web.task --port 8080
      onpage serve --model my-gemma-web.task,my-gemma-graph.litertlm
      onpage serve --model my-gemma-web.task --lora my-adapter-web.bin
    """
    from builder.store import Store
    from builder.store.choosing import choose
    from webapp.paths import SHIPPED
    from webapp.serve import serve as run

    store = Store.open()
    run(
        [choose(model, store, SHIPPED) for model in models],
        host=host,
        port=port,
        loras=loras,
        allowed_hosts=allowed_hosts,
    )
