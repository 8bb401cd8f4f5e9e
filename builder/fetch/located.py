"""What a user names as a checkpoint or an adapter: a path here, or a repository of the hub, which is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.fetch.checkpoints import Check, CheckListed, fetch_checkpoint, names_a_repository
from builder.fetch.download import Progress
from builder.fetch.patience import Say
from builder.model.origin import Origin
from builder.store import Store


@dataclass(frozen=True)
class Located:
    """Something that is here now."""

    path: Path
    origin: Origin | None = None
    """Of the hub; None for what was here."""


def locate(
    named: str,
    say: Say,
    *,
    file: str | None = None,
    token: str | None = None,
    store: Store | None = None,
    check: Check | None = None,
    check_listed: CheckListed | None = None,
    progress: Progress | None = None,
) -> Located:
    """`named` itself where it is a path; else what is fetched of the repository, as `fetch_checkpoint` does it.

    Only of what is fetched `check` sees the config.json, and `check_listed` the list of files.
    """
    if not names_a_repository(named):
        return Located(Path(named))
    found = fetch_checkpoint(
        named,
        store or Store.open(),
        say,
        file=file,
        token=token,
        check=check,
        check_listed=check_listed,
        progress=progress,
    )
    return Located(found.path, Origin(found.name, found.commit))
