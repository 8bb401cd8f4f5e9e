"""Puts the front end into the wheel: our own files, and the vendored engine with its compressed forms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEndHook(BuildHookInterface[Any]):
    """Called by hatchling; an editable install serves from the checkout and needs nothing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the files to the wheel."""
        if version == "editable":
            return
        root = Path(self.root)
        static = root / "static"
        sys.path.insert(0, str(root))
        from webapp.front_end import own_files, vendored_files

        for path in (*own_files(static), *vendored_files()):
            if not (static / path).is_file():
                raise FileNotFoundError(f"{static / path} is missing: run `make wheel`, which copies the engine first.")
            build_data["force_include"][str(static / path)] = f"webapp/static/{path.as_posix()}"
