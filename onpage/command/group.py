"""A group of commands that are imported when they are used, so that none waits for what only others need."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import Any

import click


class Commands(click.Group):
    """`places`: the name of each command → "module:function" within onpage.command. One that is added goes before."""

    def __init__(self, *, places: Mapping[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As click has it, without an import."""
        return sorted(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """As click has it: None where there is none of that name."""
        added = super().get_command(ctx, cmd_name)
        if added or cmd_name not in self._places:
            return added
        module, function = self._places[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(f"onpage.command.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it, with a suggestion where there is no such command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if close := difflib.get_close_matches(args[0], self._places, n=1):
                raise click.UsageError(f"{error.message} Did you mean {close[0]}?", ctx) from None
            raise
