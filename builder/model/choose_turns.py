"""Which turns a model is written with: those asked for, else its chat template's, else its family's; and whether its tokenizer has
their pieces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from builder.errors import CheckpointError, TokenizerError
from builder.files.reading import shown
from builder.model.chat_template import INSTEAD, MARK
from builder.model.sidecars import Sidecars
from builder.model.tokenizer import Tokenizer
from builder.model.turns import NOTHING, NOTHING_ASKED, AskedTurns, Turns


@dataclass(frozen=True)
class ChosenTurns:
    """The turns, the tokenizer that reads them, and where they come from, in words."""

    turns: Turns
    tokenizer: Tokenizer
    origin: str
    stops: tuple[str, ...] = ()
    """The only pieces that end an answer, where a user names them."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should see of them."""
        turns, question = self.turns, self.turns.question
        if question.prefix or question.suffix:
            notes = [
                f"turns {self.origin}: {question.prefix!r} before the user's message, {question.suffix!r} after it"
            ]
        else:
            notes = [f"turns {self.origin}: none"]
        if turns.system is not None:
            notes.append(f"system turns: {turns.system.prefix!r} before, {turns.system.suffix!r} after")
        missing = _missing(self.tokenizer, turns)
        if missing:
            notes.append(f"the tokenizer has no piece {missing[0]}: the model reads it as several")
        if turns.opening:
            notes.append(f"each conversation opens with {shown(turns.opening)}, as the chat template has it")
        return tuple(notes)


def choose_turns(
    sidecars: Sidecars, tokenizer: Tokenizer, usual: Turns, asked: AskedTurns = NOTHING_ASKED
) -> ChosenTurns:
    """The turns of the checkpoint with these `sidecars`, whose family has the turns `usual`.

    CheckpointError where its chat template cannot be used, TokenizerError where a piece of the turns is none of the tokenizer's.
    """
    turns, origin = (Turns(), "as asked for") if asked.is_whole else _own_turns(sidecars, tokenizer, usual)
    if asked.prefix is not None or asked.suffix is not None:
        turns, origin = turns.asked(asked.prefix, asked.suffix), "as asked for"
    else:
        _refuse_missing_pieces(sidecars.path, tokenizer, turns, origin)
    if asked.changes_system:
        turns = replace(turns, system=(turns.system or NOTHING).changed(asked.system_prefix, asked.system_suffix))
    for piece in asked.stops:
        if tokenizer.id_of(piece) is None:
            raise TokenizerError(
                f"{tokenizer.path} has no piece {piece!r}, so no answer would end: name one of its "
                f"{len(tokenizer.pieces):,} pieces with --stop.",
                subject=piece,
            )
    return ChosenTurns(turns, tokenizer.reading("\n".join((turns.opening, *turns.affixes()))), origin, asked.stops)


def _own_turns(sidecars: Sidecars, tokenizer: Tokenizer, usual: Turns) -> tuple[Turns, str]:
    template = sidecars.chat_template()
    if template is None:
        if _missing(tokenizer, usual):
            return Turns(), "(the checkpoint has no chat template, and the tokenizer none of the family's pieces)"
        return usual, "of the family (the checkpoint has no chat template)"
    try:
        turns = template.turns(tokenizer)
    except CheckpointError:
        # of a model with a task of its own, such as TranslateGemma, whose template takes no plain message
        if not _missing(tokenizer, usual) and all(mark in template.text for mark in _marks(usual)):
            return usual, f"of the family, whose pieces {template.path.name} writes, but not around a plain message"
        raise
    # a family may know of more that ends an answer, such as a call of a function
    more = tuple(end for end in usual.ends if end not in turns.ends and turns.user == usual.user)
    return replace(turns, ends=turns.ends + more), f"of {template.path.name}"


def _refuse_missing_pieces(path: Path, tokenizer: Tokenizer, turns: Turns, origin: str) -> None:
    missing = _missing(tokenizer, turns)
    if missing:
        raise TokenizerError(
            f"The turns {origin} in {path} hold {shown(missing[0])}, but {tokenizer.path.name} has no such piece: the model "
            f"would read it as several. Use the tokenizer that the model was trained with, or {INSTEAD}.",
            subject=missing[0],
        )


def _missing(tokenizer: Tokenizer, turns: Turns) -> list[str]:
    """What looks like a piece in the turns and is none."""
    return [mark for mark in _marks(turns) if tokenizer.id_of(mark) is None]


def _marks(turns: Turns) -> list[str]:
    return [mark for text in turns.affixes() for mark in MARK.findall(text)]
