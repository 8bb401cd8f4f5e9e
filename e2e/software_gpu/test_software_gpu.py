"""The engines of all browser tests compute with float16, as on most people's GPUs."""

from __future__ import annotations

import sys

from e2e.bare import BareTab


def test_the_browser_has_float16(mediapipe: BareTab, software_gpu: bool) -> None:
    """Where `make browser` builds one, and the person names no other."""
    has = mediapipe.ask(
        lambda page: page.evaluate("async () => (await navigator.gpu.requestAdapter()).features.has('shader-f16')")
    )
    assert has or not software_gpu or sys.platform != "linux"
