"""An encoder's tokenizer as the file holds it, and the tokens that the engine puts before and behind a text."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.bundle.litertlm import tokenizer_section
from builder.errors import TokenizerError
from builder.files.reading import read_json_object, shown
from builder.model.sidecars import FolderSidecars

MAX_BYTES = 64 << 20
WORD_PIECE = "WordPiece"


@dataclass(frozen=True)
class EncoderTokens:
    """What the file's two sections about tokens say."""

    section: bytes
    is_sentencepiece: bool
    begin: int | None
    """The token before every text."""
    end: int | None
    """The token behind every text."""

    @classmethod
    def of(cls, folder: Path, rows: int) -> EncoderTokens:
        """Of a checkpoint whose table has `rows`; TokenizerError where its tokenizer cannot be used."""
        path = folder / "tokenizer.json"
        values = read_json_object(path, MAX_BYTES) if path.is_file() else {}
        model = values.get("model")
        if isinstance(model, dict) and model.get("type") == WORD_PIECE:
            return _word_pieces(path, values, rows)
        if (folder / "vocab.txt").is_file():
            raise TokenizerError(
                f"{path} is missing: load the model with transformers' AutoTokenizer and save it again, which writes it.",
                subject=path,
            )
        tokenizer = FolderSidecars(folder).tokenizer(rows)
        before, after = _around(path, values)
        said = _settings(folder)
        if before is None and said.get("add_bos_token", True) and tokenizer.start_id >= 0:
            before = tokenizer.start_id
        if after is None and said.get("add_eos_token", False) and tokenizer.end_id >= 0:
            after = tokenizer.end_id
        return cls(tokenizer_section(tokenizer), tokenizer.is_sentencepiece, before, after)


def _word_pieces(path: Path, values: dict[str, Any], rows: int) -> EncoderTokens:
    vocabulary = values["model"].get("vocab")
    ids = list(vocabulary.values()) if isinstance(vocabulary, dict) else []
    if not ids or not all(isinstance(i, int) and 0 <= i < rows for i in ids):
        raise TokenizerError(
            f"{path} has pieces that the model's table of {rows:,} rows has no place for.", subject=path
        )
    before, after = _around(path, values)
    # with these the engine would cut a text at a length of theirs and fill up a short one
    whole = values | {"truncation": None, "padding": None, "post_processor": None}
    packed = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    return EncoderTokens(len(packed).to_bytes(8, "little") + zlib.compress(packed, 9), False, before, after)


def _around(path: Path, values: dict[str, Any]) -> tuple[int | None, int | None]:
    """The tokens before and behind a text, as tokenizer.json's last step has them; None where it says nothing."""
    step = values.get("post_processor")
    try:
        match step:
            case {"type": "TemplateProcessing", "single": list(single), "special_tokens": dict(special)}:
                named = [piece["SpecialToken"]["id"] if "SpecialToken" in piece else None for piece in single]
                place = named.index(None)
                before, after = (
                    [special[name]["ids"] for name in some] for some in (named[:place], named[place + 1 :])
                )
                return _only(before), _only(after)
            case {"type": "BertProcessing" | "RobertaProcessing", "cls": [_, int(before)], "sep": [_, int(after)]}:
                return before, after
            case {"type": "ByteLevel"} | None:
                return None, None
    except (KeyError, TypeError, ValueError):
        pass
    raise TokenizerError(
        f"{path} puts {shown(step)} around a text: expected at most one token before and one behind it.", subject=path
    )


def _only(ids: list[list[int]]) -> int | None:
    if not ids:
        return None
    [[found]] = ids
    return found


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    return read_json_object(path) if path.is_file() else {}
