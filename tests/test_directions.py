"""Dependencies go one way: builder ← webapp ← onpage, no module leads back to itself, and tests are imported by none."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {"builder": {"builder"}, "webapp": {"builder", "webapp"}, "onpage": {"builder", "webapp", "onpage"}}
OURS = {*MAY_IMPORT, "e2e", "tests"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py")}


def imported(tree: ast.AST) -> Iterator[str]:
    """Our modules that a module imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in MODULES else node.module


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_no_module_imports_upwards(package: str) -> None:
    upwards = [
        f"{name} imports {target}"
        for name, path in MODULES.items()
        if name.split(".")[0] == package
        for target in imported(ast.parse(path.read_text(encoding="utf-8")))
        if target.split(".")[0] in OURS - MAY_IMPORT[package]
    ]
    assert not upwards


def test_no_module_leads_back_to_itself() -> None:
    graph = {
        name: {target for target in imported(ast.parse(path.read_text(encoding="utf-8"))) if target in MODULES} - {name}
        for name, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


FRONT_END = {
    "engine": {"engine"},
    "convert": {"convert", "engine"},
    "library": {"library", "engine"},
    "records": {"records"},
    "text": {"text", "engine"},
    "ui": {"ui", "text"},
    "tasks": {"tasks", "ui", "text", "records", "convert", "engine"},
}
"""Folders of static/ → those whose modules theirs may import; app/, bench/, check/ and element/ may import all."""


@pytest.mark.parametrize("folder", FRONT_END)
def test_no_module_of_the_front_end_imports_upwards(folder: str) -> None:
    static = ROOT / "static"
    found = {
        f"{path.relative_to(static)} imports {target}"
        for path in (static / folder).rglob("*.js")
        for target in re.findall(r"""from ["'](\.[^"']+)["']""", path.read_text(encoding="utf-8"))
        if (path.parent / target).resolve().relative_to(static).parts[0] not in FRONT_END[folder]
    }
    assert not found
