"""The texts around what each side of a conversation says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Turn:
    """The texts before and after what one side says."""

    prefix: str = ""
    suffix: str = ""

    def changed(self, prefix: str | None, suffix: str | None) -> Turn:
        """With what is given in place of its own."""
        return Turn(self.prefix if prefix is None else prefix, self.suffix if suffix is None else suffix)


NOTHING = Turn()


@dataclass(frozen=True)
class Turns:
    """How a model was taught to converse. An engine applies none of it for a web file: the page does."""

    user: Turn = NOTHING
    model: Turn = NOTHING
    system: Turn | None = None
    """None where there are no turns but those of the user and the model."""
    opening: str = ""
    """What stands in front of the first turn, such as a system text of the template's own."""
    ends: tuple[str, ...] = ()
    """Pieces that end an answer, where the tokenizer has them."""

    @property
    def question(self) -> Turn:
        """What stands around a single question: up to where the model begins."""
        return Turn(self.opening + self.user.prefix, self.user.suffix + self.model.prefix)

    def asked(self, prefix: str | None, suffix: str | None) -> Turns:
        """With another text before the user's message, or after it up to where the model begins; None leaves it."""
        opening = self.opening if prefix is None else ""
        model = self.model if suffix is None else NOTHING
        return replace(self, opening=opening, user=self.user.changed(prefix, suffix), model=model)

    def affixes(self) -> Iterator[str]:
        """The texts of every turn."""
        for turn in (self.user, self.model, self.system or NOTHING):
            yield turn.prefix
            yield turn.suffix


@dataclass(frozen=True)
class AskedTurns:
    """What a user sets; None and () where nothing is."""

    prefix: str | None = None
    """Before a question."""
    suffix: str | None = None
    """After it, the beginning of the answer's turn included."""
    stops: tuple[str, ...] = ()
    """Pieces that end an answer, in place of all others."""
    system_prefix: str | None = None
    """Before what the system says."""
    system_suffix: str | None = None
    """After it."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing of a template is needed."""
        return self.prefix is not None and self.suffix is not None

    @property
    def changes_system(self) -> bool:
        """Whether the system's turn is set."""
        return self.system_prefix is not None or self.system_suffix is not None


NOTHING_ASKED = AskedTurns()
