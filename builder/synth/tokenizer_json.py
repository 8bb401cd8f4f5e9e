"""The tokenizer of random models as Hugging Face's tokenizers read it: the same unigram model as SentencePiece's.

A space is written "▁", what no piece covers becomes bytes, and a text begins with `<bos>`.
"""

from __future__ import annotations

from typing import Any

from sentencepiece import sentencepiece_model_pb2

from builder.synth.web_file import BOS, EOS, PAD, SPECIAL, UNK, synthetic_tokenizer

SPACE = "\u2581"
ADDED = (
    sentencepiece_model_pb2.ModelProto.SentencePiece.USER_DEFINED,
    sentencepiece_model_pb2.ModelProto.SentencePiece.CONTROL,
)


def tokenizer_json(vocabulary: int) -> dict[str, Any]:
    """tokenizer.json."""
    pieces = sentencepiece_model_pb2.ModelProto.FromString(synthetic_tokenizer(vocabulary)).pieces
    added = [(i, piece.piece) for i, piece in enumerate(pieces) if piece.type in ADDED]
    bos = {"SpecialToken": {"id": SPECIAL[BOS], "type_id": 0}}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": text, **flags} for i, text in added],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [bos, {"Sequence": {"id": "A", "type_id": 0}}, bos, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {SPECIAL[BOS]: {"id": SPECIAL[BOS], "ids": [BOS], "tokens": [SPECIAL[BOS]]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "Unigram",
            "unk_id": UNK,
            "byte_fallback": True,
            "vocab": [[piece.piece, piece.score] for piece in pieces],
        },
    }


def tokenizer_config() -> dict[str, Any]:
    """tokenizer_config.json."""
    return {
        "tokenizer_class": "GemmaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "bos_token": SPECIAL[BOS],
        "eos_token": SPECIAL[EOS],
        "pad_token": SPECIAL[PAD],
        "unk_token": SPECIAL[UNK],
    }
