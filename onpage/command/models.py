"""`onpage models`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from builder.formats.inspect_web_file import Sampling
from builder.model.catalog import PublishedCheckpoint, PublishedModel, checkpoints, published
from builder.store import Store, StoredModel
from onpage.command.console import megabytes, print_facts, print_json, print_row, printable
from onpage.command.convert import json_option

WIDE = 130
"""Columns of a terminal that has room for all of the table."""

MAKES = {"text": "", "embedding": "vectors of texts, which search documents by meaning"}
"""What comes out of a model, by its kind, where that is not what everybody expects."""


@click.command()
@click.argument("text", required=False, default="")
@click.option("--stored", "only_stored", is_flag=True, help="List stored models only.")
@json_option
def models(text: str, only_stored: bool, as_json: bool) -> None:
    """List published and stored models.

    With TEXT, lists only the models whose line contains it. If TEXT is an id, shows everything about that model.

    \b
    Example:
      onpage models
      onpage models 1b
      onpage models gemma3-1b-int4
      onpage models --stored
    """
    store = Store.open()
    rows = [row for row in _rows(store) if row.stored or not only_stored]
    if any(row.id == text for row in rows):
        rows = [row for row in rows if row.id == text]
    rows = [row for row in rows if text.lower() in " ".join(row.cells().values()).lower()]
    if as_json:
        print_json({"store": str(store.folder), "models": [row.to_json() for row in rows]})
        return
    if len(rows) == 1 and rows[0].id == text:
        print_facts([(name, value) for name, value in rows[0].facts().items() if value])
    else:
        _print(rows)
    _print_notes(store, rows, "No model matches this text." if text else "No model is stored.")


@dataclass(frozen=True)
class _Row:
    """A model, published or stored or both."""

    id: str
    listed: PublishedModel | PublishedCheckpoint | None
    stored: StoredModel | None

    def cells(self) -> dict[str, str]:
        """What the table shows, by the column's name."""
        listed, manifest = self.listed, self.stored.manifest if self.stored else None
        family, speed = (listed.family, listed.speed) if listed else (None, None)
        licence = family.licence.id if family else manifest.licence if manifest else None
        context = manifest.context if manifest else family.context if family else None
        return {
            "id": self.id,
            "model": family.name if family else (manifest.name or manifest.family if manifest else None) or "",
            "weights": (manifest.quantization if manifest else listed.quantization if listed else None) or "",
            "size": megabytes(manifest.size) if manifest else _size(listed),
            "context": f"{context:,}" if context else "",
            "takes": ", ".join(family.modalities) if family else "",
            "licence": licence or "",
            "engine": (listed.engine if listed else None) or "",
            "decode, as published": f"{speed.decode:g} tok/s, {speed.device}" if speed else "",
            "here": ("damaged" if self.stored.problem else "stored") if self.stored else "",
        }

    def facts(self) -> dict[str, str]:
        """Everything, for the one model that was asked for."""
        listed, manifest = self.listed, self.stored.manifest if self.stored else None
        facts = self.cells()
        if listed:
            family, speed = listed.family, listed.speed
            facts |= {
                "licence": f"{family.licence.name}, {family.licence.page}",
                "makes": MAKES[family.kind],
                "page": listed.page,
                "file": listed.file or "",
                "parameters": f"{family.parameters / 1e9:g} B"
                + (f", {family.effective_parameters / 1e9:g} B effective" if family.effective_parameters else ""),
                "prefill, as published": f"{speed.prefill:g} tok/s, {speed.device}" if speed else "",
                "first token": f"{speed.ttft:g} s" if speed and speed.ttft else "",
                "prompt prefix": repr(family.template.prefix) if family.template else "",
                "prompt suffix": repr(family.template.suffix) if family.template else "",
            }
        if manifest and self.stored:
            facts |= {
                "sha256": manifest.sha256,
                "source": manifest.source or "",
                "revision": manifest.revision or "",
                "added": manifest.added,
                "content": str(self.stored.path),
            }
        sampling = manifest.sampling if manifest else listed.family.sampling if listed else Sampling(None, None)
        said = {"temperature": sampling.temperature, "top k": sampling.top_k}
        facts["sampling"] = ", ".join(f"{name} {value:g}" for name, value in said.items() if value is not None)
        return facts

    def to_json(self) -> dict[str, Any]:
        """For --json: the catalog's entry and the manifest, null where there is none."""
        stored = self.stored
        return {
            "id": self.id,
            "published": self.listed.to_json() if self.listed else None,
            "stored": stored.manifest.to_json() | {"path": str(stored.path), "problem": stored.problem}
            if stored
            else None,
        }


def _rows(store: Store) -> list[_Row]:
    stored = {model.manifest.id: model for model in store.models()}
    listed = published() | checkpoints()
    return [
        _Row(key, listed.get(key), stored.get(key)) for key in [*listed, *(key for key in stored if key not in listed)]
    ]


def _size(listed: PublishedModel | PublishedCheckpoint | None) -> str:
    if not listed or not listed.size:
        return ""
    return f"{'~' if listed.size_is_approximate else ''}{megabytes(listed.size)}"


def _print(rows: list[_Row]) -> None:
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        for row in rows:
            print_row(*row.cells().values())
        return
    hidden = {"model"} if console.width >= WIDE else {"model", "weights", "takes", "engine"}
    table = Table(box=None, pad_edge=False, header_style="dim")
    for row in rows:
        cells = {name: value for name, value in row.cells().items() if name not in hidden}
        if not table.columns:
            for name in cells:
                table.add_column(name, justify="right" if name in ("size", "context") else "left")
        table.add_row(*(Text(printable(cell)) for cell in cells.values()), style="bold" if row.stored else None)
    console.print(table)


def _print_notes(store: Store, rows: list[_Row], none: str) -> None:
    """Where things are and what to do next, for people: on stderr."""
    if not rows:
        print_row(none, err=True)
    print_row(
        f"Stored models are in {store.folder}. The demo model ships with onpage and is always available.", err=True
    )
    if len(store.manifest_paths()) > len(store.models()):
        print_row("The store contains an unreadable manifest. onpage verify names it.", err=True)
    for name, size in store.unfinished().items():
        print_row(
            f"Unfinished download: {name}, {megabytes(size)}; the command that began it resumes it, onpage remove --unfinished deletes it.",
            err=True,
        )
