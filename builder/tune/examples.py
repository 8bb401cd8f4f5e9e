"""Conversations as token ids, with the model's own turns: the same ids that the page gives the engine.

Learned are the answers and the piece that ends each, and nothing else: what the user and the turns say only stands before them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from builder.errors import DataError, TokenizerError
from builder.model import function_calls
from builder.model.families.functiongemma import RESPONSE
from builder.tune.data import Conversation, Message

if TYPE_CHECKING:
    from builder.model.tokenizer import Tokenizer
    from builder.model.turns import Turns


@dataclass(frozen=True)
class Example:
    """Token ids, and for each whether it is learned."""

    ids: tuple[int, ...]
    learned: tuple[bool, ...]

    @property
    def answer_tokens(self) -> int:
        return sum(self.learned)


@dataclass(frozen=True)
class Encoder:
    """Turns texts into ids."""

    encode: Callable[[str], list[int]]
    start_id: int
    turns: Turns
    end: str
    """The piece that ends an answer."""
    control: frozenset[str]
    """Pieces that no message may hold."""
    calls: bool = False
    """Whether it is a FunctionGemma, which has pieces for calls."""

    @classmethod
    def of(cls, tokenizer: Tokenizer, turns: Turns) -> Encoder:
        """For a model's tokenizer and turns; TokenizerError where nothing ends an answer."""
        end = next((piece for piece in (*turns.ends, "<eos>", "</s>") if tokenizer.id_of(piece) is not None), None)
        if end is None:
            raise TokenizerError(
                f"{tokenizer.path} has no piece that ends an answer: a tuned model would never stop.",
                subject=tokenizer.path,
            )
        readable = tokenizer.reading(end)
        marks = {
            piece for text in turns.affixes() for piece in tokenizer.pieces if piece.startswith("<") and piece in text
        }
        return cls(
            readable.processor.encode,
            readable.start_id,
            turns,
            end,
            frozenset({*marks, end, tokenizer.start_piece} - {""}),
            all(tokenizer.id_of(piece) is not None for piece in function_calls.PIECES),
        )

    def example(self, conversation: Conversation) -> Example:
        """DataError where a message holds a piece that only the turns may hold."""
        ids = [self.start_id] if self.start_id >= 0 else []
        learned = [False] * len(ids)
        unlearned, system = self.turns.opening, ""
        for message in self._with_functions(conversation):
            held = next((piece for piece in self.control if piece in message.text), None)
            if held is not None:
                raise DataError(
                    f"{conversation.place}: a message holds {held}, which begins and ends turns: leave it out, the turns are "
                    "added to each message.",
                    subject=conversation.place,
                )
            match message.role:
                case "system" if self.turns.system is not None:  # in place of what opens a conversation without one
                    unlearned = self.turns.system.prefix + message.text + self.turns.system.suffix
                case "system":
                    system = f"{message.text}\n\n"
                case "user":
                    unlearned += self.turns.user.prefix + system + message.text + self.turns.user.suffix
                    unlearned, system = unlearned + self.turns.model.prefix, ""
                case "model":
                    end = RESPONSE if message.calls else self.end  # which begins what the program is to give
                    before, answer = self.encode(unlearned), self.encode(message.text + end)
                    ids += [*before, *answer]
                    learned += [False] * len(before) + [True] * len(answer)
                    unlearned = "" if message.calls else self.turns.model.suffix.removeprefix(self.end)
                case "tool":
                    unlearned = message.text.removeprefix(RESPONSE)
        return Example(tuple(ids), tuple(learned))

    def _with_functions(self, conversation: Conversation) -> tuple[Message, ...]:
        """The messages with declarations, calls and results as their texts; DataError for a model that has no pieces for them."""
        messages, tools, place = conversation.messages, conversation.tools, conversation.place
        if not tools and not any(message.calls for message in messages):
            return messages
        if not self.calls:
            raise DataError(
                f"{place}: it calls functions, for which this model's tokenizer has no pieces, as FunctionGemma's has: write "
                "declarations, calls and results as texts, in the form in which they will be sent.",
                subject=place,
            )
        written = json.dumps([*(message.calls and [c.value for c in message.calls] for message in messages), tools])
        held = next((piece for piece in {*function_calls.PIECES, *self.control} if piece in written), None)
        if held is not None:
            raise DataError(
                f"{place}: a function holds {held}, which only stands around texts: leave it out.", subject=place
            )
        declared = "".join(map(function_calls.declaration, tools))
        first = messages[0] if messages[0].role == "system" else Message("system", function_calls.TRIGGER)
        rest = messages[1:] if messages[0].role == "system" else messages
        return (replace(first, text=first.text + declared), *map(_written, rest))


def _written(message: Message) -> Message:
    write = function_calls.response if message.role == "tool" else function_calls.call
    return replace(message, text=message.text + "".join(write(each.name, each.value) for each in message.calls))


@dataclass(frozen=True)
class Split:
    """What is trained on and what only judges, and how many examples were longer than the model may see."""

    training: tuple[Example, ...]
    evaluation: tuple[Example, ...]
    too_long: int


def split(examples: Iterable[Example], *, share: float, longest: int, seed: int) -> Split:
    """Sets a random `share` aside for the evaluation: at least one example, at most half; the same for the same seed.

    The same example twice goes to the same side. DataError where fewer than two are short enough.
    """
    everything = list(examples)
    kept = [example for example in everything if len(example.ids) <= longest]
    distinct = list(dict.fromkeys(kept))
    if len(distinct) < 2:
        raise DataError(
            f"Of {len(everything):,} examples {len(distinct):,} different ones have at most {longest:,} tokens: at least two are "
            "wanted, one to learn from and one to judge by; give more, or a larger --max-tokens.",
            subject="examples",
        )
    wanted = min(max(1, round(share * len(distinct))), len(distinct) // 2)
    judging = set(Random(f"split {seed}").sample(range(len(distinct)), wanted))
    aside = {example for index, example in enumerate(distinct) if index in judging}
    return Split(
        training=tuple(example for example in kept if example not in aside),
        evaluation=tuple(example for example in distinct if example in aside),
        too_long=len(everything) - len(kept),
    )
