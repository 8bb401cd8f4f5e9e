"""Gemma 4: no tensor of it can be wrong in silence, and what cannot be converted is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.convert.against import check_against
from builder.convert.web_file import convert_checkpoint
from builder.errors import OnpageError, UnsupportedModel
from builder.graph.convert import convert_to_graph
from builder.lora.adapter_file import Base
from builder.model.families import describe
from builder.reference.dense import Reference
from tests.checkpoints import gemma4_config, stored_values, write_checkpoint, write_shards
from tests.goldens.cases import CASES, EXPERTS

HERE = Path("config.json")

NOT_SEEN = {("layer_scale", "the last")}
"""The number of the last layer: only a norm follows, which divides by the size of what it is given."""


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("gemma4")])
def test_every_tensor_changes_the_logits(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    reference = Reference.from_web_file(case.convert(name, tmp_path).path)
    prompt, last = case.prompt(1), len(reference.model.layers) - 1
    expected = reference.logits(prompt)
    random = np.random.Generator(np.random.PCG64(1))
    unseen = set()
    holders: dict[Any, dict[Any, Any]] = {index: reference.source.layer(index) for index in range(last + 1)}  # type: ignore[misc]
    holders["the last"] = holders.pop(last)
    holders["all"] = reference.source._whole  # type: ignore[attr-defined]
    for where, held in holders.items():
        for part, values in list(held.items()):
            held[part] = values * random.uniform(0.5, 2, values.shape).astype(np.float32)
            if np.abs(reference.logits(prompt) - expected).max() < 0.01:
                unseen.add((part, where))
            held[part] = values
    assert unseen == NOT_SEEN
    np.testing.assert_array_equal(reference.logits(prompt), expected)


@pytest.mark.parametrize("per_layer", [{}, {"hidden_size_per_layer_input": 32, "vocab_size_per_layer_input": 4160}])
def test_the_text_part_of_a_model_that_sees_is_converted(tmp_path: Path, per_layer: dict[str, Any]) -> None:
    config = {"model_type": "gemma4", "text_config": gemma4_config(vocab_size=4160, **per_layer)}
    written = convert_checkpoint(write_checkpoint(tmp_path / "c", config), tmp_path / "m.task")
    assert (written.family, written.model_type) == ("gemma4", "GEMMA4_270M")
    assert any("the text part only" in note for note in written.left_out)
    assert check_against(written.path, tmp_path / "c") > 0


def test_keys_and_values_that_no_layer_reads_are_left_out(tmp_path: Path) -> None:
    """As published: transformers drops them when it loads a checkpoint."""
    folder = write_checkpoint(tmp_path / "c", gemma4_config(num_kv_shared_layers=3))
    plain = convert_checkpoint(folder, tmp_path / "plain.task")
    values = stored_values(folder)
    unread = {
        f"model.layers.{i}.self_attn.{part}.weight": np.ones(shape, np.float32)
        for i in (3, 4)
        for part, shape in (("k_proj", (32, 128)), ("v_proj", (32, 128)), ("k_norm", (32,)))
    }
    write_shards(folder, values | unread)
    written = convert_checkpoint(folder, tmp_path / "m.task")
    assert written.sha256 == plain.sha256
    assert written.left_out == ("6 tensors of keys and values that no layer reads left out",)
    write_shards(folder, values | {"model.layers.2.self_attn.k_proj.bias": np.ones(32, np.float32)})
    with pytest.raises(UnsupportedModel, match=r"does not have, such as model\.layers\.2\.self_attn\.k_proj\.bias"):
        convert_checkpoint(folder, tmp_path / "m.task")


def test_no_graph_is_made_of_it(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma4_config())
    written = convert_checkpoint(folder, tmp_path / "m.task")
    for source in (folder, written.path):
        with pytest.raises(OnpageError, match="graph"):
            convert_to_graph(source, tmp_path / "g.litertlm")
    assert not (tmp_path / "g.litertlm").exists()


def test_no_adapter_is_written_for_it(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma4_config())
    with pytest.raises(UnsupportedModel, match="other names in the engine: onpage writes adapters for Gemma 1 to 3"):
        Base.open(folder)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({**EXPERTS, "num_experts": 6}, "num_experts"),
        ({**EXPERTS, "moe_intermediate_size": 30}, "moe_intermediate_size"),
        ({"hidden_size_per_layer_input": 33}, "hidden_size_per_layer_input"),
        ({"hidden_size_per_layer_input": 32}, "vocab_size_per_layer_input"),
        ({"global_head_dim": 33}, "global_head_dim"),
        ({"num_kv_shared_layers": 6}, "num_kv_shared_layers"),
        ({"num_kv_shared_layers": 4}, "num_kv_shared_layers"),
        ({"attention_k_eq_v": True, "num_global_key_value_heads": 3}, "num_global_key_value_heads"),
        ({"use_bidirectional_attention": "all"}, "use_bidirectional_attention"),
        ({"rope_parameters": {"full_attention": {"rope_type": "yarn"}, "sliding_attention": {}}}, "rope_parameters"),
    ],
)
def test_what_cannot_be_converted_is_refused_by_name(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(UnsupportedModel) as caught:
        describe(gemma4_config(**changes), HERE)
    assert caught.value.subject == key and key in str(caught.value)
