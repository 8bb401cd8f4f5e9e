"""The fixtures of the other host's tests."""

from e2e.hosting.conftest import site

__all__ = ["site"]
