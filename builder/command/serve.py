"""`onpage serve`."""

from __future__ import annotations

from pathlib import Path

import click

from builder.command.console import FILE


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    type=FILE,
    help="A web file to offer; may be given several times.  [default: the demo model]",
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
def serve(models: tuple[Path, ...], host: str, port: int, allowed_hosts: tuple[str, ...]) -> None:
    """Serve the page. Prompts never leave the browser.

    \b
    Example:
      onpage serve
      onpage serve --model my-gemma-web.task --port 8080
    """
    from webapp.serve import serve as run

    run(list(models), host=host, port=port, allowed_hosts=allowed_hosts)
