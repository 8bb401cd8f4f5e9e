"""Which tokens a model is calibrated on."""

from __future__ import annotations

from pathlib import Path

from builder.errors import OnpageError
from builder.files.reading import NotReadableError, read_bounded
from builder.model.tokenizer import Tokenizer

DEFAULT_TEXT = Path(__file__).with_name("text.txt")
"""Prose, dialogue, news, letters, recipes, code and data, some of it not English: about 3,800 tokens of a Gemma. No text that models
are judged by here is in it."""

TOKENS = 4096
"""What is read at most: more gains little and takes longer."""

CONTEXT = 256
"""Tokens that see each other, the start token included."""

MAX_TEXT = 16 << 20

Texts = list[list[int]]
"""Ids of several texts, each with its start token."""


def read_texts(path: Path, tokenizer: Tokenizer, tokens: int = TOKENS) -> Texts:
    """The first `tokens` of a file in UTF-8, cut to CONTEXT; OnpageError where it cannot be read or is too short."""
    try:
        text = read_bounded(path, MAX_TEXT).decode()
    except NotReadableError as error:
        raise OnpageError(f"{path} {error}.", subject=path) from None
    except UnicodeDecodeError:
        raise OnpageError(f"{path} is not text: expected UTF-8.", subject=path) from None
    ids = tokenizer.processor.encode(text[: 64 * tokens])[:tokens]
    if not ids:
        raise OnpageError(f"{path} holds no text to calibrate on.", subject=path)
    return cut(ids, tokenizer.alone_id)


def cut_off(texts: Texts, tokens: int) -> Texts:
    """The first `tokens` of them all, start tokens not counted."""
    kept: Texts = []
    for text in texts:
        if tokens <= 0:
            break
        kept.append(text[: tokens + 1])
        tokens -= len(text) - 1
    return kept


def cut(ids: list[int], start_id: int) -> Texts:
    """One text in pieces of CONTEXT."""
    step = CONTEXT - 1
    return [[start_id, *ids[first : first + step]] for first in range(0, len(ids), step)]
