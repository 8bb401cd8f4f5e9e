"""Hypothesis tries the same examples in each run, so that a failure is that of the change at hand.

`HYPOTHESIS_PROFILE=search make test` tries others.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
