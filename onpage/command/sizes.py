"""Sizes as people type them."""

from __future__ import annotations

import re
from typing import Any

import click

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
MIN_BYTES = 10**6
"""The smallest number that is taken for bytes where it has no unit: nobody has so little memory."""


class Bytes(click.ParamType[int]):
    """A size with its unit: 8GB, 256MiB, 134217728."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """In bytes."""
        found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)\s*([KMG]?I?B)?", str(value).strip(), re.IGNORECASE)
        if not found:
            self.fail(f"{value!r} is not a size: expected one such as 8GB, 256MiB or 134217728.", param, ctx)
        if not found[2] and float(found[1]) < MIN_BYTES:
            self.fail(f"{found[1]} is {found[1]} bytes: add the unit, such as 8GB.", param, ctx)
        return int(float(found[1]) * UNITS[(found[2] or "").upper()])
