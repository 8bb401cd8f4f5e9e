"""Trying again what may pass: a few times in a row without progress, each time after a longer wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from builder.errors import FetchError

RETRIES = 6
"""With the waits below about half a minute, and the time-outs on top."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
LONGEST_ASKED = 600.0
"""Seconds that a machine may ask to wait before it is better to say so and stop."""

T = TypeVar("T")
Say = Callable[[str], None]
"""Tells the user one sentence about what goes on."""


class PassingError(Exception):
    """A fault that may pass; the message is the beginning of a sentence. `wait` is what the other side asked for."""

    def __init__(self, sentence: str, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


class Patience:
    """Counts the failures since the last progress; FetchError with the last one's sentence when it is used up."""

    def __init__(self, retries: int, say: Say) -> None:
        self._retries, self.say = retries, say
        self._failures = 0

    def __call__(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, in the end."""
        while True:
            try:
                return attempt()
            except PassingError as error:
                self._wait(error)

    def progressed(self) -> None:
        """Begins to count anew."""
        self._failures = 0

    def _wait(self, error: PassingError) -> None:
        asked = f", and asks to wait {error.wait:,.0f} s" if error.wait else ""
        if self._failures >= self._retries or (error.wait or 0) > LONGEST_ASKED:
            tried = f" (tried {self._failures + 1} times)" if self._failures else ""
            raise FetchError(f"{error}{asked}{tried}: run the same command again later.") from None
        wait = error.wait if error.wait is not None else min(FIRST_WAIT * 2**self._failures, LONGEST_WAIT)
        self._failures += 1
        soon = f" in {wait:.3g} s" if wait else ""
        self.say(f"{error}{asked}; trying again{soon} ({self._failures} of {self._retries}).")
        time.sleep(wait)
