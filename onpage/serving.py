"""The page, from Python: as a Flask application, served, as files for other hosts, and looked at for what it sends. The face of `webapp`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from onpage.arguments import AnyPath, Progress, Say, silent
from onpage.extras import requires

if TYPE_CHECKING:
    from flask import Flask

    from builder.store import Store
    from onpage.privacy.audit import Audit
    from webapp.export.write import WrittenSite
    from webapp.served_models import Source
    from webapp.served_slices import Slices


def create_app(
    *models: AnyPath,
    loras: Sequence[AnyPath] = (),
    slices: Sequence[str | int] = (),
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    store: Store | None = None,
) -> Flask:
    """Return the page and its models as a Flask application, for your own WSGI server.

    Each of `models` is a value of `onpage serve --model`: a file, the id of a stored model, or several joined by commas. Without
    any, the demo model is served. `loras` are adapter files. `slices` are offered of each Gemma 3n behind it: "E2B", or a number of parameters
    that the slice has at most; they need the extra `build`. The host of a request must be localhost or one of `allowed_hosts`;
    pages of `allowed_origins`, such as "https://example.org", may load from here.
    Raises OnpageError for a missing or wrong file.
    """
    from webapp.app import Config
    from webapp.app import create_app as create
    from webapp.paths import DEMO

    chosen = _chosen(models, store) or [DEMO]
    paths, hosts, origins = [Path(lora) for lora in loras], tuple(allowed_hosts), tuple(allowed_origins)
    return create(Config(chosen, paths, hosts, origins, slices=slices_of(slices, store)))


def serve(
    *models: AnyPath,
    host: str = "127.0.0.1",
    port: int = 8000,
    loras: Sequence[AnyPath] = (),
    slices: Sequence[str | int] = (),
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    store: Store | None = None,
) -> None:
    """Serve the page until Ctrl-C, and print its address. Takes the arguments of `create_app`; port 0 chooses a free port."""
    from webapp.serve import serve as run

    paths = [Path(lora) for lora in loras]
    chosen, hosts, origins = _chosen(models, store), tuple(allowed_hosts), tuple(allowed_origins)
    sliced = slices_of(slices, store)
    run(chosen, host, port, loras=paths, slices=sliced, allowed_hosts=hosts, allowed_origins=origins)


def export(
    folder: AnyPath,
    *models: AnyPath,
    loras: Sequence[AnyPath] = (),
    slices: Sequence[str | int] = (),
    part_size: int | None = None,
    replace: bool = False,
    allowed_origin: str = "",
    store: Store | None = None,
    progress: Progress | None = None,
) -> WrittenSite:
    """Write the page and its models into `folder`, as files for any host of files, whole or not at all.

    `models`, `loras` and `slices` are those of `create_app`. A model is written in files of at most `part_size` bytes (24 MB). An earlier export
    is replaced; a folder with other content only with `replace`. Pages of `allowed_origin` (`*` for all) may load from the site where its
    host sends the headers that are written. Raises OutputError, OriginError where that is none, or as `create_app` does.
    """
    from webapp.export.write import PART_SIZE
    from webapp.export.write import export as write
    from webapp.paths import DEMO

    return write(
        Path(folder),
        _chosen(models, store) or [DEMO],
        [Path(lora) for lora in loras],
        slices=slices_of(slices, store),
        part_size=PART_SIZE if part_size is None else part_size,
        replace=replace,
        allowed_origin=allowed_origin,
        progress=progress,
    )


def audit(url: str, *, browser: AnyPath | None = None, seconds: float = 120, say: Say = silent) -> Audit:
    """Use a deployed page of onpage in every task, in a browser, and return what was sent; `findings` is empty where nothing leaves.

    An answer is stopped after `seconds`. `say` is called with what is being done. Needs the extra `bench`. Raises BenchError.
    """
    with requires("bench"):
        from onpage.privacy.audit import audit as look
    return look(url, browser=None if browser is None else Path(browser), seconds=seconds, say=say)


def slices_of(sizes: Sequence[str | int], store: Store | None) -> Slices:
    """What `--slice` says; OnpageError where the extra `build` is missing. Their hashes are kept beside the store's models."""
    from builder.store import Store
    from webapp.served_slices import Slices

    if not sizes:
        return Slices()
    with requires("build"):
        import builder.slice.web_file  # noqa: F401
    return Slices(tuple(sizes), (store or Store.open()).folder / "slices")


def _chosen(models: Sequence[AnyPath], store: Store | None) -> list[tuple[Source, ...]]:
    from builder.store import Store
    from builder.store.choosing import choose
    from webapp.paths import SHIPPED

    opened = store or Store.open()
    return [choose(str(model), opened, SHIPPED) for model in models]
