"""No module but the one that owns the differences asks for what only some systems have, or leaves the encoding to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systems.like_windows.lacking import KEYWORDS, LACKING, MODULES

ROOT = Path(__file__).parents[2]
OWNER = "builder/files/systems.py"
SOURCES = {
    path.relative_to(ROOT).as_posix(): path
    for package in ("builder", "webapp", "onpage")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def only_some_have(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in LACKING.get(module, ()):
                yield f"{module}.{name}"
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{each.name}" for each in names if each.name in LACKING.get(module, ()))
                yield from [module] if module in MODULES else []
            case ast.Import(names=names):
                yield from (each.name for each in names if each.name in MODULES)
            case ast.keyword(arg=str(name)) if name in KEYWORDS:
                yield f"{name}="
            case _:
                continue


def without_encoding(tree: ast.AST) -> Iterator[str]:
    """Text files, and the pipes of child processes, whose encoding would be the system's."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        said = {keyword.arg: keyword.value for keyword in node.keywords}
        if "encoding" in said:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        mode = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else None
        opens_text = name == "open" and (
            (isinstance(node.func, ast.Name) and "b" not in str(mode))
            or (isinstance(node.func, ast.Attribute) and first in ("r", "w", "a", "x", "r+", "w+"))
        )
        if isinstance(node.func, ast.Attribute) and name in ("read_text", "write_text"):
            yield name
        elif opens_text:
            yield "open"
        elif isinstance(value := said.get("text"), ast.Constant) and value.value is True and name != "TemporaryFile":
            yield f"{name}(text=True)"


@pytest.mark.parametrize("name", [name for name in SOURCES if name != OWNER])
def test_a_module_runs_on_every_system(name: str) -> None:
    tree = ast.parse(SOURCES[name].read_text(encoding="utf-8"))
    assert list(only_some_have(tree)) == []
    assert list(without_encoding(tree)) == []


def test_the_test_finds_them() -> None:
    tree = ast.parse(
        "import os, fcntl\nfrom os import pread\nfrom signal import SIGHUP, SIGINT\nos.fchmod(1, 2)\nrun([], preexec_fn=f)\n"
        "def f():\n  import resource\n  signal.SIGKILL\n  os.open('a', os.O_RDONLY)\n"
    )
    expected = ["fcntl", "os.fchmod", "os.pread", "preexec_fn=", "resource", "signal.SIGHUP", "signal.SIGKILL"]
    assert sorted(only_some_have(tree)) == expected
    text = "open(p)\nopen(p, 'rb')\np.open('w')\np.open('wb')\np.read_text()\np.write_text(t, encoding='utf-8')\nrun(a, text=True)\n"
    assert list(without_encoding(ast.parse(text))) == ["open", "open", "read_text", "run(text=True)"]
    assert list(only_some_have(ast.parse(SOURCES[OWNER].read_text(encoding="utf-8"))))
