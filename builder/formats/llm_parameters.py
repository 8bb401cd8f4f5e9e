"""`odml.infra.proto.LlmParameters`: what a web file says of its own architecture, and the model types.

The messages hold the fields whose meaning onpage knows; the engine's schema has more (they survive a read and a write,
since protobuf keeps unknown fields). Field numbers, enum values and meanings were found by experiment with
@mediapipe/tasks-genai 0.10.29.
"""

from __future__ import annotations

from enum import IntEnum

import proto


class ModelType(IntEnum):
    """`odml.infra.LlmModelType`. The dimensions come from LlmParameters; the type only names the family."""

    UNKNOWN = 0
    FALCON_RW_1B = 5
    GEMMA_2B = 6
    STABLELM_4E1T_3B = 8
    PHI_2 = 11
    GEMMA_7B = 12
    GEMMA2_2B = 18
    GEMMA3_1B = 27
    GEMMA3_4B = 28
    GEMMA3_12B = 29
    GEMMA3_27B = 30
    GEMMA3N_4B = 36
    GEMMA3N_2B = 37
    GEMMA3_300M = 38
    FUNCTIONGEMMA3_300M = 47
    GEMMA4_2P3B = 52
    GEMMA4_4P5B = 53
    GEMMA4_31B = 54
    GEMMA4_26BA4B = 58
    GEMMA4_270M = 61
    GEMMA4_500M = 62
    GEMMA4_12B = 72
    TF_LITE = 100

    @classmethod
    def name_of(cls, value: int) -> str:
        """GEMMA3_1B and so on, or "type 99" for a value that onpage does not know."""
        return next((member.name for member in cls if member == value), f"type {value}")

    @classmethod
    def family_of(cls, value: int) -> str:
        """gemma3 for GEMMA3_1B and so on; "unknown" for a value that onpage does not know."""
        return next((member.name.split("_")[0].lower() for member in cls if member == value), "unknown")


MAX_STOPS = 63
"""Tokens that end an answer, in what onpage writes and reads."""


class Activation(proto.Enum):
    ACTIVATION_UNSPECIFIED = 0
    GELU = 1
    SILU = 2
    RELU = 3


class Norm(proto.Enum):
    NORM_UNSPECIFIED = 0
    NO_NORM = 1
    RMS_NORM = 2
    LAYER_NORM = 3
    RMS_NORM_NO_SCALE = 4


class AttentionMask(proto.Enum):
    ATTENTION_MASK_UNSPECIFIED = 0
    CAUSAL = 1
    PREFIX = 2


class AttentionScale(proto.Enum):
    ATTENTION_SCALE_UNSPECIFIED = 0
    PER_DIM_SCALE = 1
    INV_SQRT_HEAD_DIM = 2
    INV_SQRT_D_MODEL_DIV_NUM_HEADS = 3
    RESCALE_FACTOR_INV_HEAD_DIM = 4
    NONE = 5


class FeedForwardParameters(proto.Message):
    no_bias = proto.Field(proto.BOOL, number=1)
    activation = proto.Field(Activation, number=2)
    pre_norm = proto.Field(Norm, number=3)
    post_norm = proto.Field(Norm, number=4)


class FinalProjectParameters(proto.Message):
    no_bias = proto.Field(proto.BOOL, number=1)
    soft_cap_value = proto.Field(proto.FLOAT, number=2, optional=True)


class SelfAttentionParameters(proto.Message):
    qkv_no_bias = proto.Field(proto.BOOL, number=1)
    post_proj_no_bias = proto.Field(proto.BOOL, number=2)
    attention_mask_type = proto.Field(AttentionMask, number=3)
    soft_cap_value = proto.Field(proto.FLOAT, number=4, optional=True)
    attention_scale_type = proto.Field(AttentionScale, number=5)
    sliding_window_size = proto.Field(proto.INT32, number=6, optional=True)
    qk_norm = proto.Field(proto.BOOL, number=7)
    qk_norm_has_scale = proto.Field(proto.BOOL, number=8)


class AltupConfig(proto.Message):
    altup_num_modalities = proto.Field(proto.INT32, number=1)
    altup_active_idx = proto.Field(proto.INT32, number=2)
    altup_num_inputs = proto.Field(proto.INT32, number=3)


class LaurelConfig(proto.Message):
    laurel_rank = proto.Field(proto.INT32, number=1)


class MoeConfig(proto.Message):
    hidden_dimension = proto.Field(proto.INT32, number=1)
    num_experts = proto.Field(proto.INT32, number=2)
    num_active_experts = proto.Field(proto.INT32, number=3)


class TransformerParameters(proto.Message):
    batch_size = proto.Field(proto.INT32, number=1)
    max_seq_length = proto.Field(proto.INT32, number=2)
    embedding_dim = proto.Field(proto.INT32, number=3)
    hidden_dimension = proto.Field(proto.INT32, number=4)
    head_dimension = proto.Field(proto.INT32, number=5)
    num_heads = proto.Field(proto.INT32, number=6)
    num_stacks = proto.Field(proto.INT32, number=7)
    num_kv_heads = proto.Field(proto.INT32, number=9)
    feed_forward_parameters = proto.Field(FeedForwardParameters, number=11)
    final_project_parameters = proto.Field(FinalProjectParameters, number=12)
    pre_norm = proto.Field(Norm, number=13)
    post_norm = proto.Field(Norm, number=14)
    final_norm = proto.Field(Norm, number=15)
    self_attention_parameters = proto.Field(SelfAttentionParameters, number=16)
    skip_absolute_positional_embeddings = proto.Field(proto.BOOL, number=18)
    num_local_layers_per_global = proto.Field(proto.INT32, number=19, optional=True)
    query_rescale_factor = proto.Field(proto.FLOAT, number=25, optional=True)
    vision_tokens_num = proto.Field(proto.INT32, number=26, optional=True)
    global_rope_wavelength = proto.Field(proto.FLOAT, number=32, optional=True)
    global_rope_scaling = proto.Field(proto.FLOAT, number=33, optional=True)
    rms_norm_scale_shift = proto.Field(proto.FLOAT, number=47, optional=True)
    per_layer_embedding_dimension = proto.Field(proto.INT32, number=21, optional=True)
    load_per_layer_embedding_dynamically = proto.Field(proto.BOOL, number=23, optional=True)
    kv_cache_shared_start_layer = proto.Field(proto.INT32, number=35, optional=True)
    laurel_config = proto.Field(LaurelConfig, number=34)
    altup_config = proto.Field(AltupConfig, number=37)
    activation_sparsity_stddev_multiplier = proto.Field(proto.FLOAT, number=38, optional=True)
    global_rope_proportion = proto.Field(proto.FLOAT, number=48, optional=True)
    scale_layer = proto.Field(proto.BOOL, number=49, optional=True)
    global_head_dimension = proto.Field(proto.INT32, number=50, optional=True)
    kv_shared_hidden_dimension = proto.Field(proto.INT32, number=51, optional=True)
    moe_config = proto.Field(MoeConfig, number=52)
    global_k_eq_v = proto.Field(proto.BOOL, number=53, optional=True)
    global_num_kv_heads = proto.Field(proto.INT32, number=54, optional=True)


class VisionEncoderParameters(proto.Message):
    tokens_num = proto.Field(proto.INT32, number=1)


class PromptAffixes(proto.Message):
    session_prefix = proto.Field(proto.STRING, number=1)
    prompt_prefix = proto.Field(proto.STRING, number=2)
    prompt_suffix = proto.Field(proto.STRING, number=3)


class PromptTemplates(proto.Message):
    user = proto.Field(PromptAffixes, number=1)
    model = proto.Field(PromptAffixes, number=2)
    system = proto.Field(PromptAffixes, number=3)


class LlmParameters(proto.Message):
    transformer_parameters = proto.Field(TransformerParameters, number=1)
    vocab_size = proto.Field(proto.INT32, number=2)
    start_token_id = proto.Field(proto.INT32, number=4, optional=True)
    stop_tokens = proto.RepeatedField(proto.STRING, number=5)
    start_token = proto.Field(proto.STRING, number=6, optional=True)
    prompt_template = proto.Field(PromptAffixes, number=8)
    vision_encoder_parameters = proto.Field(VisionEncoderParameters, number=15)
    prompt_templates = proto.Field(PromptTemplates, number=17)
    stop_token_ids = proto.RepeatedField(proto.INT32, number=18)
