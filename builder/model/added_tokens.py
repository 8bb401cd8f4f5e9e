"""Tokens that fine-tuning added to a tokenizer: in files of their own, beside a tokenizer.model that stayed as it was.

transformers reads added_tokens.json and the added_tokens_decoder of tokenizer_config.json. What they add is cut out of a text
before all else, which in a SentencePiece model is a user defined piece.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as proto

from builder.errors import TokenizerError
from builder.files.reading import read_json_object, shown

SPACE = "\u2581"
MAX_TEXT = 512

Piece = proto.ModelProto.SentencePiece
REPLACEABLE = (Piece.USER_DEFINED, Piece.UNUSED)
"""Pieces without a place in the order of merges: spare ones are given other names."""


def read_added_tokens(folder: Path) -> dict[int, str]:
    """Id → text, of both files; TokenizerError where they are nonsense or say different things."""
    found: dict[int, str] = {}
    path = folder / "added_tokens.json"
    for text, number in (read_json_object(path) if os.path.lexists(path) else {}).items():
        _take(path, found, number, text)
    path = folder / "tokenizer_config.json"
    decoder = read_json_object(path).get("added_tokens_decoder") if os.path.lexists(path) else None
    for key, value in decoder.items() if isinstance(decoder, dict) else ():
        _take(
            path,
            found,
            int(key) if key.isdecimal() and len(key) < 10 else key,
            value.get("content") if isinstance(value, dict) else value,
        )
    return found


def _take(path: Path, found: dict[int, str], number: object, text: object) -> None:
    usable = isinstance(number, int) and not isinstance(number, bool) and number >= 0
    if not usable or not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT or not _is_text(text):
        raise TokenizerError(
            f"{path} adds the token {shown(text)} with the id {shown(number)}: expected a text and a whole number.",
            subject=path,
        )
    assert isinstance(number, int)
    if found.setdefault(number, text) != text:
        raise TokenizerError(
            f"{path} calls token {number} {shown(text)}, but added_tokens.json calls it {shown(found[number])}: use the files "
            f"that belong together.",
            subject=path,
        )


def _is_text(text: str) -> bool:
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:
        return False


def add_tokens(path: Path, model: proto.ModelProto, added: Mapping[int, str], rows: int) -> list[str]:
    """Puts the tokens into the SentencePiece model of `path`, and returns those that were new.

    Those behind the embedding's `rows` are left out: no model can read them. TokenizerError names a token that
    contradicts the model.
    """
    ids = {piece.piece: number for number, piece in enumerate(model.pieces)}
    new = []
    for number, written in sorted(added.items()):
        text = written.replace(" ", SPACE)
        if number >= rows:
            continue
        if number > len(model.pieces):
            raise _refused(path, text, number, f"ids {len(model.pieces):,} to {number - 1:,} have no piece")
        old = model.pieces[number] if number < len(model.pieces) else None
        if old is not None and (old.piece == text or old.type == Piece.BYTE):
            continue
        if text in ids:
            raise _refused(path, text, number, f"it is piece {ids[text]:,} there")
        if old is None:
            model.pieces.add(piece=text, score=0.0, type=Piece.USER_DEFINED)
        elif old.type in REPLACEABLE:
            ids.pop(old.piece)
            old.piece, old.score, old.type = text, 0.0, Piece.USER_DEFINED
        else:
            raise _refused(path, text, number, f"that id is {shown(old.piece)} there")
        ids[text] = number
        new.append(text)
    if new:
        model.trainer_spec.vocab_size = len(model.pieces)
    return new


def _refused(path: Path, text: str, number: int, reason: str) -> TokenizerError:
    return TokenizerError(
        f"The added token {shown(text)} has the id {number:,}, which does not fit {path}: {reason}; use the tokenizer that this "
        f"checkpoint was trained with.",
        subject=text,
    )
