"""Byte-level byte-pair tokenizers (GPT-2's kind), which most families but Gemma have: read from tokenizer.json, written as one, and run.

A text is cut at the added tokens, then into words by patterns; each word becomes bytes, each byte a letter of GPT-2's alphabet, and the
pairs of the list are joined, the first in the list first. What is done otherwise in a tokenizer.json is refused: a tokenizer that is
nearly equal makes a model that is nearly right. The engine reads what `to_json` writes; `tests/builder/model/test_byte_pairs.py`
holds `encode` to Hugging Face's tokenizers.
"""

from __future__ import annotations

import heapq
import itertools
import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

Step = Literal["digits", "gpt2", "llama3", "qwen2"]
"""A way to cut a text: every digit for itself, or into what a pattern finds."""

PATTERNS: dict[Step, str] = {"gpt2": GPT2, "llama3": LLAMA3, "qwen2": QWEN2}
"""As tokenizer.json spells them; GPT-2's is inside of its ByteLevel."""

WHITE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
"""Unicode's white space, of which Python's \\s has more."""

Pair = tuple[str, str]


def _alphabet() -> list[str]:
    """The letter of each byte: itself where it can be seen, else one from 256 on."""
    seen = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in seen else chr(next(others)) for byte in range(256)]


LETTERS = _alphabet()
BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}


class NotBytePairsError(ValueError):
    """What is not such a tokenizer, or not a sound one: the reason, as the rest of a sentence."""


@dataclass(frozen=True)
class AddedToken:
    """A text that is a token wherever it stands."""

    id: int
    text: str
    special: bool


@dataclass(frozen=True)
class BytePairs:
    """A tokenizer; NotBytePairsError where its parts do not fit together."""

    pieces: tuple[str, ...]
    """By id, in GPT-2's letters; added tokens as they are."""
    merges: tuple[Pair, ...]
    added: tuple[AddedToken, ...]
    steps: tuple[Step, ...]
    composed: bool = False
    """Whether a text is first put into Unicode's composed form (NFC)."""
    words_first: bool = False
    """Whether a word that is a piece is taken whole, whatever the merges make of it (`ignore_merges`)."""
    unknown: str | None = None
    """The piece for a byte that has none; None: it is left out."""

    def __post_init__(self) -> None:
        if len(self._ids) != len(self.pieces):
            raise NotBytePairsError("has a piece twice")
        for token in self.added:
            if not 0 <= token.id < len(self.pieces) or self.pieces[token.id] != token.text or not token.text:
                raise NotBytePairsError(f"has an added token with the id {token.id}, which is another piece's")
        for left, right in self.merges:
            if not (left in self._ids and right in self._ids and left + right in self._ids):
                raise NotBytePairsError(f"joins {left!r} and {right!r}, which or whose whole is no piece")
        if self.unknown is not None and self.unknown not in self._ids:
            raise NotBytePairsError(f"has the unknown token {self.unknown!r}, which is no piece")

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {piece: i for i, piece in enumerate(self.pieces)}

    @cached_property
    def _ranks(self) -> dict[Pair, int]:
        return {pair: rank for rank, pair in reversed(list(enumerate(self.merges)))}

    @cached_property
    def _cuts(self) -> re.Pattern[str] | None:
        """What finds added tokens, the longest first."""
        texts = sorted((token.text for token in self.added), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, texts))) if texts else None

    @cached_property
    def _known(self) -> dict[str, list[int]]:
        """Ids of words that were met."""
        return {}

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without a token that begins it."""
        ids: list[int] = []
        end = 0
        for found in self._cuts.finditer(text) if self._cuts else ():
            ids += self._plain(text[end : found.start()])
            ids.append(self._ids[found[0]])
            end = found.end()
        ids += self._plain(text[end:])
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, what is no UTF-8 in it replaced."""
        special = {token.id: token.text for token in self.added}
        data = b"".join(special[i].encode() if i in special else self._bytes_of(i) for i in ids)
        return data.decode(errors="replace")

    def id_to_piece(self, number: int) -> str:
        """A piece by its id."""
        return self.pieces[number]

    def _bytes_of(self, number: int) -> bytes:
        return bytes(BYTES[letter] for letter in self.pieces[number] if letter in BYTES)

    def _plain(self, text: str) -> Iterator[int]:
        words = [unicodedata.normalize("NFC", text) if self.composed else text]
        for step in self.steps:
            words = [part for word in words for part in cutter(step).findall(word)]
        for word in words:
            if word not in self._known:
                self._known[word] = self._joined("".join(LETTERS[byte] for byte in word.encode(errors="replace")))
            yield from self._known[word]

    def _joined(self, word: str) -> list[int]:
        if self.words_first and word in self._ids:
            return [self._ids[word]]
        parts = list(word)
        before, after = list(range(-1, len(parts) - 1)), [*range(1, len(parts)), -1]
        # rank, place of the left part, letters of both: the first of the list first, then the leftmost
        pairs: list[tuple[int, int, int]] = []

        def offer(left: int, right: int) -> None:
            rank = self._ranks.get((parts[left], parts[right])) if left >= 0 <= right else None
            if rank is not None:
                heapq.heappush(pairs, (rank, left, len(parts[left]) + len(parts[right])))

        for right in range(1, len(parts)):
            offer(right - 1, right)
        while pairs:
            _, left, size = heapq.heappop(pairs)
            right = after[left]
            if not parts[left] or right < 0 or len(parts[left]) + len(parts[right]) != size:
                continue  # joined since
            parts[left], parts[right] = parts[left] + parts[right], ""
            after[left] = after[right]
            if after[right] >= 0:
                before[after[right]] = left
            offer(before[left], left)
            offer(left, after[left])
        unknown = [] if self.unknown is None else [self._ids[self.unknown]]
        found = ([self._ids[part]] if part in self._ids else unknown for part in parts if part)
        return list(itertools.chain.from_iterable(found))

    def to_json(self) -> bytes:
        """As a tokenizer.json that adds nothing to a text. The same tokenizer makes the same bytes."""
        tokens = [
            {
                "id": token.id,
                "content": token.text,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": token.special,
            }
            for token in sorted(self.added, key=lambda token: token.id)
        ]
        values = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": tokens,
            "normalizer": {"type": "NFC"} if self.composed else None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": list(self._pre_tokenizers())},
            "post_processor": None,
            "decoder": _byte_level(use_regex=True),
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": self.unknown,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": self.words_first,
                "vocab": self._ids,
                "merges": [list(pair) for pair in self.merges],
            },
        }
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()

    def _pre_tokenizers(self) -> Iterator[dict[str, Any]]:
        for step in self.steps:
            if step == "digits":
                yield {"type": "Digits", "individual_digits": True}
            elif step != "gpt2":
                pattern = {"Regex": PATTERNS[step]}
                yield {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}
        yield _byte_level(use_regex="gpt2" in self.steps)


def _byte_level(*, use_regex: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def is_byte_level(values: Mapping[str, Any]) -> bool:
    """Whether a tokenizer.json is of this kind, sound or not."""
    return any(
        isinstance(step, dict) and step.get("type") == "ByteLevel" for step in _sequence(values, "pre_tokenizer")
    )


def byte_pairs_in(values: Mapping[str, Any], rows: int) -> BytePairs:
    """The tokenizer of a tokenizer.json; NotBytePairsError says why it is none. Added tokens behind the embedding's `rows` are left
    out: no model can read them.
    """
    model = values.get("model")
    model = model if isinstance(model, dict) else {}
    usual: list[tuple[str, Any, tuple[Any, ...]]] = [
        ("model.type", model.get("type", "BPE"), ("BPE",)),
        ("model.dropout", model.get("dropout"), (None, 0.0)),
        ("model.continuing_subword_prefix", model.get("continuing_subword_prefix"), (None, "")),
        ("model.end_of_word_suffix", model.get("end_of_word_suffix"), (None, "")),
        ("model.byte_fallback", model.get("byte_fallback", False), (False,)),
        ("model.fuse_unk", model.get("fuse_unk", False), (False,)),
        ("normalizer", [one.get("type") for one in _sequence(values, "normalizer")], ([], ["NFC"])),
    ]
    for name, found, expected in usual:
        if found not in expected:
            raise NotBytePairsError(f"has {name} {found!r:.80}, expected {expected[-1]!r}")
    added = _added_tokens(values.get("added_tokens"), rows)
    vocabulary, unknown = model.get("vocab"), model.get("unk_token")
    if not isinstance(vocabulary, dict) or not isinstance(unknown, str | None):
        raise NotBytePairsError("has no vocabulary")
    ids = dict(vocabulary) | {token.text: token.id for token in added}
    if any(not isinstance(i, int) or isinstance(i, bool) for i in ids.values()) or sorted(ids.values()) != list(
        range(len(ids))
    ):
        raise NotBytePairsError(f"does not number its {len(ids):,} pieces from 0 on, each once")
    return BytePairs(
        pieces=tuple(sorted(ids, key=ids.__getitem__)),
        merges=tuple(_merges(model.get("merges"))),
        added=added,
        steps=tuple(_steps(values)),
        composed=bool(_sequence(values, "normalizer")),
        words_first=model.get("ignore_merges") is True,
        unknown=unknown,
    )


def start_text(values: Mapping[str, Any]) -> str | None:
    """The token that the tokenizer puts in front of a text, None where it puts none."""
    steps = _sequence(values, "post_processor", "processors")
    template = next((one for one in steps if one.get("type") == "TemplateProcessing"), {})
    single = template.get("single")
    first = (
        single[0].get("SpecialToken") if isinstance(single, list) and single and isinstance(single[0], dict) else None
    )
    found = first.get("id") if isinstance(first, dict) else None
    return found if isinstance(found, str) else None


def _sequence(values: Mapping[str, Any], key: str, inside: str | None = None) -> list[dict[str, Any]]:
    """The steps of a part of tokenizer.json, one or several."""
    found = values.get(key)
    if isinstance(found, dict) and found.get("type") == "Sequence":
        found = found.get(inside or {"pre_tokenizer": "pretokenizers", "normalizer": "normalizers"}[key])
    steps = found if isinstance(found, list) else [] if found is None else [found]
    if not all(isinstance(step, dict) for step in steps):
        raise NotBytePairsError(f"has a {key} that is none")
    return steps


def _steps(values: Mapping[str, Any]) -> Iterator[Step]:
    steps = _sequence(values, "pre_tokenizer")
    for place, step in enumerate(steps):
        match step:
            case {"type": "Digits", "individual_digits": True}:
                yield "digits"
            case {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": "Isolated", "invert": False}:
                known: dict[str, Step] = {LLAMA3: "llama3", QWEN2: "qwen2", GPT2: "gpt2"}
                if pattern not in known:
                    raise NotBytePairsError(f"cuts texts by the pattern {pattern!r:.80}, which onpage does not know")
                yield known[pattern]
            case {"type": "ByteLevel", "add_prefix_space": False} if place == len(steps) - 1:
                if step.get("use_regex", True):
                    yield "gpt2"
            case _:
                raise NotBytePairsError(f"has the step {step!r:.80} before its pairs, which onpage does not know")


def _added_tokens(said: Any, rows: int) -> tuple[AddedToken, ...]:
    found = []
    for token in said if isinstance(said, list) else ():
        match token:
            case {"id": int(number), "content": str(text)} if not isinstance(number, bool):
                options = [key for key in ("single_word", "lstrip", "rstrip") if token.get(key)]
                if options:
                    raise NotBytePairsError(f"has the added token {text!r:.80} with {options[0]}")
                if number < rows:
                    found.append(AddedToken(number, text, token.get("special") is True))
            case _:
                raise NotBytePairsError(f"has the added token {token!r:.80}")
    return tuple(found)


def _merges(said: Any) -> Iterator[Pair]:
    for merge in said if isinstance(said, list) else ():
        match merge.split(" ") if isinstance(merge, str) else merge:
            case [str(left), str(right)]:
                yield left, right
            case _:
                raise NotBytePairsError(f"joins {merge!r:.80}, which is no pair")


@cache
def cutter(step: Step) -> re.Pattern[str]:
    """What finds the parts of a text one after the other, all of it."""
    return re.compile(_translated(r"\p{N}|[^\p{N}]+" if step == "digits" else PATTERNS[step]))


def _translated(pattern: str) -> str:
    """A pattern with Unicode's classes spelled out, which Python has none for, in brackets or not."""
    parts, inside = [], False
    for part in re.findall(r"\\p\{.\}|\\.|.", pattern):
        if part in ("[", "]"):
            inside = part == "["
        if part == r"\S":
            parts.append(f"[^{WHITE}]")
        elif part in (r"\p{L}", r"\p{N}", r"\s"):
            characters = WHITE if part == r"\s" else _class(part[3])
            parts.append(characters if inside else f"[{characters}]")
        else:
            parts.append(part)
    return "".join(parts)


@cache
def _class(category: str) -> str:
    """The characters of a general category (L: letters, N: numbers), for between the brackets of a pattern."""
    ranges: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] != category:
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = ranges[-1][0], code
        else:
            ranges.append((code, code))
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
