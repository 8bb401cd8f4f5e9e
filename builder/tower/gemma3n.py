"""What a Gemma 3n sees by: a MobileNet-V5, a projection of what it makes, and the vector that ends a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.sources import RowsOf, Tensor
from builder.errors import UnsupportedModel
from builder.files.reading import read_json_object
from builder.graph.function import Function
from builder.graph.parameters import GraphParameters
from builder.model.families.config import Config
from builder.model.weights import Weight
from builder.tower import convolutions
from builder.tower.mobilenet import MobileNet, shapes_of
from builder.tower.prefixes import prefixes

ARCHITECTURE = "mobilenetv5_300m_enc"
"""timm's name of the published tower."""

VISION = {
    "architecture": ARCHITECTURE,
    "hidden_size": 2048,
    "vocab_offset": 262_144,
    "vocab_size": 128,
    "rms_norm_eps": 1e-6,
}
"""What a vision_config may leave out: the values of `Gemma3nVisionConfig`."""
WHOLE = {"vision_soft_tokens_per_image": 256, "eoi_token_id": 262_144}
"""Likewise of `Gemma3nConfig`."""

SIDE = 768
"""Pixels of a picture's side at most, and where no file says them: of a published tower's, textures hold no more."""

PREPARING = ("preprocessor_config.json", "processor_config.json")
"""Files that say how pictures are prepared; in the second one that is under `image_processor`."""

STEM = "vision_tower.timm_model.conv_stem.conv.weight"
PROJECTION = "embed_vision.embedding_projection.weight"
"""What tells the names of a checkpoint."""
STEM_OWN, PROJECTION_OWN = "conv_stem.conv.weight", "embedding_projection.weight"


@dataclass(frozen=True)
class Gemma3nTower:
    """The sizes of a tower, and its names in a checkpoint."""

    net: MobileNet
    side: int
    """Pixels of the picture's side."""
    tokens_side: int
    """Tokens along it."""
    text_width: int
    epsilon: float
    """Of the projector's norms."""
    vocabulary: int
    """Rows of the vectors of the tower's own tokens."""
    end: int
    """The row of <end_of_image> in them."""
    tower: str
    projector: str
    """What stands in front of the names of the tower's tensors, and of the projector's."""

    @classmethod
    def of(cls, checkpoint: Checkpoint, text_width: int) -> Gemma3nTower:
        """UnsupportedModel or CheckpointError names what cannot be."""
        config, path = checkpoint.config, checkpoint.config_path
        said = config.get("vision_config")
        if not isinstance(said, dict):
            raise UnsupportedModel(
                f"{Config(config, path).says('vision_config')}: expected the settings of a MobileNet-V5. Leave --pictures out.",
                subject="vision_config",
            )
        vision, whole = Config(said, path, VISION, section="vision_config."), Config(config, path, WHOLE)
        for key, usual in (("architecture", ARCHITECTURE), ("model_args", None)):
            if vision.values.get(key) != usual:
                raise UnsupportedModel(
                    f"{vision.says(key)}: expected {usual}; other towers are not written.", subject=key
                )
        begin = prefixes(checkpoint, (STEM, PROJECTION))
        tower, projector = (
            begin[0] + STEM.removesuffix(STEM_OWN),
            begin[1] + PROJECTION.removesuffix(PROJECTION_OWN),
        )
        net = MobileNet.of(shapes_of(checkpoint.tensors, tower), checkpoint.path)
        tokens = whole.integer("vision_soft_tokens_per_image", most=SIDE**2)
        rows = vision.integer("vocab_size")
        found = cls(
            net=net,
            side=side_of(checkpoint.path),
            tokens_side=math.isqrt(tokens),
            text_width=text_width,
            epsilon=vision.number("rms_norm_eps"),
            vocabulary=rows,
            end=whole.integer("eoi_token_id") - vision.integer("vocab_offset"),
            tower=tower,
            projector=projector,
        )
        if vision.integer("hidden_size") != net.outputs:
            raise UnsupportedModel(
                f"{vision.says('hidden_size')}: expected {net.outputs}, what the tower makes.", subject="hidden_size"
            )
        if not 0 <= found.end < rows:
            raise UnsupportedModel(
                f"{whole.says('eoi_token_id')}: expected one of the {rows} tokens of pictures, vocab_offset and more.",
                subject="eoi_token_id",
            )
        found._check_grids(whole)
        return found

    @property
    def tokens(self) -> int:
        """Of a picture."""
        return self.tokens_side**2

    @property
    def length(self) -> int:
        """Tokens of a picture and its end."""
        return self.tokens + 1

    def encoder_weights(self) -> tuple[Weight, ...]:
        """As a checkpoint has them."""
        return tuple(self.net.weights(self.tower))

    def adapter_weights(self) -> tuple[Weight, ...]:
        """Likewise; the row of <end_of_image> and its norm go into the graph as one vector."""
        width = self.net.outputs

        def named(name: str) -> Tensor:
            return Tensor(f"{self.projector}{name}.weight")

        return (
            Weight("picture_norm", None, (width,), named("soft_embedding_norm")),
            Weight("picture_projection", None, (self.text_width, width), Tensor(self.projector + PROJECTION_OWN)),
            Weight("picture_end", None, (1, width), RowsOf(named("embedding"), self.end, 1)),
            Weight("end_norm", None, (width,), named("hard_embedding_norm")),
        )

    def encoder(self, parameters: GraphParameters) -> Function:
        """As `convolutions.encoder`."""
        return convolutions.encoder(self.net, parameters, self.side, self.tokens_side)

    def adapter(self, parameters: GraphParameters) -> Function:
        """As `convolutions.adapter`."""
        return convolutions.adapter(parameters, self.tokens, self.net.outputs, self.text_width, self.epsilon)

    def _check_grids(self, whole: Config) -> None:
        """UnsupportedModel unless the grids of what the last two stages make, and of tokens, lie on each other."""
        coarse = self.side // 2 ** (1 + len(self.net.stages))
        fits = (
            coarse
            and self.side == coarse * 2 ** (1 + len(self.net.stages))
            and self.tokens_side
            and 2 * coarse % self.tokens_side == 0
        )
        if not fits or self.tokens_side**2 != whole.values["vision_soft_tokens_per_image"]:
            raise UnsupportedModel(
                f"{whole.says('vision_soft_tokens_per_image')}, for pictures of {self.side} pixels a side: expected a square, of a number that "
                f"divides {max(2 * coarse, 1)}, the places that the tower makes along a side of a multiple of {2 ** (1 + len(self.net.stages))} pixels.",
                subject="vision_soft_tokens_per_image",
            )


def side_of(folder: Path) -> int:
    """Pixels of a side that pictures are brought to, as the folder's files say; UnsupportedModel where it is not done as MediaPipe does it."""
    for name in PREPARING:
        path = folder / name
        if not path.exists():
            continue
        said: Mapping[str, Any] = read_json_object(path)
        said = said.get("image_processor", {}) if name == PREPARING[1] else said
        if not isinstance(said, dict) or "size" not in said:
            continue
        c, size = Config(said, path), said["size"]
        size = Config(size if isinstance(size, dict) else {"height": size, "width": size}, path, section="size.")
        side = size.integer("height", most=SIDE)
        if size.integer("width", most=SIDE) != side:
            raise UnsupportedModel(f"{c.says('size')}: expected a square.", subject="size")
        if said.get("do_normalize"):
            raise UnsupportedModel(
                f"{c.says('do_normalize')}: expected False; the engine gives pixels from 0 to 1.",
                subject="do_normalize",
            )
        return side
    return SIDE
