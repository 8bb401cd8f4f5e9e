"""What commands say of tables that stay out of the GPU."""

from __future__ import annotations

from onpage.command.console import megabytes


def on_demand_row(size: int) -> str:
    """For tables of so many bytes."""
    return f"{megabytes(size)} loaded on demand: in the page's memory, not the GPU's"
