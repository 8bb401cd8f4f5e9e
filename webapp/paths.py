"""Where the front end's files are: in a checkout next to this package, in an installed wheel inside it."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

DEMO_MODEL = _PACKAGE / "demo_model" / "onpage-demo-web.task"
DEMO_BUNDLE = _PACKAGE / "demo_model" / "onpage-demo-web.litertlm"
DEMO_GRAPH = _PACKAGE / "demo_model" / "onpage-demo.litertlm"


DEMO = (DEMO_MODEL, DEMO_BUNDLE, DEMO_GRAPH)
"""The same weights for each engine: a web file, the same in LiteRT-LM's container, and a graph for the CPU."""

POST_ADAPTER = _PACKAGE / "adapters" / "gemma-3-270m-post"
"""The folder of a LoRA adapter for google/gemma-3-270m, the base model, which writes the page's posts."""
GEMMA_TERMS = POST_ADAPTER / "GEMMA_TERMS.txt"
"""The Gemma Terms of Use, of which whoever passes such weights on gives a copy."""

SHIPPED = {"demo": DEMO}
"""The models that come with onpage, by their ids."""


def static_folder() -> Path:
    """The folder that is served as `/static/`: the wheel's copy if there is one, else the checkout's `static/`."""
    packaged = _PACKAGE / "static"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "static"
