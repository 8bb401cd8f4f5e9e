"""`onpage import`, `onpage remove` and `onpage verify`: what happens to the store."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from builder.store import Store
from onpage.command.console import FILE, byte_progress, megabytes, print_facts, print_json, print_row
from onpage.command.convert import json_option
from onpage.command.residual import ResidualStream, residual_stream
from onpage.extras import requires


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--id", "model_id", metavar="NAME", help="The id in the store.  [default: from the file's name]")
@click.option("--move", is_flag=True, help="Move the file instead of copying it.")
@click.option("--replace", is_flag=True, help="Replace a stored model that has this id.")
@click.option(
    "--takes",
    type=click.Choice(["image", "audio"]),
    multiple=True,
    help="What goes into the model besides text; twice for both.  [default: what the file and its published name tell]",
)
@json_option
def import_(file: Path, model_id: str | None, move: bool, replace: bool, takes: tuple[str, ...], as_json: bool) -> None:
    """Copy a model file into the store.

    `onpage serve` then finds it by its id. A downloaded file that still has its published name gets its published id, licence
    and settings.

    \b
    Example:
      onpage import my-gemma-web.task
      onpage import my-gemma-web.task --id my-gemma --move
    """
    from builder.store.importing import import_file

    with byte_progress() as progress:
        stored = import_file(
            Store.open(), file, id=model_id, move=move, replace=replace, takes=takes, progress=progress
        )
    manifest = stored.manifest
    if as_json:
        print_json(manifest.to_json() | {"path": str(stored.path)})
        return
    print_facts(
        [
            ("id", manifest.id),
            ("model", " ".join(filter(None, (manifest.family, manifest.quantization)))),
            ("size", megabytes(manifest.size)),
            *([("takes", ", ".join(manifest.modalities))] if manifest.modalities else []),
            ("sha256", manifest.sha256),
            ("next", f"onpage serve --model {shlex.quote(manifest.id)}"),
        ]
    )


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option("--unfinished", is_flag=True, help="Delete interrupted downloads, too.")
@json_option
def remove(ids: tuple[str, ...], unfinished: bool, as_json: bool) -> None:
    """Delete stored models.

    A file that several stored models share is deleted with the last of them.

    \b
    Example:
      onpage remove gemma3-1b-int4
      onpage remove --unfinished
    """
    if not ids and not unfinished:
        raise click.UsageError("Missing argument 'ID...'.")
    store = Store.open()
    for model_id in ids:
        store.manifest_path(model_id)  # all are known before one is deleted
    freed: dict[str, int] = {model_id: store.remove(model_id).freed for model_id in dict.fromkeys(ids)}
    if unfinished:
        freed["unfinished downloads"] = store.discard_unfinished()
    if as_json:
        print_json(freed)
        return
    for name, size in freed.items():
        print_row(name, f"removed, {megabytes(size)} freed")


@click.command()
@click.argument("names", metavar="[ID-OR-FILE]...", nargs=-1)
@click.option(
    "--against",
    type=FILE,
    metavar="CHECKPOINT",
    help="Also compare one file with the checkpoint (a folder or a GGUF file) that it was made from, weight by weight.",
)
@json_option
@click.pass_context
def verify(context: click.Context, names: tuple[str, ...], against: Path | None, as_json: bool) -> None:
    """Check stored models or files for damage.

    Reads every byte of the given models and files, by default of all stored models, and reports what is missing, extra or
    damaged. The exit status is 1 if anything is. Of web files that are named, it also prints whether float16 holds the residual stream; where
    the file does not say, a short text is run through it.

    \b
    Example:
      onpage verify
      onpage verify gemma3-1b-int4
      onpage verify my-gemma-web.task
      onpage verify my-gemma-web.task --against my-gemma
    """
    from builder.store.checking import check_files, check_store
    from builder.store.choosing import looks_like_a_file

    files = [Path(name) for name in names if looks_like_a_file(name)]
    ids = [name for name in names if not looks_like_a_file(name)]
    with byte_progress() as progress:
        if against is not None and (ids or len(files) != 1):
            raise click.UsageError("--against compares one file with its checkpoint: name one file, with its suffix.")
        checked = check_files(files, progress)
        if against is not None:
            with requires("build"):
                from builder.convert.against import check_against
            check_against(files[0], against, progress)
        report = check_store(Store.open(), ids if names else None, progress)
        named = {path: Path(path) for path in checked} | {
            model.manifest.id: model.path for model in report.sound if model.manifest.id in ids
        }
        streams = {name: residual_stream(path, progress) for name, path in named.items()}
    if as_json:
        said = {name: stream.to_json() for name, stream in streams.items() if stream}
        print_json(report.to_json() | {"files": checked, "residual_streams": said})
    else:
        for path, sha256 in checked.items():
            row = [path, "sound", f"sha256 {sha256}", *([f"as {against}"] if against else [])]
            print_row(*row, *_cells(streams[path]))
        for model in report.sound:
            manifest = model.manifest
            sha256 = f"{megabytes(manifest.size)}, sha256 {manifest.sha256}"
            print_row(manifest.id, "sound", sha256, *_cells(streams.get(manifest.id)))
        for finding in report.findings:
            print_row(finding.id or finding.path.name, finding.kind, finding.sentence)
        if not (checked or report.sound or report.findings):
            print_row("Nothing is stored.", err=True)
    if report.findings:
        context.exit(1)


def _cells(stream: ResidualStream | None) -> list[str]:
    if stream is None:
        return []
    return [f"residual stream {'not known' if stream.fits_float16 is None else stream}"]
