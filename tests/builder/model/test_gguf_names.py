"""What we call the tensors of a GGUF file against llama.cpp's own package, which says it of transformers' names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import pytest

from builder.checkpoint.sources import tensor_names
from builder.model.families import describe, family_of
from builder.model.gguf_names import gguf_name
from builder.model.weights import STREAMS_BEGIN, STREAMS_END
from tests.checkpoints import gemma1_config, gemma2_config, gemma3_config, gemma3n_config, gemma4_config
from tests.gguf_files import ARCHITECTURES
from tests.goldens.cases import EXPERTS, PER_LAYER

CONVERTERS_OWN = (*STREAMS_BEGIN, *STREAMS_END, "router_scale", "expert_scale")
"""Parts that llama.cpp's converter names itself: the package does not know them."""


@pytest.mark.parametrize("make", [gemma1_config, gemma2_config, gemma3_config, gemma3n_config, gemma4_config])
def test_names_are_the_packages(make: Callable[..., dict[str, Any]]) -> None:
    here, config = Path("config.json"), make(**(EXPERTS | PER_LAYER if make is gemma4_config else {}))
    family, model = family_of(config, here), describe(config, here)
    architecture = next(
        key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == ARCHITECTURES[config["model_type"]]
    )
    names = gguf.get_tensor_name_map(architecture, len(model.layers))
    weights = [weight for weight in family.weights(model, family.namings[0]) if weight.part not in CONVERTERS_OWN]
    for weight in weights:
        (theirs,) = tensor_names(weight.source)
        assert gguf_name(weight) == f"{names.get_name(theirs.removesuffix('.weight'))}.weight"
    assert len({weight.part for weight in weights}) > 9
