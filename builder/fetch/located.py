"""What a user names as a checkpoint or an adapter: a path here, or a repository of the hub, which is fetched.

Only for the latter is anything of the network imported: that takes a third of a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.model.origin import Origin

if TYPE_CHECKING:
    from builder.fetch.checkpoints import Check, CheckListed
    from builder.fetch.download import Progress
    from builder.fetch.patience import Say
    from builder.store import Store

NAME = re.compile(
    r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?:/[^@]{1,300})?(?:@[^@]{1,200})?", re.ASCII | re.DOTALL
)


@dataclass(frozen=True)
class Located:
    """Something that is here now."""

    path: Path
    origin: Origin | None = None
    """Of the hub; None for what was here."""


def names_a_repository(text: str) -> bool:
    """Whether `text` is a name on the hub, such as google/gemma-3-270m-it@main, and nothing on this machine."""
    return NAME.fullmatch(text) is not None and not Path(text).exists() and not Path(text).parent.exists()


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
    from builder.fetch.checkpoints import fetch_checkpoint
    from builder.store import Store

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
