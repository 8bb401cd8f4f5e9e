"""What comes with an extra of the package (`pip install 'onpage[build]'`), and what is said where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from builder.errors import OnpageError

OURS = ("builder", "webapp", "onpage")

MODULES = {
    "build": ("flatbuffers", "litert_lm_builder", "numpy", "safetensors", "sentencepiece", "tflite", "wasmtime"),
    "bench": ("jsonschema", "playwright", "psutil"),
    "peers": ("gguf", "onnx"),
    "selenium": ("selenium",),
    "tune": ("torch", "peft", "transformers"),
}
"""Extra → the modules that only it brings."""


def extra_of(error: ModuleNotFoundError) -> str | None:
    """The extra that brings what was not found; None where it is no package of an extra."""
    missing = (error.name or "").split(".")[0]
    return next((extra for extra, modules in MODULES.items() if missing in modules), None)


def needs(error: ModuleNotFoundError, extra: str) -> OnpageError:
    """What is said of it."""
    return OnpageError(
        f"This needs {error.name}, which is not installed: run pip install 'onpage[{extra}]'.", subject=extra
    )


@contextmanager
def requires(extra: str) -> Iterator[None]:
    """Around the imports that need `extra`: OnpageError names it where a package is missing.

    The imports stand in the block as they are, so types and readers can follow them:

        with requires("build"):
            from builder.convert.web_file import convert_checkpoint
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in OURS:
            raise
        raise needs(error, extra) from None
