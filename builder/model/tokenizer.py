"""A model's tokenizer: which pieces it has, which ids begin and end a text; and the SentencePiece model beside a checkpoint, whether it
is sound and fits. Other kinds are classes of their own (`byte_pair_tokenizer`).

A corrupt model can crash whoever loads it, and a small file can ask for a lot of memory, so the trial load happens in a child
of limited memory, before this process parses the bytes as a protobuf.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from google.protobuf.message import DecodeError
from sentencepiece import SentencePieceProcessor
from sentencepiece import sentencepiece_model_pb2 as proto

from builder.errors import TokenizerError
from builder.files.reading import NotReadableError, read_bounded, shown
from builder.files.systems import limit_memory
from builder.model.added_tokens import add_tokens, read_added_tokens
from builder.model.tokenizer_json import first_difference, pieces_in_json, same_order, sentencepiece_from_json

MAX_BYTES = 32 << 20
"""Gemma 3's has 4.7 MB."""

END_OF_TEXT = "<|endoftext|>"
"""What models without a token that begins a text were trained to see between texts."""

TRIAL_SECONDS = 60
TRIAL_MEMORY = 400_000_000
"""Bytes; a sound model of 262,144 pieces takes 55 MB, of a million 173 MB."""

TRIAL = f"""{limit_memory(TRIAL_MEMORY)}
import sys
import sentencepiece
sentencepiece.SentencePieceProcessor().LoadFromSerializedProto(sys.stdin.buffer.read())
"""


class Processor(Protocol):
    """What reads and writes texts with a tokenizer."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without a token that begins it."""

    def decode(self, ids: list[int]) -> str:
        """The text of ids."""

    def id_to_piece(self, number: int) -> str:
        """A piece by its id."""


@dataclass(frozen=True)
class Tokenizer:
    """A SentencePiece model that loads."""

    path: Path
    model: bytes
    """As a bundle or a web file holds it."""
    pieces: tuple[str, ...]
    start_id: int
    """Beginning of a text, -1 where the model has none."""
    end_id: int
    controls: frozenset[str] = frozenset()
    """Pieces that no text becomes, such as `<bos>`."""
    notes: tuple[str, ...] = ()
    """What a user should know of how it was made."""

    @property
    def start_piece(self) -> str:
        """The piece that begins a text, empty where there is none."""
        return self.pieces[self.start_id] if self.start_id >= 0 else ""

    @property
    def beginning(self) -> tuple[int, ...]:
        """What engines put in front of a text: the token that begins one, where there is one."""
        return (self.start_id,) if self.start_id >= 0 else ()

    @property
    def alone_id(self) -> int:
        """What stands in front of a text that nothing is said before: the token that begins one, else the one that ended the last."""
        end_of_text = self.id_of(END_OF_TEXT)
        return self.start_id if self.start_id >= 0 else self.end_id if end_of_text is None else end_of_text

    @cached_property
    def processor(self) -> Processor:
        """What reads and writes texts with it."""
        processor: Processor = SentencePieceProcessor(model_proto=self.model)
        return processor

    @property
    def is_sentencepiece(self) -> bool:
        """Whether `model` is a SentencePiece model, the only kind that MediaPipe and web files have."""
        return True

    @classmethod
    def open(cls, path: Path) -> Tokenizer:
        """Reads tokenizer.model; TokenizerError where it is missing or does not load."""
        try:
            data = read_bounded(path, MAX_BYTES)
        except NotReadableError as error:
            hint = ": copy tokenizer.model (SentencePiece) from the base model's repository" if error.missing else ""
            raise TokenizerError(f"{path} {error}{hint}.", subject=path) from None
        return cls.from_bytes(path, data)

    @classmethod
    def of_checkpoint(cls, folder: Path, rows: int) -> Tokenizer:
        """The tokenizer of a checkpoint whose embedding has `rows`: tokenizer.model with the tokens that were added to it.

        Where tokenizer.json says otherwise it is followed, as transformers does; TokenizerError where that cannot be.
        """
        path, other = folder / "tokenizer.model", folder / "tokenizer.json"
        if not os.path.lexists(path) and not os.path.lexists(other):
            raise TokenizerError(
                f"{folder} has neither tokenizer.model nor tokenizer.json: copy tokenizer.model (SentencePiece) from the base "
                f"model's repository.",
                subject=folder,
            )
        if not os.path.lexists(path):
            return cls.from_bytes(other, sentencepiece_from_json(other, rows))
        added = read_added_tokens(folder)
        if not os.path.lexists(other):
            return cls.open(path).with_tokens_added(added, rows)
        return _agreed(cls.open(path), added, other, rows)

    @classmethod
    def from_bytes(cls, path: Path, data: bytes) -> Tokenizer:
        """As `open`, for bytes at hand; `path` is what an error names."""
        model = proto.ModelProto()
        try:
            if len(data) > MAX_BYTES or not _loads(data):  # first: what is small in the child is small here
                raise DecodeError
            model.ParseFromString(data)
        except DecodeError:
            raise TokenizerError(
                f"{path} does not load as a SentencePiece model: download it again.", subject=path
            ) from None
        spec = model.trainer_spec
        for name, value in (("bos_id", spec.bos_id), ("eos_id", spec.eos_id)):
            if not -1 <= value < len(model.pieces):
                raise TokenizerError(
                    f"{path}: {name} is {value}: expected one of the {len(model.pieces):,} ids, or -1.", subject=path
                )
        controls = frozenset(piece.piece for piece in model.pieces if piece.type == piece.CONTROL)
        return cls(path, data, tuple(piece.piece for piece in model.pieces), spec.bos_id, spec.eos_id, controls)

    def with_tokens_added(self, added: Mapping[int, str], rows: int) -> Tokenizer:
        """With the tokens that stand beside it, by id; TokenizerError where one contradicts it."""
        model = proto.ModelProto.FromString(self.model)
        new = add_tokens(self.path, model, added, rows)
        if not new:
            return self
        some = ", ".join(shown(text) for text in new[:3])
        note = f"{len(new):,} added tokens became pieces of the tokenizer: {some}{', …' if len(new) > 3 else ''}"
        return replace(self._remade(model), notes=(*self.notes, note))

    def reading(self, texts: str) -> Tokenizer:
        """With those control pieces read in texts that `texts` hold, as transformers reads all of them."""
        wanted = {piece for piece in self.controls if piece in texts}
        if not wanted:
            return self
        model = proto.ModelProto.FromString(self.model)
        for piece in model.pieces:
            if piece.piece in wanted:
                piece.type = piece.USER_DEFINED
        return self._remade(model)

    def _remade(self, model: proto.ModelProto) -> Tokenizer:
        return replace(Tokenizer.from_bytes(self.path, model.SerializeToString(deterministic=True)), notes=self.notes)

    def id_of(self, piece: str) -> int | None:
        """The id of a piece, None where there is no such piece."""
        return self.pieces.index(piece) if piece in self.pieces else None


def _agreed(tokenizer: Tokenizer, added: Mapping[int, str], other: Path, rows: int) -> Tokenizer:
    """tokenizer.model where tokenizer.json at `other` says the same, else what tokenizer.json says."""
    vocabulary = pieces_in_json(other, rows)
    whole = tokenizer
    with suppress(TokenizerError):  # tokens that do not fit are a difference, which is found below
        behind = {number: text for number, text in vocabulary.items() if number >= len(tokenizer.pieces)}
        whole = tokenizer.with_tokens_added({**behind, **added}, rows)
    difference = first_difference(whole.pieces, vocabulary)
    try:
        followed = Tokenizer.from_bytes(other, sentencepiece_from_json(other, rows))
    except TokenizerError as error:
        if difference is None:
            note = f"tokenizer.json has the pieces of tokenizer.model; how it splits a text was not compared ({error})"
            return replace(whole, notes=(*whole.notes, note))
        raise TokenizerError(
            f"{str(error).removesuffix('.')}; the tokenizer.model that is there is another one: {difference}.",
            subject=other,
        ) from None
    if difference is None and not same_order(whole.model, followed.model):
        difference = "the order of merges"
    if difference is None:
        return whole
    note = (
        f"tokenizer.model and tokenizer.json differ ({difference}): tokenizer.json was followed, as transformers does"
    )
    return replace(followed, notes=(note,))


def _loads(data: bytes) -> bool:
    try:
        with tempfile.TemporaryFile() as file:  # read at once; a pipe passes 64 kB at a time
            file.write(data)
            file.seek(0)
            trial = subprocess.run(
                [sys.executable, "-P", "-c", TRIAL], stdin=file, capture_output=True, timeout=TRIAL_SECONDS, check=False
            )
    except (subprocess.TimeoutExpired, OSError):
        return False
    return trial.returncode == 0
