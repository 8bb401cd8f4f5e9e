"""The engines of all browser tests compute with float16, as on most people's GPUs."""

from __future__ import annotations

import sys

import pytest

from e2e.bare import BareTab
from onpage.bench.browser import ENVIRONMENT


def test_the_browser_has_float16(mediapipe: BareTab, software_gpu: bool) -> None:
    if not software_gpu:
        pytest.skip(f"{ENVIRONMENT} names another browser")
    has = mediapipe.ask(
        lambda page: page.evaluate("async () => (await navigator.gpu.requestAdapter()).features.has('shader-f16')")
    )
    assert has is (sys.platform == "linux")
