"""`python -m builder.check static/check`: writes the models of the check and their answers, some minutes of work."""

from __future__ import annotations

import json
from pathlib import Path

import click

from builder.check.answers import answers_file, answers_of
from builder.check.models import MODELS, write_model

ANSWERS = "answers.json"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """Write the models into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    models = []
    for name in MODELS:
        path = folder / f"{name}.litertlm"
        write_model(name, path)
        models.append(answers_of(name, path))
        click.echo(
            f"{path}: " + ", ".join(f"{case['tokens']} tokens, margin {case['margin']}" for case in models[-1]["cases"])
        )
    (folder / ANSWERS).write_text(json.dumps(answers_file(models), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
