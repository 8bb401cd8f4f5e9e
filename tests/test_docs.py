"""README, docs and help say what is there: files, modules, and commands that the command line takes as they are written."""

from __future__ import annotations

import ast
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from builder import errors
from onpage.command import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("webapp/*/*.md")])
OURS = tuple(f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
MADE = ("static/node_modules", "static/vendor", "bench-results")
"""What make makes."""


def commands_of(group: click.Command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    if not isinstance(group, click.Group):
        return {path: group}
    found: dict[tuple[str, ...], click.Command] = {path: group}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found |= commands_of(command, (*path, name))
    return found


COMMANDS = commands_of(cli)


def split(line: str) -> tuple[click.Command, list[str]]:
    """What a line begins with `onpage` to run, and its arguments up to a pipe; AssertionError where there is no such command."""
    words = [word.rstrip(";") for word in shlex.split(re.split(r" \| | && ", line)[0], comments=True)]
    path: tuple[str, ...] = ()
    while len(words) > len(path) + 1 and (*path, words[len(path) + 1]) in COMMANDS:
        path = (*path, words[len(path) + 1])
    command, rest = COMMANDS[path], words[len(path) + 1 :]
    assert not isinstance(command, click.Group) or not rest or rest[0].startswith("-"), f"there is no onpage {rest[0]}"
    return command, rest


def lines_to_type() -> list[tuple[str, str]]:
    """Commands that a reader types as they are, with where they stand; those with values of a shell's are left out."""
    typed = [
        (page.name, line.removeprefix("graph/bin/"))
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for line in block.replace("\\\n", " ").splitlines()
    ]
    helped = [
        (" ".join(("onpage", *path)), line)
        for path, command in COMMANDS.items()
        if path and not isinstance(command, click.Group)
        for line in (command.help or "").partition("Example:")[2].splitlines()
    ]
    return [
        (where, line.strip())
        for where, line in typed + helped
        if line.strip().startswith("onpage ") and "$" not in line
    ]


@pytest.mark.parametrize(("where", "line"), lines_to_type())
def test_a_command_is_taken_as_it_is_written(where: str, line: str) -> None:
    command, arguments = split(line)
    with command.make_context(str(command.name), arguments):
        pass


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_mentioned_have_the_options_named(page: Path) -> None:
    for line in re.findall(r"`(onpage [^`]*)`", page.read_text(encoding="utf-8").replace("\n", " ")):
        command, arguments = split(line)
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        missing = [word for word in arguments if word.startswith("-") and word not in options]
        assert not missing, f"{line} has no {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_modules_that_are_named_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [page.parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)", text)]
    named = [
        ROOT / path for path in re.findall(r"`([\w./-]+)`", text) if path.startswith(OURS) and not path.startswith(MADE)
    ]
    assert not [str(path) for path in links + named if not path.exists()]
    assert not [module for module in re.findall(r"python -m ([\w.]+)", text) if find_spec(module) is None]


def test_every_command_is_in_the_readme_or_the_docs() -> None:
    text = " ".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert not [path for path in COMMANDS if path and f"onpage {' '.join(path)}" not in text]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_every_message_of_the_page_and_class_of_error_is_explained() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    screens = (
        (ROOT / "static" / "text" / "en.js")
        .read_text(encoding="utf-8")
        .split("export const PROBLEMS")[1]
        .split("\n};")[0]
    )
    titles = re.findall(r'title: "([^"]+)"', screens)
    assert len(titles) > 10
    assert not [title for title in titles if f"| {title} |" not in text]
    classes = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.OnpageError)
    ]
    assert not [name for name in classes if f"`{name}`" not in text and name != "OnpageError"]


def sentences(folder: Path) -> str:
    """The texts in the modules of a folder, with … for what is put into them."""
    found = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.JoinedStr(values=parts):
                    found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts))
                case ast.Constant(value=str(text)):
                    found.append(text)
    return "\n".join(found)


def test_what_is_said_of_experts_is_said_so() -> None:
    page, said = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), sentences(ROOT / "builder")
    [table] = re.findall(r"### Experts\n.*?\n\| ---.*?\n(.*?)\n(?:\n|\Z)", page, re.DOTALL)
    messages = [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()]
    assert len(messages) > 5
    parts = [part.strip() for message in messages for part in re.split("…|;", message) if part.strip()]
    assert not [part for part in parts if part not in said]


def test_the_tree_of_contributing_has_every_room_and_no_other() -> None:
    [tree] = re.findall(
        r"## The tree\n\n```\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL
    )
    rooms = {
        path.name
        for top in ("builder", "onpage", "static")
        for path in (ROOT / top).iterdir()
        if path.is_dir() and path.name != "__pycache__" and f"{top}/{path.name}" not in MADE
    }
    assert set(re.findall(r"\b(\w+)/", tree)) == rooms | {
        "builder",
        "webapp",
        "onpage",
        "static",
        "package",
        "tests",
        "e2e",
        "real",
    }
