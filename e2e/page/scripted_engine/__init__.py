"""The page's files with a scripted engine in the place of LiteRT-LM's, for tests of what is around an engine: a load of the real one
takes more processor time than all else. `engine.js` says what it writes.

Each engine has tests with the real one, and each task a way through it.
"""

from __future__ import annotations

from pathlib import Path

from webapp.paths import static_folder
from webapp.vendor import LITERT_LM

ENGINE = Path(__file__).with_name("engine.js")
EMPTY_MODULE = b"\0asm\1\0\0\0"
"""WebAssembly with nothing in it: the page fetches the engine's, which the script does not start."""


def scripted_static(folder: Path) -> Path:
    """`folder`, which is empty, with links to all of the page's files but LiteRT-LM's, and these replaced."""
    static = static_folder()
    library = folder / LITERT_LM.folder
    library.mkdir(parents=True)
    for path in (*static.iterdir(), *(static / "vendor").iterdir()):
        link = folder / path.relative_to(static)
        if not link.exists() and path.name != "node_modules":
            link.symlink_to(path.resolve())
    for target in LITERT_LM.targets():
        if target.name.startswith("litertlm_wasm"):
            (folder / target).write_bytes(EMPTY_MODULE if target.suffix == ".wasm" else ENGINE.read_bytes())
        else:
            (folder / target).symlink_to((static / target).resolve())
    return folder
