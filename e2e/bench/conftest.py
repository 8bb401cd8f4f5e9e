"""What the bench's tests share with the page's."""

from __future__ import annotations

from e2e.page.conftest import endless_model

__all__ = ["endless_model"]
