"""The SentencePiece model beside a checkpoint: is it sound, does it fit, which ids begin and end a text.

A corrupt model can crash whoever loads it, and a small file can ask for a lot of memory, so the trial load happens in a child
of limited memory, before this process parses the bytes as a protobuf.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2 as proto

from builder.errors import TokenizerError
from builder.files.reading import NotReadableError, read_bounded
from builder.files.systems import limit_memory
from builder.model.tokenizer_json import sentencepiece_from_json

MAX_BYTES = 32 << 20
"""Gemma 3's has 4.7 MB."""

TRIAL_SECONDS = 60
TRIAL_MEMORY = 400_000_000
"""Bytes; a sound model of 262,144 pieces takes 55 MB, of a million 173 MB."""

TRIAL = f"""{limit_memory(TRIAL_MEMORY)}
import sys
import sentencepiece
sentencepiece.SentencePieceProcessor().LoadFromSerializedProto(sys.stdin.buffer.read())
"""


@dataclass(frozen=True)
class Tokenizer:
    """A SentencePiece model that loads."""

    path: Path
    model: bytes
    pieces: tuple[str, ...]
    start_id: int
    """Beginning of a text, -1 where the model has none."""
    end_id: int

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
        """tokenizer.model; where there is none, or one of another size than the embedding's `rows`, tokenizer.json's equal."""
        path, other = folder / "tokenizer.model", folder / "tokenizer.json"
        if not os.path.lexists(path) and not os.path.lexists(other):
            raise TokenizerError(
                f"{folder} has neither tokenizer.model nor tokenizer.json: copy tokenizer.model (SentencePiece) from the base "
                f"model's repository.",
                subject=folder,
            )
        if os.path.lexists(path):
            tokenizer = cls.open(path)
            if len(tokenizer.pieces) == rows or not os.path.lexists(other):
                return tokenizer  # a wrong size is the caller's to refuse
        return cls.from_bytes(other, sentencepiece_from_json(other, rows))

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
        return cls(path, data, tuple(piece.piece for piece in model.pieces), spec.bos_id, spec.eos_id)

    def id_of(self, piece: str) -> int | None:
        """The id of a piece, None where there is no such piece."""
        return self.pieces.index(piece) if piece in self.pieces else None


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
