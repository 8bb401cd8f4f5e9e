"""A LoRA adapter as peft saves it: adapter_config.json and adapter_model.safetensors.

The weight W (outputs, inputs) of an adapted module becomes W + scale · B·A, with A (rank, inputs), B (outputs, rank) and
scale alpha / rank (alpha / √rank for rsLoRA). The folder is trusted no more than a checkpoint: what would change a module in
another way than this is refused by its name, and so is every tensor that has no place in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.folder import ADAPTER_WEIGHTS, CheckpointFolder, read_header
from builder.checkpoint.rows import StoredTensor
from builder.checkpoint.stored_types import NUMPY_TYPES
from builder.errors import CheckpointError, UnsupportedModel
from builder.files.reading import read_json_object, shown
from builder.model.families.gemma3 import IMAGES

CONFIG = "adapter_config.json"
MAX_RANK = 1024

MAX_MODULES, MAX_PATTERNS = 8192, 1024
"""Each module is compared with each pattern."""
MAX_ALPHA = 1e6

NOT_LORA_ALONE = (
    "trainable_token_indices",
    "target_parameters",
    "layer_replication",
    "lora_bias",
    "use_qalora",
    "use_bdlora",
    "alora_invocation_tokens",
    "kasa_config",
    "monteclora_config",
)
"""Settings of peft that change more of the model, or otherwise, than W + scale · B·A."""

PLAIN_STARTS = ("gaussian", "eva", "orthogonal")
"""Values of `init_lora_weights`, beside true and false, that leave the base's own weights as they are."""

MERGE_WITH_PEFT = "merge it with peft (merge_and_unload), save the result and convert that folder"

_TENSOR = re.compile(r"(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_magnitude_vector)(\.(?!bias\b)\w+){0,2}")
_WRAPPERS = {"base_model", "model", "language_model"}
"""Parts of a module's name that depend on the class that holds it, not on which module it is."""


@dataclass(frozen=True)
class LowRank:
    """What the adapter holds for one module."""

    module: str
    """As `module_of` gives it."""
    a: StoredTensor
    b: StoredTensor
    scale: float
    magnitude: StoredTensor | None
    """DoRA's lengths of the merged rows, None for plain LoRA."""

    @property
    def rank(self) -> int:
        return self.a.shape[0]

    @property
    def shape(self) -> tuple[int, int]:
        """Of the weight that it changes: (outputs, inputs)."""
        return self.b.shape[0], self.a.shape[1]


class Adapter:
    """An opened adapter folder, its tensors paired and its scales known. As in a checkpoint, what is for images is left out."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.base = base_of(config)
        self._stored = _AdapterTensors(folder, config)
        saved = _saved_whole(folder, config, self._stored.tensors)
        rest = {name: tensor for name, tensor in self._stored.tensors.items() if name not in saved.values()}
        pairs = _pair(folder, config, rest)
        self.modules = {low.module: low for low in pairs if not low.module.startswith(IMAGES)}
        self.whole = {module: name for module, name in saved.items() if not module.startswith(IMAGES)}
        """Modules that were trained whole (peft's modules_to_save) → the names of their weights in the adapter's file."""
        if not (self.modules or self.whole):
            raise CheckpointError(f"{folder / ADAPTER_WEIGHTS} holds nothing for the text of a model.", subject=folder)

    @classmethod
    def open(cls, folder: Path) -> Adapter:
        """Reads the configuration and the header; CheckpointError where either is missing, broken or no LoRA of weights."""
        path = folder / CONFIG
        if not is_adapter(folder):
            raise CheckpointError(
                f"{folder} is not a LoRA adapter: expected a folder as peft saves it, with {CONFIG} and {ADAPTER_WEIGHTS}.",
                subject=folder,
            )
        config = read_json_object(path)
        if config.get("peft_type") != "LORA":
            raise UnsupportedModel(
                f"{path}: peft_type is {shown(config.get('peft_type'))}: onpage takes LORA.", subject="peft_type"
            )
        for key in NOT_LORA_ALONE:
            if config.get(key):
                raise UnsupportedModel(
                    f"{path}: {key} is {shown(config[key])}, which is more than a change of weights by LoRA: "
                    f"{MERGE_WITH_PEFT}.",
                    subject=key,
                )
        start = config.get("init_lora_weights", True)
        if not isinstance(start, bool | None) and start not in PLAIN_STARTS:
            raise UnsupportedModel(
                f"{path}: init_lora_weights is {shown(start)}, which changes the base's own weights too: {MERGE_WITH_PEFT}.",
                subject="init_lora_weights",
            )
        if not (folder / ADAPTER_WEIGHTS).exists():
            raise CheckpointError(
                f"{folder / ADAPTER_WEIGHTS} is missing: save the adapter with save_pretrained (safetensors, not .bin).",
                subject=folder,
            )
        return cls(folder, config)

    @property
    def rank(self) -> int:
        """The largest of its modules'."""
        return max(low.rank for low in self.modules.values())

    @property
    def trained_for(self) -> str:
        """In words that follow the adapter's name in a sentence."""
        return f"trained for {self.base}" if self.base else "which does not say what it was trained for"

    def values(self, tensor: StoredTensor) -> NDArray[np.float32]:
        """A whole tensor of the adapter as float32 (they are small); CheckpointError where a value is not finite."""
        return np.concatenate([rows for _, rows in self._stored.bands(tensor)]).reshape(tensor.shape)

    @property
    def stored(self) -> Checkpoint:
        """Its file, read as a checkpoint's."""
        return self._stored

    def require_shape(self, low: LowRank, shape: tuple[int, ...] | None, base: Path) -> None:
        """UnsupportedModel unless the module is in the base and has `shape` there."""
        if shape != low.shape:
            there = (
                f"which {base} does not have as a matrix of its own"
                if shape is None
                else f"of shape {list(low.shape)}, which is {list(shape)} in {base}"
            )
            raise UnsupportedModel(
                f"{self.folder} changes {low.module}, {there}: use the base of this adapter, {self.trained_for}.",
                subject=low.module,
            )


class _AdapterTensors(CheckpointFolder):
    """As a checkpoint, in the one file that an adapter has."""

    @cached_property
    def tensors(self) -> dict[str, StoredTensor]:
        return {tensor.name: tensor for tensor in read_header(self.path / ADAPTER_WEIGHTS)}


def is_adapter(folder: Path) -> bool:
    """Whether the folder says that it holds an adapter."""
    try:
        return (folder / CONFIG).is_file()
    except OSError:
        return False


def refuse_an_adapter(checkpoint: Path) -> None:
    """CheckpointError where a folder given as a checkpoint is an adapter alone, or has one beside it."""
    if not is_adapter(checkpoint):
        return
    config = read_json_object(checkpoint / CONFIG)
    what = f"an unmerged LoRA adapter (rank {shown(config.get('r'))}) of {base_of(config) or 'a base that it does not name'}"
    if not (checkpoint / "config.json").exists():
        raise CheckpointError(
            f"{checkpoint} is {what}, not a checkpoint: name the folder of that base first, as in onpage convert BASE --lora "
            f"{checkpoint} -o adapter-web.bin (beside the model) or BASE --merge-lora {checkpoint} -o merged-web.task.",
            subject=checkpoint,
        )
    raise CheckpointError(
        f"{checkpoint} holds a checkpoint and also {what}: use --merge-lora {checkpoint} to merge it, or move {CONFIG} "
        f"away if it is merged already or is not wanted.",
        subject=checkpoint,
    )


def refuse_unmerged(checkpoint: Checkpoint) -> None:
    """UnsupportedModel where the weights are those of a peft model that was saved whole, its adapter apart from the rest."""
    name = next((name for name in checkpoint.tensors if ".base_layer." in name or ".lora_" in name), None)
    if name is not None:
        raise UnsupportedModel(
            f"{checkpoint.tensors[name].file} holds {name}: it was saved with its LoRA adapter unmerged; call "
            f"merge_and_unload() before save_pretrained.",
            subject=name,
        )


def base_of(config: dict[str, Any]) -> str | None:
    """The name of the model that the adapter was trained for, where it says so."""
    base = config.get("base_model_name_or_path")
    return base if isinstance(base, str) and base.isprintable() and 0 < len(base) <= 256 else None


def module_of(name: str) -> str:
    """What a module is called whatever holds it: `layers.3.self_attn.q_proj` for `base_model.model.model.layers.3.…`,
    `model.language_model.layers.3.…` and `language_model.model.layers.3.…`."""
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


_WHOLE = re.compile(r"(?P<module>.+?)(\.modules_to_save(\.\w+)?)?\.weight")
_ALWAYS_WHOLE = ("embed_tokens", "lm_head")
"""What peft saves without being asked where an adapter comes with a vocabulary of its own."""


def _saved_whole(folder: Path, config: dict[str, Any], tensors: dict[str, StoredTensor]) -> dict[str, str]:
    """Module → name of the weight that it has in place of its base's; CheckpointError where there are two."""
    said = config.get("modules_to_save")
    listed = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    names = {*_ALWAYS_WHOLE, *listed}
    found: dict[str, str] = {}
    for name, tensor in tensors.items():
        match = _WHOLE.fullmatch(name)
        if match is None or _TENSOR.fullmatch(name) or tensor.dtype not in NUMPY_TYPES:
            continue
        module = module_of(match["module"])
        if module.rpartition(".")[2] in names and found.setdefault(module, name) != name:
            raise CheckpointError(
                f"{tensor.file} holds two weights of {module}: save one adapter at a time.", subject=name
            )
    parts = {part for module in found for part in module.split(".")}
    lost = next((name for name in listed if not parts & {*name.split(".")}), None)
    if lost is not None:
        raise CheckpointError(
            f"{folder / CONFIG}: modules_to_save names {shown(lost)}, but {folder / ADAPTER_WEIGHTS} holds no weight of it: save the "
            f"adapter again.",
            subject="modules_to_save",
        )
    return found


def _pair(folder: Path, config: dict[str, Any], tensors: dict[str, StoredTensor]) -> Iterator[LowRank]:
    found: dict[str, dict[str, StoredTensor]] = {}
    names: dict[str, str] = {}
    for name, tensor in tensors.items():
        match = _TENSOR.fullmatch(name)
        if match is None or tensor.dtype not in NUMPY_TYPES:
            raise UnsupportedModel(
                f"{tensor.file} holds {name} ({tensor.dtype}): expected lora_A and lora_B of modules, in "
                f"{', '.join(NUMPY_TYPES)}; {MERGE_WITH_PEFT}.",
                subject=name,
            )
        module = module_of(match["module"])
        parts = found.setdefault(module, {})
        if match["part"] in parts:
            raise CheckpointError(
                f"{tensor.file} holds two {match['part']} of {module}: save one adapter at a time.", subject=name
            )
        parts[match["part"]] = tensor
        names[module] = match["module"].removeprefix("base_model.model.")
    if len(found) > MAX_MODULES:
        raise UnsupportedModel(
            f"{folder / ADAPTER_WEIGHTS} changes {len(found):,} modules: no Gemma has more than {MAX_MODULES:,}.",
            subject=folder,
        )
    for module, parts in found.items():
        a, b, magnitude = (parts.get(part) for part in ("lora_A", "lora_B", "lora_magnitude_vector"))
        if a is None or b is None:
            raise CheckpointError(
                f"{folder / ADAPTER_WEIGHTS} lacks {'lora_A' if a is None else 'lora_B'} of {module}: is the download complete?",
                subject=module,
            )
        if config.get("use_dora") and magnitude is None:
            raise CheckpointError(
                f"{folder / CONFIG}: use_dora is {shown(config['use_dora'])}, but {folder / ADAPTER_WEIGHTS} lacks "
                f"lora_magnitude_vector of {module}: save the adapter again.",
                subject=module,
            )
        _check_shapes(module, a, b, magnitude)
        yield LowRank(module, a, b, _scale(folder / CONFIG, config, names[module], a.shape[0]), magnitude)


def _check_shapes(module: str, a: StoredTensor, b: StoredTensor, magnitude: StoredTensor | None) -> None:
    if not (len(a.shape) == len(b.shape) == 2 and a.shape[0] == b.shape[1] and min(*a.shape, *b.shape) > 0):
        raise CheckpointError(
            f"{a.file}: lora_A of {module} has shape {list(a.shape)} and lora_B {list(b.shape)}: expected (rank, inputs) and "
            f"(outputs, rank), with a rank of at least 1.",
            subject=module,
        )
    if magnitude and magnitude.shape != b.shape[:1]:
        raise CheckpointError(
            f"{a.file}: lora_magnitude_vector of {module} has shape {list(magnitude.shape)}: expected {list(b.shape[:1])}, a length for "
            f"each row of lora_B.",
            subject=module,
        )
    if a.shape[0] > MAX_RANK:
        raise UnsupportedModel(
            f"{a.file}: {module} has rank {a.shape[0]:,}: onpage takes adapters of at most {MAX_RANK:,}.",
            subject=module,
        )


def _scale(path: Path, config: dict[str, Any], name: str, rank: int) -> float:
    """alpha / rank, or alpha / √rank, of one module; the rank that adapter_config.json says must be the tensors'."""
    said = _of_module(path, config, "rank_pattern", name, config.get("r"))
    if said != rank:
        raise CheckpointError(
            f"{path} makes the rank of {name} {shown(said)}, but its lora_A has {rank}: do the two files belong together?",
            subject=name,
        )
    alpha = _of_module(path, config, "alpha_pattern", name, config.get("lora_alpha"))
    if not isinstance(alpha, int | float) or isinstance(alpha, bool) or not -MAX_ALPHA <= alpha <= MAX_ALPHA:
        raise CheckpointError(
            f"{path}: lora_alpha of {name} is {shown(alpha)}: expected a number.", subject="lora_alpha"
        )
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _of_module(path: Path, config: dict[str, Any], key: str, name: str, default: Any) -> Any:
    """The value of a pattern for a module. To peft the keys are regular expressions that match the name's end; only those
    that are a part of a name are taken here, since an expression from outside could run for ever."""
    patterns = config.get(key) or {}
    if not isinstance(patterns, dict):
        raise CheckpointError(f"{path}: {key} is {shown(patterns)}: expected an object.", subject=key)
    if len(patterns) > MAX_PATTERNS:
        raise UnsupportedModel(
            f"{path}: {key} has {len(patterns):,} entries: onpage takes at most {MAX_PATTERNS:,}.", subject=key
        )
    for pattern, value in patterns.items():
        plain = pattern.removeprefix("^").replace("\\.", ".")
        if not re.fullmatch(r"[\w.]+", plain):
            raise UnsupportedModel(
                f"{path}: {key} holds the expression {shown(pattern)}: onpage takes names of modules only; {MERGE_WITH_PEFT}.",
                subject=key,
            )
        if name == plain or (name.endswith(f".{plain}") and not pattern.startswith("^")):
            return value
    return default
