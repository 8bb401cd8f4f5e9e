"""Makes mobilenet_goldens.json: `python -m tests.goldens.make_mobilenet_goldens` (needs the extra `goldens`: torch, transformers, timm).

The tokens of each picture by transformers and timm, in float32, and the vector that ends a picture. timm's only encoder is as wide as the published
one where it fuses stages, so that this part is made again of the case's width.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import torch
from timm.layers import RmsNorm2d
from timm.models._efficientnet_builder import decode_arch_def, round_channels
from timm.models.mobilenetv5 import _GELU, MobileNetV5Encoder, MobileNetV5MultiScaleFusionAdapter
from transformers import Gemma3nConfig
from transformers.models.gemma3n.modeling_gemma3n import Gemma3nMultimodalEmbedder

from tests.goldens.mobilenet_cases import MOBILENET, MOBILENET_GOLDENS, PROJECTOR, STEM, TOWER, MobileNetCase

DIGITS = 5


def encoder(case: MobileNetCase) -> MobileNetV5Encoder:
    """The case's tower, as `mobilenetv5_300m_enc` is made."""
    options: dict[str, Any] = {"norm_layer": RmsNorm2d, "act_layer": _GELU}
    made = MobileNetV5Encoder(
        decode_arch_def([list(stage) for stage in case.stages]),
        stem_size=STEM,
        fix_stem=True,
        pad_type="same",
        round_chs_fn=partial(round_channels, multiplier=1.0),
        msfa_output_resolution=int(case.tokens**0.5),
        layer_scale_init_value=1e-5,
        **options,
    )
    made.msfa = MobileNetV5MultiScaleFusionAdapter(made.msfa_in_chs, case.width, made.msfa_output_resolution, **options)
    return made.eval()


def tokens(case: MobileNetCase) -> dict[str, Any]:
    """Of each picture (tokens, width), and of its end."""
    values = {name: torch.tensor(each) for name, each in case.tower().items()}
    config = Gemma3nConfig(**{key: each for key, each in case.config.items() if key != "architectures"})
    tower, projector = encoder(case), Gemma3nMultimodalEmbedder(config.vision_config, config.text_config).eval()
    for module, prefix in ((tower, TOWER), (projector, PROJECTOR)):
        own = {name.removeprefix(prefix): each for name, each in values.items() if name.startswith(prefix)}
        module.load_state_dict(own)
    with torch.no_grad():
        seen = tower(torch.tensor(case.pictures()).permute(0, 3, 1, 2))
        # as Gemma3nModel.get_image_features does
        vectors = seen.reshape(len(seen), case.width, case.tokens).permute(0, 2, 1) * case.width**0.5
        found = projector(inputs_embeds=vectors)
        end = projector(input_ids=torch.tensor([[config.eoi_token_id]]))[0, 0]
    return {"pictures": rounded(found), "end": rounded(end)}


def rounded(values: torch.Tensor) -> Any:
    """As nested lists."""
    return json.loads(json.dumps(values.tolist()), parse_float=lambda text: round(float(text), DIGITS))


if __name__ == "__main__":
    MOBILENET_GOLDENS.write_text(json.dumps(tokens(MOBILENET), separators=(",", ":")) + "\n")
