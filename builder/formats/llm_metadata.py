"""`litert.lm.proto.LlmMetadata`: what a `.litertlm` file says of its model's texts.

The messages hold the fields that onpage reads or writes; the engine's schema has more (they survive a read and a write).
Field numbers as in litert-lm-builder 0.18.1, whose own classes read what these write (tests/builder/bundle).
"""

from __future__ import annotations

import proto

__protobuf__ = proto.module(package="onpage.litertlm")


class TokenIds(proto.Message):
    ids = proto.RepeatedField(proto.INT32, number=1)


class TokenUnion(proto.Message):
    token_ids = proto.Field(TokenIds, number=1, oneof="token_union")
    token_str = proto.Field(proto.STRING, number=2, oneof="token_union")


class Affixes(proto.Message):
    prefix = proto.Field(proto.STRING, number=1)
    suffix = proto.Field(proto.STRING, number=2)


class Templates(proto.Message):
    user = proto.Field(Affixes, number=1, optional=True)
    model = proto.Field(Affixes, number=2, optional=True)
    system = proto.Field(Affixes, number=3, optional=True)


class SamplerType(proto.Enum):
    TYPE_UNSPECIFIED = 0
    TOP_K = 1
    TOP_P = 2
    GREEDY = 3


class SamplerParameters(proto.Message):
    type_ = proto.Field(SamplerType, number=1)
    k = proto.Field(proto.INT32, number=2)
    p = proto.Field(proto.FLOAT, number=3)
    temperature = proto.Field(proto.FLOAT, number=4)


class Settings(proto.Message):
    """Of a family; onpage leaves them at the engine's own."""


class ModelType(proto.Message):
    """Which family the engine's own defaults are taken from."""

    generic_model = proto.Field(Settings, number=1, oneof="model_type")
    gemma3n = proto.Field(Settings, number=2, oneof="model_type")
    function_gemma = proto.Field(Settings, number=3, oneof="model_type")
    gemma3 = proto.Field(Settings, number=4, oneof="model_type")
    qwen3 = proto.Field(Settings, number=5, oneof="model_type")
    qwen2p5 = proto.Field(Settings, number=7, oneof="model_type")
    gemma4 = proto.Field(Settings, number=8, oneof="model_type")


FAMILIES = {"gemma3": "gemma3", "functiongemma3": "function_gemma", "gemma3n": "gemma3n", "gemma4": "gemma4"}
"""A family as llm_parameters.ModelType.family_of names it → the field of ModelType; others are generic_model."""


class LlmMetadata(proto.Message):
    start_token = proto.Field(TokenUnion, number=1)
    stop_tokens = proto.RepeatedField(TokenUnion, number=2)
    prompt_templates = proto.Field(Templates, number=3, optional=True)
    sampler_params = proto.Field(SamplerParameters, number=4, optional=True)
    max_num_tokens = proto.Field(proto.INT32, number=5)
    llm_model_type = proto.Field(ModelType, number=6)
    jinja_prompt_template = proto.Field(proto.STRING, number=7, optional=True)
    supports_thinking = proto.Field(proto.BOOL, number=11, optional=True)
    supports_function_calling = proto.Field(proto.BOOL, number=12, optional=True)
