"""The text part of a model with images, and what else a checkpoint may bring beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sentencepiece import sentencepiece_model_pb2

from builder.convert.web_file import convert_checkpoint
from builder.errors import UnsupportedModel
from builder.formats.web_file_reader import WebFile
from builder.model.families.family import Naming
from builder.model.families.gemma3 import NAMINGS_WITH_IMAGES
from builder.synth.web_file import synthetic_tokenizer
from tests.builder.convert.test_web_file_refusals import add_shard
from tests.checkpoints import (
    VISION_TENSORS,
    with_images_config,
    write_checkpoint,
)

SMALL_WITH_IMAGES = with_images_config(head_dim=32, num_hidden_layers=2)


def test_the_text_part_of_a_model_with_images_is_the_same_under_either_name(tmp_path: Path) -> None:
    written = []
    for naming in NAMINGS_WITH_IMAGES:
        folder = write_checkpoint(tmp_path / naming.decoder / "c", SMALL_WITH_IMAGES, naming=naming, shards=2)
        written.append(convert_checkpoint(folder, tmp_path / "m.task"))
    assert written[0].sha256 == written[1].sha256
    assert written[0].left_out == written[1].left_out
    assert written[0].left_out == (
        f"the text part only; {len(VISION_TENSORS)} vision tensors left out",
        "64 rows of the embedding that the tokenizer has no piece for left out",
    )
    file = WebFile.open(tmp_path / "m.task")
    assert file.parameters.vocab_size == 4096, "the rows of images' tokens are left out"
    assert file.tensors["params.lm.softmax.logits_ffn.w"].size == 4096 * 256


@pytest.mark.parametrize("naming", NAMINGS_WITH_IMAGES)
def test_beside_images_nothing_else_is_left_out(tmp_path: Path, naming: Naming) -> None:
    folder = write_checkpoint(tmp_path / "c", SMALL_WITH_IMAGES, naming=naming)
    for name in (f"{naming.decoder}layers.0.self_attn.q_proj.bias", "audio_tower.weight", naming.head):
        add_shard(folder, {name: ("F32", (4,), bytes(16))})
        with pytest.raises(UnsupportedModel, match=name):
            convert_checkpoint(folder, tmp_path / "m.task")


def test_a_functiongemma_has_a_developer_and_ends_where_a_response_is_due(tmp_path: Path) -> None:
    model = sentencepiece_model_pb2.ModelProto.FromString(synthetic_tokenizer(4096))
    model.pieces[-1].piece, model.pieces[-2].piece = "<start_function_call>", "<start_function_response>"
    folder = write_checkpoint(tmp_path / "c", tokenizer=model.SerializeToString())
    assert convert_checkpoint(folder, tmp_path / "m.task").model_type == "FUNCTIONGEMMA3_300M"
    parameters = WebFile.open(tmp_path / "m.task").parameters
    assert list(parameters.stop_token_ids) == [1, 5, 4094]
    assert parameters.prompt_templates.system.prompt_prefix == "<start_of_turn>developer\n"
