"""The figures of an evaluation, for a person: of `onpage evaluate`, and of `convert --report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onpage.command.console import print_facts
from onpage.command.residual import residual_fits

if TYPE_CHECKING:
    from builder.reference.evaluate import Evaluation, Figures, Interval


def show_evaluation(found: Evaluation) -> None:
    """A row for each figure; with several texts a row for each of these too."""
    parts = [*found.texts, found.all] if len(found.texts) > 1 else [found.all]
    for part in parts:
        print_facts(figure_rows(part, several=len(parts) > 1))
        click.echo()
    print_facts([("residual stream", residual_fits(found))])


def figure_rows(part: Figures, *, several: bool) -> list[tuple[str, str]]:
    """The figures of one text."""
    name = ("all texts" if part.text == "all" else part.text) if several else "text"
    rows = [(name, f"{part.tokens:,} tokens"), ("perplexity", _figure(part.perplexity, ".3f"))]
    if part.other_perplexity:
        rows.append(("perplexity of the other", _figure(part.other_perplexity, ".3f")))
    if part.divergence:
        rows.append(("divergence", f"{_figure(part.divergence, '.5f')} nats a token (Kullback-Leibler)"))
    if part.same_choice:
        rows.append(("same likeliest token", _figure(part.same_choice, ".1%")))
    return rows


def _figure(figure: Interval, form: str) -> str:
    return f"{figure.value:{form}} ({figure.low:{form}} to {figure.high:{form}})"
