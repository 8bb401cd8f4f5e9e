"""`onpage serve` with `--peer PATH` for each model of the peers: the program that `onpage bench` starts to measure them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from builder.store import Store
from builder.store.choosing import choose
from onpage import command
from onpage.bench.peers.peer_models import PeerModel
from onpage.bench.peers.serving import with_peers
from onpage.command.console import FILE
from onpage.command.serve import serve
from onpage.serving import slices_of
from webapp.paths import SHIPPED
from webapp.serve import serve as run_server


def main() -> None:
    """The program of the server's process."""

    @click.command(params=[*serve.params, click.Option(["--peer", "peers"], multiple=True, type=FILE)])
    def serve_with_peers(
        models: tuple[str, ...],
        peers: tuple[Path, ...],
        slices: tuple[str | int, ...],
        host: str,
        allowed_hosts: tuple[str, ...],
        **options: Any,
    ) -> None:
        store, found = Store.open(), [PeerModel.read(path) for path in peers]
        hosts = (*allowed_hosts, host)
        chosen = [choose(model, store, SHIPPED) for model in models]
        options |= {"allowed_hosts": allowed_hosts, "slices": slices_of(slices, store)}
        run_server(chosen, host, wrap=lambda app: with_peers(app, found, hosts), **options)

    command.cli.add_command(serve_with_peers, "serve")
    command.main()
