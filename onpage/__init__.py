"""Gemma in a web page, from Python: build it, serve it, measure it.

    import onpage

    onpage.convert("my-gemma", "my-gemma-web.task", bits="4", embedding_bits="8")
    print(onpage.inspect("my-gemma-web.task").to_json())
    onpage.serve("my-gemma-web.task")

Each function does what the command of the same name does, and returns what that command prints. `measure`, `compare`,
`compare_interleaved` and `report` belong to `onpage bench`. Importing this package is cheap: a function imports what it needs when
it is called. If an extra is missing, the error names it. Paths are strings or `pathlib.Path`. All expected failures raise
`onpage.OnpageError`, whose text is one sentence for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder import __version__
from builder.errors import OnpageError
from onpage.building import (
    bundle,
    convert,
    convert_embedder,
    convert_graph,
    convert_lora,
    fetch,
    slice_checkpoint,
    synthesize,
)
from onpage.examining import estimate, evaluate, inspect, verify
from onpage.measuring import compare, compare_interleaved, measure, report
from onpage.serving import audit, create_app, export, serve
from onpage.tuning import tune

if TYPE_CHECKING:
    from builder.store import Store

__all__ = [
    "OnpageError",
    "Store",
    "__version__",
    "audit",
    "bundle",
    "compare",
    "compare_interleaved",
    "convert",
    "convert_embedder",
    "convert_graph",
    "convert_lora",
    "create_app",
    "estimate",
    "evaluate",
    "export",
    "fetch",
    "inspect",
    "measure",
    "report",
    "serve",
    "slice_checkpoint",
    "synthesize",
    "tune",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "Store":
        from builder.store import Store

        return Store
    raise AttributeError(f"module 'onpage' has no attribute {name!r}")
