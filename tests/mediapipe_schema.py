"""MediaPipe's bindings of the TFLite schema: an independent reader of what we write.

Its package is not imported, because that imports matplotlib and takes most of a second.
"""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def _package() -> Path:
    found = find_spec("mediapipe")
    assert found and found.submodule_search_locations
    return Path(found.submodule_search_locations[0])


def _schema() -> Any:
    found = spec_from_file_location("mediapipe_schema_py_generated", PACKAGE / "tasks/metadata/schema_py_generated.py")
    assert found and found.loader
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


PACKAGE = _package()
schema = _schema()
