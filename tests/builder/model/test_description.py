"""One description for every family: what it says of each layer, and that nobody else reads config.json."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import builder
from builder.model.description import LOCAL_ROPE, ModelDescription, Rope, global_layers
from builder.model.families import FAMILIES, describe
from builder.model.families import config as config_module
from builder.model.shapes import shapes
from tests.checkpoints import (
    gemma1_config,
    gemma2_config,
    gemma3_config,
    gemma3n_config,
    gemma4_config,
    with_images_config,
)
from tests.llama_checkpoints import llama_config, qwen2_config, qwen3_config

HERE = Path("config.json")
ROOT = Path(builder.__file__).parent.parent
L, G = 512, None
"""A layer with a window, and one that sees everything."""


def attentions(model: ModelDescription, name: str) -> list[Any]:
    return [getattr(layer.attention, name) for layer in model.layers]


TABLE = [
    # config, windows, ropes of the layers that see everything, query scale, attention cap, final cap, norms of q and k, post norms
    (gemma1_config(), [G] * 6, Rope(1e4), 1 / 8, None, None, False, False),
    (gemma2_config(), [L, G] * 3, Rope(1e4), 32**-0.5, 50.0, 30.0, False, True),
    (gemma2_config(query_pre_attn_scalar=24, attn_logit_softcapping=None), [L, G] * 3, Rope(1e4), 24**-0.5, None, 30.0, False, True),
    (gemma3_config(num_hidden_layers=7), [L] * 5 + [G, L], Rope(1e6), 1 / 8, None, None, True, True),
    (gemma3_config(), [L] * 4, Rope(1e6), 1 / 8, None, None, True, True),
    (
        gemma3_config(layer_types=["sliding_attention", "full_attention"] * 2, sliding_window=16, rope_theta=5e5),
        [16, G] * 2, Rope(5e5), 1 / 8, None, None, True, True,
    ),
    (with_images_config(), [32] * 5 + [G, 32], Rope(1e6, 8.0), 1 / 16, None, None, True, True),
]  # fmt: skip


@pytest.mark.parametrize(("config", "windows", "rope", "scale", "cap", "final_cap", "norms", "post_norms"), TABLE)
def test_every_layer_is_described(
    config: dict[str, Any],
    windows: list[int | None],
    rope: Rope,
    scale: float,
    cap: float | None,
    final_cap: float | None,
    norms: bool,
    post_norms: bool,
) -> None:
    model = describe(config, HERE)
    settings = config.get("text_config", config)
    assert attentions(model, "window") == windows
    assert attentions(model, "is_global") == [window is None for window in windows]
    assert attentions(model, "rope") == [rope if window is None else LOCAL_ROPE for window in windows]
    assert model.global_rope == rope
    assert attentions(model, "query_scale") == pytest.approx([scale] * len(windows))
    assert (set(attentions(model, "cap")), model.final_cap) == ({cap}, final_cap)
    assert set(attentions(model, "query_key_norms")) == {norms}
    assert {layer.post_norms for layer in model.layers} == {post_norms}
    assert {layer.feed_forward.width for layer in model.layers} == {settings["intermediate_size"]}
    assert set(attentions(model, "cache_of")) == {None}
    width = settings["hidden_size"]
    assert (model.embedding.width, model.embedding.scale, model.embedding.tied) == (width, width**0.5, True)
    assert model.embedding.vocabulary == settings["vocab_size"]


def test_gemma_3n_and_4_are_described_as_far_as_sizes_go() -> None:
    model = describe(shapes()["gemma3n-e2b"].config, HERE)
    assert attentions(model, "window") == ([512] * 4 + [None]) * 6
    assert attentions(model, "cache_of") == [None] * 20 + ([18] * 4 + [19]) * 2, "the last of its kind with its own"
    assert model.residual_streams == 4
    model = describe(shapes()["gemma4-e2b"].config, HERE)
    assert attentions(model, "head_dimension") == ([256] * 4 + [512]) * 7
    assert [layer.feed_forward.width for layer in model.layers] == [6144] * 15 + [12288] * 20


def test_which_layers_see_everything_is_a_number_or_none() -> None:
    assert global_layers(3, 7) == [False, False, True, False, False, True, False]
    seven = describe(gemma3_config(num_hidden_layers=7), HERE)
    shallow = describe(gemma3_config(), HERE)
    assert (seven.period, shallow.period, describe(gemma1_config(), HERE).period) == (6, 5, 1)
    others = replace(seven, layers=(seven.layers[5], *seven.layers[1:]))
    assert others.period is None


def test_a_description_takes_neither_numpy_nor_files() -> None:
    program = "import sys, builder.formats.web_model, builder.quantize.scheme; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


READERS = {"integer", "number", "number_or_none", "refuse_unless", "says", "get", "_whole"}


def config_keys(source: str) -> set[str]:
    """The keys that a module asks a Config for, or gives a default."""
    keys = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args) if name in READERS:
                keys |= {a.value for a in args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
            case ast.Assign(targets=[ast.Name(id="DEFAULTS")], value=ast.Dict(keys=names)):
                keys |= {key.value for key in names if isinstance(key, ast.Constant)}
    return keys


WRITERS = {
    "builder/synth/web_file.py",
    "builder/model/gguf_config.py",
    "builder/model/gguf_layers.py",
    "builder/model/gguf_names.py",  # llama.cpp calls a tensor what config.json calls a setting: altup_correct_scale
    "builder/check/models.py",
}
"""They make a config.json, of a shape or of a GGUF file's metadata, and read none."""
OTHER_MODELS = ("builder/encoder/", "builder/tower/")
"""Describe models that turn a text into a vector, or a picture into tokens, as the families describe those that write."""


def test_only_the_families_know_the_keys_of_config_json() -> None:
    families = Path(config_module.__file__).parent
    keys = {key for path in families.glob("*.py") for key in config_keys(path.read_text())}
    keys = {key for key in keys if "_" in key} - {
        "text_config",
        "model_type",
        "vocab_size",
    }  # web files have a vocab_size too
    assert {"hidden_size", "sliding_window", "rope_theta", "num_kv_shared_layers", "query_pre_attn_scalar"} <= keys
    assert len(keys) > 25
    found = {}
    for package in ("builder", "webapp", "onpage"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if path.parent == families or name in WRITERS or name.startswith(OTHER_MODELS) or "/demo/" in name:
                continue
            texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
            if texts & keys:
                found[name] = texts & keys
    assert not found


def test_every_family_says_what_its_checkpoints_have() -> None:
    configs = {
        "gemma": gemma1_config(),
        "gemma2": gemma2_config(),
        "gemma3_text": gemma3_config(),
        "gemma3": with_images_config(),
        "gemma3n_text": gemma3n_config(),
        "gemma3n": {"model_type": "gemma3n", "text_config": gemma3n_config()},
        "gemma4_text": gemma4_config(),
        "gemma4": {"model_type": "gemma4", "text_config": gemma4_config()},
        "llama": llama_config(),
        "qwen2": qwen2_config(),
        "qwen3": qwen3_config(),
    }
    assert configs.keys() == FAMILIES.keys()
    for model_type, family in FAMILIES.items():
        model = family.describe(configs[model_type], HERE)
        for naming in family.namings:
            weights = family.weights(model, naming)
            assert len({weight.source for weight in weights}) == len(weights)
            assert all(str(weight.source).startswith(naming.decoder) for weight in weights)
            assert family.naming_in({naming.embedding}) == naming
