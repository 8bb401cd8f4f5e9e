"""The browser of all end-to-end tests, and the bare pages with the models of one. A machine without one fails here, with what to do; nothing is skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from e2e.bare import BareTab, served
from e2e.software_gpu.browser import find_software_gpu, whole_chromium
from onpage.bench.browser import ENVIRONMENT, SOFTWARE_WEBGPU, find_browser, launch

QUICKER = (
    "--enable-dawn-features=disable_workgroup_init,disable_robustness",
    "--js-flags=--wasm-tier-up-filter=3 --wasm-tiering-budget=10000000",
)
"""Chromium adds to each shader that it fills its memory with zeroes and checks every index, a quarter of what SwiftShader, or another software GPU, then has
to compute. And it compiles an engine's hot WebAssembly a second time, which costs more than short answers gain: 2.3 of the 7 s of
processor time that a small model takes in MediaPipe. Only a module's function 3 is compiled so: in hash-wasm's it is the one that hashes, where each
load of the page gains 0.25 s. The answers are the same without: a Chrome of e2e/bench/test_run.py and those
that `onpage bench` launches by itself have the usual shaders and both compilers."""


FOR_SMALL_MODELS = {"LP_NUM_THREADS": "0", "LP_NATIVE_VECTOR_WIDTH": "128"}
"""Of Mesa's software GPU: no thread for each core, and vectors of four numbers. An answer of a tiny model is thousands of programs of less than a
millisecond, which take longer to hand out than to run, and on a fresh machine most of its time is their compilation: with vectors of eight a
load and an answer take a sixth longer, where nothing is compiled yet. Published weights (real/) are computed with Mesa's usual ones."""


@pytest.fixture(scope="session", autouse=True)
def small_models() -> Iterator[None]:
    """Every browser of the tests has it, also one that a command starts; what a person has set is kept."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in FOR_SMALL_MODELS.items():
            if name not in os.environ:
                patch.setenv(name, value)
        yield


@pytest.fixture(scope="session", autouse=True)
def software_gpu() -> Iterator[bool]:
    """The browser of the tests, and of the commands that they start, is the one with Mesa's software GPU, unless another is named: whether it is."""
    named = ENVIRONMENT in os.environ
    with pytest.MonkeyPatch.context() as patch:
        if not named:
            patch.setenv(ENVIRONMENT, str(find_software_gpu().path))
        yield not named


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """For all browsers of the session: there cannot be two in a process."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Headless Chromium with WebGPU on the software adapter; one for the session, or for each of its workers."""
    browser = launch(playwright.chromium, (*SOFTWARE_WEBGPU, *QUICKER))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Path:
    """The program of the whole Chromium, where `browser` is its headless shell."""
    return whole_chromium(find_browser(playwright.chromium).path)


@pytest.fixture(scope="module")
def whole_browser(playwright: Playwright, chromium: Path) -> Iterator[Browser]:
    """As `browser`, with the windows and the profile that people have: for a way through each, and for what only they have."""
    with launch(playwright.chromium, (*SOFTWARE_WEBGPU, *QUICKER), program=chromium) as browser:
        yield browser


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the model files of a module's tests."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def address(models: Path) -> Iterator[str]:
    """Where the bare pages and `models` are served."""
    with served(models) as address:
        yield address


@pytest.fixture(scope="module")
def mediapipe(browser: Browser, address: str) -> Iterator[BareTab]:
    """MediaPipe's bare page, for all models of a module."""
    with closing(BareTab(browser, f"{address}/bare/index.html")) as tab:
        yield tab
