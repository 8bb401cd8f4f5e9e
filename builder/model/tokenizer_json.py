"""tokenizer.json (Hugging Face tokenizers) → the SentencePiece model that the web format wants, or a refusal.

Both are byte-pair encoding, said in two ways. SentencePiece has a score a piece and joins any two neighbours whose text is
a piece, the best score first. tokenizer.json lists the pairs, the first in the list first. The two agree on every text when

- each piece's pairs stand together in the list, so that one score a piece gives the order of the list;
- the list holds every pair of known parts of a piece, so that SentencePiece joins nothing that the list leaves apart;
- added tokens are cut out first, as SentencePiece cuts out user defined pieces;
- the text is otherwise changed in one way only: a space is written "▁"; what no piece covers becomes bytes.

Each is checked, and a file that breaks one is refused: a tokenizer that is nearly equal makes a model that is nearly right.
Texts remain on which the two differ, in published files as well, and there SentencePiece is what Gemma was trained with: one
that spells a control token such as "<bos>" (SentencePiece reads it as plain text), runs of more spaces than the longest token
of spaces (it takes the longest first), runs like "aaa" that a piece can be made from in two overlapping ways (it takes the
left one), and texts that hold the character "▁" itself (it is a space).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sentencepiece import sentencepiece_model_pb2 as proto

from builder.errors import TokenizerError
from builder.files.reading import read_json_object, shown

MAX_BYTES = 64 << 20
"""Gemma 3's tokenizer.json has 33 MB."""

MAX_CHARACTERS = 512
"""Of a piece: the time to check one grows with the square of its length."""

MAX_PAIRS = 200_000
"""Of added tokens that are compared with each other."""

SPACE = "\u2581"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
DEFAULT_NAMES = {"pad": "<pad>", "eos": "<eos>", "bos": "<bos>"}
COPY = "copy tokenizer.model from the base model's repository into the folder"
NO_SPLIT = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
"""What Gemma's files say: cut at spaces, of which none is left by then."""

Pair = tuple[str, str]


def sentencepiece_from_json(path: Path, rows: int) -> bytes:
    """A SentencePiece model that splits every text as tokenizer.json at `path` does; TokenizerError where there is none.

    `rows` are the embedding's: transformers adds tokens such as "<mask>" behind them, which no model can read. The names of the begin, end and padding token are those of tokenizer_config.json beside it, else Gemma's.
    """
    return sentencepiece_of(path, read_json_object(path, MAX_BYTES), rows, _control_names(path), COPY)


def sentencepiece_of(path: Path, values: dict[str, Any], rows: int, control: Mapping[str, str], instead: str) -> bytes:
    """As `sentencepiece_from_json`, of the values of a tokenizer.json. `control` has the names of the begin, end and padding token ("bos",
    "eos", "pad"); errors name `path`, and say what to do `instead`."""
    source = _Source(path, values, rows, instead)
    source.refuse_other_steps()
    vocabulary, added = source.vocabulary(), source.added()
    unknown = source.model.get("unk_token")
    if not isinstance(unknown, str) or unknown not in vocabulary:
        source.refuse(f"unk_token is {shown(unknown)}, which is not in the vocabulary")
    # the usual ones too: a text that spells <eos> must not end an answer because fine-tuning chose another end
    controls = {*control.values(), *(added & {*DEFAULT_NAMES.values()})}
    fixed = {*controls, unknown}
    tab_is_byte = "<0x09>" not in vocabulary and "\t" in vocabulary and "\t" not in added
    bytes_ = {"\t" if tab_is_byte and name == "<0x09>" else name: name for name in BYTES}
    missing = [name for name in bytes_ if name not in vocabulary]
    if missing:
        source.refuse(f"the byte {missing[0]} is not in the vocabulary")
    normal = vocabulary.keys() - added - fixed - bytes_.keys()
    order = source.scores(normal, set(BYTES) | added | fixed)

    model = proto.ModelProto()
    piece = proto.ModelProto.SentencePiece
    for text, _ in sorted(vocabulary.items(), key=lambda item: item[1]):
        if text in controls:
            model.pieces.add(piece=text, score=0.0, type=piece.CONTROL)
        elif text == unknown:
            model.pieces.add(piece=text, score=0.0, type=piece.UNKNOWN)
        elif text in bytes_:
            model.pieces.add(piece=bytes_[text], score=0.0, type=piece.BYTE)
        elif text in added:
            model.pieces.add(piece=text, score=0.0, type=piece.USER_DEFINED)
        else:
            model.pieces.add(piece=text, score=-float(order.get(text, len(order))), type=piece.NORMAL)
    spec = model.trainer_spec
    spec.model_type = spec.BPE
    spec.vocab_size = len(model.pieces)
    spec.byte_fallback = True
    spec.unk_id, spec.unk_piece = vocabulary[unknown], unknown
    for kind, name in control.items():
        setattr(spec, f"{kind}_id", vocabulary.get(name, -1))
        setattr(spec, f"{kind}_piece", name)
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    return bytes(model.SerializeToString(deterministic=True))


def pieces_in_json(path: Path, rows: int) -> dict[int, str]:
    """Id → piece of tokenizer.json, of whatever kind it is; those behind the embedding's `rows` are left out."""
    values = read_json_object(path, MAX_BYTES)
    model, added = values.get("model"), values.get("added_tokens")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    pieces: dict[int, str] = {}
    if isinstance(vocabulary, dict):
        pieces = {number: text for text, number in vocabulary.items() if isinstance(number, int)}
    elif isinstance(vocabulary, list):  # with scores
        pieces = {i: str(entry[0]) for i, entry in enumerate(vocabulary) if isinstance(entry, list) and entry}
    for token in added if isinstance(added, list) else ():
        if isinstance(token, dict) and isinstance(token.get("id"), int):
            pieces[token["id"]] = str(token.get("content"))
    return {number: text for number, text in pieces.items() if 0 <= number < rows}


def first_difference(pieces: Sequence[str], other: Mapping[int, str]) -> str | None:
    """Where the pieces of a SentencePiece model and those of tokenizer.json part, in words; None where they do not."""
    for number in range(max(len(pieces), max(other, default=-1) + 1)):
        ours = pieces[number] if number < len(pieces) else None
        theirs = other.get(number)
        same = ours == theirs or (ours == "<0x09>" and theirs == "\t")
        if not same:
            return f"token {number} is {shown(ours)} in tokenizer.model, {shown(theirs)} in tokenizer.json"
    return None


def same_order(first: bytes, second: bytes) -> bool:
    """Whether two SentencePiece models of the same pieces join them in the same order; `second` is one that was made here."""
    ours, theirs = (proto.ModelProto.FromString(model).pieces for model in (first, second))
    lowest = min((piece.score for piece in theirs), default=0.0)  # of all that nothing is joined to
    joined = sorted(
        (-piece.score, number)
        for number, piece in enumerate(theirs)
        if piece.type == piece.NORMAL and piece.score > lowest
    )
    scores = [ours[number].score for _, number in joined if ours[number].type == ours[number].NORMAL]
    return len(scores) == len(joined) and all(left > right for left, right in itertools.pairwise(scores))


@dataclass(frozen=True)
class _Source:
    """tokenizer.json, read with suspicion."""

    path: Path
    values: dict[str, Any]
    rows: int
    instead: str

    def refuse(self, reason: str) -> NoReturn:
        raise TokenizerError(
            f"{self.path}: {reason}, so no SentencePiece model is exactly equal to it: {self.instead}.",
            subject=self.path,
        )

    @property
    def model(self) -> dict[str, Any]:
        model = self.values.get("model")
        return model if isinstance(model, dict) else {}

    def refuse_other_steps(self) -> None:
        """Whatever else is done to a text than what the module says."""
        model = self.model
        wanted: list[tuple[str, Any, tuple[Any, ...]]] = [
            ("model.type", model.get("type", "BPE"), ("BPE",)),
            ("model.dropout", model.get("dropout"), (None, 0.0)),
            ("model.continuing_subword_prefix", model.get("continuing_subword_prefix"), (None, "")),
            ("model.end_of_word_suffix", model.get("end_of_word_suffix"), (None, "")),
            ("model.byte_fallback", model.get("byte_fallback"), (True,)),
            ("model.ignore_merges", model.get("ignore_merges", False), (False,)),
            ("normalizer", _flat(self.values.get("normalizer")), (_SPACES,)),
            ("pre_tokenizer", self.values.get("pre_tokenizer"), (None, NO_SPLIT)),
        ]
        for name, found, usual in wanted:
            if found not in usual:
                self.refuse(f"{name} is {shown(found)}, expected {shown(usual[-1])}")

    def vocabulary(self) -> dict[str, int]:
        """Piece → id, added tokens too; the ids are 0 to n - 1, each once."""
        found = self.model.get("vocab")
        if not isinstance(found, dict):
            self.refuse(f"model.vocab is {shown(found)}, expected an object of pieces and ids")
        vocabulary = dict(found)
        for token in self._added_tokens():
            if vocabulary.setdefault(token["content"], token["id"]) != token["id"]:
                self.refuse(f"the added token {shown(token['content'])} has another id than in the vocabulary")
        ids = list(vocabulary.values())
        if any(not isinstance(i, int) or isinstance(i, bool) for i in ids) or sorted(ids) != list(range(len(ids))):
            self.refuse(f"the ids of the vocabulary are not 0 to {len(ids) - 1}, each once")
        if any("\0" in text or not text for text in vocabulary):
            self.refuse("a piece is empty or holds a null character")
        longest = max(vocabulary, key=len, default="")
        if len(longest) > MAX_CHARACTERS:
            self.refuse(f"a piece has {len(longest):,} characters, expected at most {MAX_CHARACTERS}")
        if any(not _is_unicode(text) for text in vocabulary):
            self.refuse("a piece holds half of a surrogate pair, which is not text")
        return vocabulary

    def added(self) -> set[str]:
        """Texts that are cut out before all else."""
        plain, normalized = set[str](), set[str]()
        for token in self._added_tokens():
            text = token["content"]
            options = [key for key in ("single_word", "lstrip", "rstrip") if token.get(key)]
            if options:
                self.refuse(f"the added token {shown(text)} has {options[0]}")
            if " " in text or (SPACE in text and text.strip(SPACE)):
                self.refuse(f"the added token {shown(text)} holds a space")
            (normalized if token.get("normalized") else plain).add(text)
        if len(plain) * len(normalized) > MAX_PAIRS:
            self.refuse(f"{len(normalized):,} of the added tokens are normalized, and {len(plain):,} are not")
        for text in normalized:  # cut out after the plain ones, which SentencePiece does in one go
            for other in plain:
                if _overlap(text, other):
                    self.refuse(f"the added tokens {shown(text)} and {shown(other)} overlap")
        return plain | normalized

    def _added_tokens(self) -> list[dict[str, Any]]:
        tokens = self.values.get("added_tokens") or []
        if not isinstance(tokens, list):
            self.refuse(f"added_tokens is {shown(tokens)}, expected a list")
        for token in tokens:
            if not isinstance(token, dict) or not isinstance(token.get("content"), str):
                self.refuse(f"the added token {shown(token)} has no content")
            if not isinstance(token.get("id"), int):
                self.refuse(f"the added token {shown(token)} has no id")
        return [token for token in tokens if token["id"] < self.rows]

    def _merges(self) -> Iterable[Pair]:
        merges = self.model.get("merges")
        if not isinstance(merges, list):
            self.refuse(f"model.merges is {shown(merges)}, expected a list of pairs")
        for merge in merges:
            pair = merge.split(" ") if isinstance(merge, str) else merge
            if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
                self.refuse(f"{shown(merge)} in model.merges is not a pair")
            yield pair[0], pair[1]

    def scores(self, normal: set[str], never: set[str]) -> dict[str, int]:
        """Place of each piece among those that pairs make, the first one's 0.

        `never` are texts that no part can be: what is cut out before, control tokens and the names of bytes.
        """
        place: dict[str, int] = {}
        listed: dict[str, int] = {}
        last = None
        for left, right in self._merges():
            whole = left + right
            if whole in never or left in never or right in never:
                continue  # of no effect: cut out before, whole or in part
            if whole not in normal:
                self.refuse(f"the pair {shown((left, right))} makes no piece of the vocabulary")
            if whole != last and whole in place:
                self.refuse(f"the pairs that make {shown(whole)} do not stand together")
            last = whole
            place.setdefault(whole, len(place))
            listed[whole] = listed.get(whole, 0) + 1

        def occurs(part: str) -> bool:
            """SentencePiece begins with single characters, pieces or not; it would join one that the list leaves alone."""
            return part in normal or (len(part) == 1 and part not in never)

        for text in normal:
            expected = sum(occurs(text[:cut]) and occurs(text[cut:]) for cut in range(1, len(text)))
            if listed.get(text, 0) != expected:
                self.refuse(f"model.merges has {listed.get(text, 0)} pairs that make {shown(text)}, of {expected}")
        return place


_SPACES = [{"type": "Replace", "pattern": {"String": " "}, "content": SPACE}]


def _flat(normalizer: Any) -> Any:
    """The steps of a normalizer as a list."""
    if isinstance(normalizer, dict) and normalizer.get("type") == "Sequence":
        return normalizer.get("normalizers")
    return normalizer if normalizer is None else [normalizer]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _overlap(first: str, second: str) -> bool:
    if first in second or second in first:
        return True
    return any(
        first.endswith(second[:size]) or second.endswith(first[:size])
        for size in range(1, min(len(first), len(second)))
    )


def _control_names(path: Path) -> dict[str, str]:
    """Names of the padding, end and begin token."""
    beside = path.with_name("tokenizer_config.json")
    config = read_json_object(beside) if beside.is_file() else {}
    names = dict(DEFAULT_NAMES)
    for kind in names:
        token = config.get(f"{kind}_token")
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str) and token and _is_unicode(token):
            names[kind] = token
    return names
