"""A small set to try `onpage tune` on: sentences and the emoji that say the same.

    python -m builder.tune.sample 200 > emoji.jsonl

Deterministic in the number of examples asked for, and no two are the same.
"""

from __future__ import annotations

import json
import sys
from random import Random

INSTRUCTION = "Translate to emoji: {text}"

WHO = {
    "I": "🙋", "my cat": "🐱", "the dog": "🐶", "a fox": "🦊", "the baby": "👶", "a farmer": "🧑‍🌾", "the cook": "🧑‍🍳",
    "an astronaut": "🧑‍🚀", "the teacher": "🧑‍🏫", "a robot": "🤖", "my grandmother": "👵", "a frog": "🐸", "the doctor": "🧑‍⚕️",
}  # fmt: skip
ACTIONS = {
    "eats": {"pizza": "🍕", "an apple": "🍎", "cake": "🍰", "noodles": "🍜", "cheese": "🧀", "a banana": "🍌"},
    "drinks": {"coffee": "☕", "tea": "🍵", "milk": "🥛", "juice": "🧃"},
    "plays": {"football": "⚽", "the guitar": "🎸", "chess": "♟️", "the drums": "🥁", "tennis": "🎾"},
    "rides": {"a bicycle": "🚲", "a horse": "🐎", "the train": "🚆", "a motorbike": "🏍️"},
    "buys": {"a book": "📖", "flowers": "💐", "shoes": "👟", "a hat": "🎩", "a present": "🎁"},
}  # fmt: skip
WHERE = {
    "on the beach": "🏖️", "in the mountains": "⛰️", "at home": "🏠", "at school": "🏫", "in the city": "🏙️", "in the forest": "🌲",
    "on the moon": "🌙",
}  # fmt: skip
WHEN = {"in the rain": "🌧️", "in the snow": "❄️", "in the sun": "☀️", "at night": "🌃", "in the morning": "🌅"}


def emoji_examples(count: int) -> list[dict[str, object]]:
    """`count` different examples, as `onpage tune` takes them."""
    rng = Random(f"emoji {count}")
    found: dict[str, str] = {}
    while len(found) < count:
        (who, subject), (verb, things) = rng.choice(list(WHO.items())), rng.choice(list(ACTIONS.items()))
        (thing, object_), (where, place) = rng.choice(list(things.items())), rng.choice(list(WHERE.items()))
        verb = verb.removesuffix("s") if who == "I" else verb
        words, signs = [who, verb, thing, where], [subject, object_, place]
        if rng.random() < 0.5:
            when, time = rng.choice(list(WHEN.items()))
            words, signs = [*words, when], [*signs, time]
        sentence = " ".join(words)
        found[f"{sentence[0].upper()}{sentence[1:]}."] = "".join(signs)
    return [
        {
            "messages": [
                {"role": "user", "content": INSTRUCTION.format(text=text)},
                {"role": "assistant", "content": emoji},
            ]
        }
        for text, emoji in found.items()
    ]


def main() -> None:
    """Writes the examples to stdout, one a line."""
    for example in emoji_examples(int(sys.argv[1]) if len(sys.argv) > 1 else 200):
        sys.stdout.buffer.write((json.dumps(example, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
