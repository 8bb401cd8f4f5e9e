"""The tokenizer in a GGUF file's metadata → a SentencePiece model, which is what the engine reads.

llama.cpp writes down pieces, scores and kinds as SentencePiece has them, with two changes that are undone here: tokens that a
tokenizer_config.json calls special are control tokens to it, which SentencePiece would not read in a text (Gemma's turns are
written with them), and added pieces of spaces hold spaces, where SentencePiece holds its mark for them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentencepiece import sentencepiece_model_pb2 as proto

from builder.checkpoint.gguf import GgufFile
from builder.errors import TokenizerError
from builder.files.reading import shown
from builder.model.tokenizer_json import SPACE, sentencepiece_of

KINDS: dict[str, int] = {"llama": proto.TrainerSpec.BPE, "t5": proto.TrainerSpec.UNIGRAM}
"""`tokenizer.ggml.model` → SentencePiece's: pairs joined by score, or the likeliest split."""

PAIRS = "gemma4"
"""`tokenizer.ggml.model` of pairs that are listed, as a Gemma's tokenizer.json has them."""

SPECIAL_IDS = {"unk": "unknown", "bos": "bos", "eos": "eos", "pad": "padding"}
"""SentencePiece's name of a token → what its id is called in the metadata."""

FILLER = re.compile(r"\[PAD\d+\]")
"""What llama.cpp's converter calls rows of the embedding that the tokenizer has no piece for."""

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
"""The same numbers in both."""


def sentencepiece_from_gguf(file: GgufFile, rows: int) -> bytes:
    """The serialized model of the tokens that an embedding of `rows` has; TokenizerError where the metadata hold none."""
    said = GgufTokens(file.path, file.metadata)
    spec = proto.ModelProto()
    trainer, normalizer = spec.trainer_spec, spec.normalizer_spec
    trainer.model_type = said.kind
    pieces, scores, kinds = said.pieces(rows)
    ids = {name: said.token_id(key, len(pieces)) for name, key in SPECIAL_IDS.items()}
    if ids["unk"] < 0:
        ids["unk"] = next((i for i, kind in enumerate(kinds) if kind == UNKNOWN), -1)
    for i, (text, score, kind) in enumerate(zip(pieces, scores.tolist(), kinds, strict=True)):
        if i == ids["unk"]:
            ours = UNKNOWN
        elif kind in (CONTROL, UNKNOWN):
            ours = CONTROL if i in ids.values() else USER_DEFINED
        else:
            ours = kind
        spec.pieces.add(piece=text.replace(" ", SPACE), score=score, type=ours)
    for name, number in ids.items():
        setattr(trainer, f"{name}_id", number)
        if number >= 0:
            setattr(trainer, f"{name}_piece", spec.pieces[number].piece)
    trainer.vocab_size = len(spec.pieces)
    trainer.byte_fallback = BYTE in kinds
    normalizer.name = "identity"
    normalizer.add_dummy_prefix = said.flag("add_space_prefix", default=True)
    normalizer.remove_extra_whitespaces = said.flag("remove_extra_whitespaces", default=False)
    normalizer.escape_whitespaces = True
    model: bytes = spec.SerializeToString(deterministic=True)
    return model


def sentencepiece_of_pairs(file: GgufFile, rows: int) -> bytes:
    """As `sentencepiece_from_gguf`, of listed pairs."""
    said = GgufTokens(file.path, file.metadata)
    pieces, _, kinds = said.pieces(rows)
    ids = {name: said.token_id(key, len(pieces)) for name, key in SPECIAL_IDS.items()}
    names = {name: pieces[i] for name, i in ids.items() if i >= 0}
    added = [
        {"id": i, "content": piece}
        for i, (piece, kind) in enumerate(zip(pieces, kinds, strict=True))
        if kind in (CONTROL, USER_DEFINED)
    ]
    values = {
        "model": {
            "byte_fallback": BYTE in kinds,
            "unk_token": names.pop("unk", None),
            "vocab": {piece: i for i, piece in enumerate(pieces)},
            "merges": said.get("merges"),
        },
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
        "added_tokens": added,
    }
    return sentencepiece_of(file.path, values, rows, names, "convert the Hugging Face folder of the model")


class GgufTokens:
    """`tokenizer.ggml.*`, checked."""

    def __init__(self, path: Path, metadata: Any) -> None:
        self._path, self._metadata = path, metadata

    @property
    def kind(self) -> int:
        name = self.get("model")
        if not isinstance(name, str) or name not in KINDS:
            raise TokenizerError(
                f"{self._path}: tokenizer.ggml.model is {shown(name)}: the engines read SentencePiece models, which llama.cpp calls "
                f"{' and '.join(KINDS)}, and byte-level pairs, which it calls gpt2.",
                subject="tokenizer.ggml.model",
            )
        return KINDS[name]

    def pieces(self, rows: int | None = None) -> tuple[list[str], NDArray[np.float64], list[int]]:
        """Texts, scores and kinds, without the fillers at the end and what is behind the `rows` of an embedding."""
        texts = self.get("tokens")
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise TokenizerError(
                f"{self._path}: tokenizer.ggml.tokens is not a list of texts: the file holds no tokenizer.",
                subject="tokens",
            )
        scores, kinds = self._numbers("scores", len(texts), 0.0), self._numbers("token_type", len(texts), NORMAL)
        known = [int(kind) for kind in kinds]
        if not all(NORMAL <= kind <= BYTE for kind in known):
            raise TokenizerError(
                f"{self._path}: tokenizer.ggml.token_type holds kinds that are none.", subject="token_type"
            )
        count = min(len(texts), rows or len(texts))
        while count > 1 and known[count - 1] == UNUSED and FILLER.fullmatch(texts[count - 1]):
            count -= 1
        return texts[:count], scores[:count], known[:count]

    def token_id(self, key: str, pieces: int | None = None) -> int:
        """-1 where there is no such token, or none among the first `pieces`."""
        value = self.get(f"{key}_token_id")
        if value is None:
            return -1
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < len(self.get("tokens") or ()):
            raise TokenizerError(
                f"{self._path}: tokenizer.ggml.{key}_token_id is {shown(value)}, which is not an id of its tokens.",
                subject=key,
            )
        return value if pieces is None or value < pieces else -1

    def flag(self, key: str, *, default: bool) -> bool:
        """A yes or no; `default` is llama.cpp's."""
        value = self.get(key)
        return value if isinstance(value, bool) else default

    def _numbers(self, key: str, count: int, default: float) -> NDArray[np.float64]:
        value = self.get(key)
        if value is None:
            return np.full(count, default)
        if not isinstance(value, np.ndarray) or value.shape != (count,) or not np.isfinite(value).all():
            raise TokenizerError(
                f"{self._path}: tokenizer.ggml.{key} does not have one number for each of the {count:,} tokens.",
                subject=key,
            )
        return value.astype(np.float64)

    def get(self, key: str) -> Any:
        """What is said, whatever it is; None where nothing is."""
        return self._metadata.get(f"tokenizer.ggml.{key}")
