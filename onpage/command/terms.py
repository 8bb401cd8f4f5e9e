"""A model's terms, shown before anything is fetched, and the answer to them."""

from __future__ import annotations

import sys

import click

from builder.errors import OnpageError
from webapp.paths import GEMMA_TERMS

GEMMA = "gemma-terms"
"""What --accept takes."""

NOTICE = """\
Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms, which also bind what is
made of it, such as the files that this command writes. They forbid some uses: ai.google.dev/gemma/prohibited_use_policy.
"""
QUESTION = "Do you accept the Gemma Terms of Use? yes, no, or show to read them here"


def require_gemma_terms(accepted: str | None) -> None:
    """Returns where the terms were accepted, beforehand or now; else OnpageError."""
    click.echo(NOTICE, err=True)
    if accepted == GEMMA:
        click.echo(f"Accepted by --accept {GEMMA}.", err=True)
        return
    if not can_ask():
        raise OnpageError(
            f"The Gemma Terms of Use have to be accepted, and there is no terminal to ask on: run make gemma ACCEPT={GEMMA}, or "
            f"onpage gemma --accept {GEMMA}.",
            subject=GEMMA,
        )
    while True:
        answer = str(click.prompt(QUESTION, err=True)).strip().lower()
        if answer in ("y", "yes"):
            return
        if answer in ("n", "no"):
            raise OnpageError("The Gemma Terms of Use were not accepted: nothing was fetched.", subject=GEMMA)
        if answer in ("s", "show"):
            click.echo_via_pager(GEMMA_TERMS.read_text(encoding="utf-8"))


def can_ask() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()
