"""What comes with an extra of the package (`pip install 'onpage[build]'`), and what is said where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from builder.errors import OnpageError

OURS = ("builder", "webapp", "onpage")


@contextmanager
def requires(extra: str) -> Iterator[None]:
    """Around the imports that need `extra`: OnpageError names it where a package is missing.

    The imports stand in the block as they are, so types and readers can follow them:

        with requires("build"):
            from builder.convert.web_file import convert_checkpoint
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in OURS:
            raise
        raise OnpageError(
            f"This needs {error.name}, which is not installed: run pip install 'onpage[{extra}]'.", subject=extra
        ) from None
