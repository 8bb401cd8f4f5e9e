"""`litert.lm.proto.EmbeddingMetadata`: what a `.litertlm` says of a model that makes vectors of texts.

Field numbers as in litert-lm-builder 0.18.1, whose own classes read what these write (tests/builder/encoder).
"""

from __future__ import annotations

import proto

from builder.formats.llm_metadata import Settings, TokenUnion

__protobuf__ = proto.module(package="onpage.embedding")


class EmbeddingModelType(proto.Message):
    """Which model it is: the engine knows what is special about one with pictures, and nothing about others."""

    generic_model = proto.Field(Settings, number=1, oneof="model_type")


class EmbeddingMetadata(proto.Message):
    embedding_model_type = proto.Field(EmbeddingModelType, number=1)
    bos_token = proto.Field(TokenUnion, number=2)
    eos_token = proto.Field(TokenUnion, number=3)
    max_input_length = proto.Field(proto.INT32, number=6, optional=True)
