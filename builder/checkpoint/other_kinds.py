"""What people give in place of a checkpoint: named for what it is, with what to do.

Only sentences are made here. A quantized checkpoint, another program's file, a download that did not happen: each would
otherwise fail somewhere later, about something that was never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.errors import CheckpointError, ModelFileError, UnsupportedModel
from builder.files.reading import shown
from builder.files.untrusted import opened
from builder.formats.sniff import FIRST_BYTES, describe

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}", re.ASCII)
"""A name on the hub: owner/model."""

CACHED = "models--"
"""How the hub's cache names the folder of a repository."""

OTHER_WEIGHTS = (
    (
        ".gguf",
        "a GGUF model for llama.cpp: name the file itself instead of the folder",
    ),
    (
        ".bin",
        "a file of PyTorch's under another name than pytorch_model.bin or its shards: open it with transformers and save it with "
        "save_pretrained(folder, safe_serialization=True)",
    ),
    (
        ".pt",
        "PyTorch's own format, which may run code when it is read: save the model with save_pretrained(folder)",
    ),
    (".onnx", "an ONNX model: use the checkpoint folder that it was exported from"),
    (".h5", "TensorFlow's format: open it with transformers (from_tf=True) and save it with save_pretrained(folder)"),
    (".msgpack", "Flax's format: open it with transformers (from_flax=True) and save it with save_pretrained(folder)"),
)
"""Ends of the names of other programs' weights, and what to do with these."""


def refuse_no_folder(path: Path) -> CheckpointError:
    """For what was given as a checkpoint and is no folder: a file, a name on the hub, or nothing."""
    if path.is_file():
        try:
            with opened(path) as content:
                kind = describe(content.read(0, min(content.size, FIRST_BYTES)))
        except ModelFileError:
            kind = "a file that cannot be read"
        return CheckpointError(
            f"{path} is {kind}. Expected a Hugging Face checkpoint folder (config.json, *.safetensors, tokenizer.model).",
            subject=path,
        )
    name = path.as_posix()
    if REPOSITORY.fullmatch(name) and not path.parent.exists():
        here = name.partition("/")[2]
        return CheckpointError(
            f"{name} is not a folder here; it may be a model's name on the Hugging Face hub, which onpage convert accepts. Or download it "
            f"with hf download {name} --local-dir {here}, then give the folder {here}.",
            subject=path,
        )
    return CheckpointError(
        f"{path} is not a folder: expected a Hugging Face checkpoint (config.json, *.safetensors, tokenizer.model).",
        subject=path,
    )


def refuse_no_checkpoint(folder: Path) -> None:
    """CheckpointError for a folder without config.json that is known to be something else."""
    if (folder / "config.json").exists():
        return
    repositories = [folder] if folder.name.startswith(CACHED) else sorted(folder.glob(f"{CACHED}*"))
    if repositories:
        inside = sorted(path for repository in repositories for path in repository.glob("snapshots/*"))
        example = inside[0] if inside else repositories[0] / "snapshots" / "…"
        raise CheckpointError(
            f"{folder} is the hub's cache, not a checkpoint: use the folder of one snapshot, such as {example}.",
            subject=folder,
        )
    refuse_other_weights(folder)


def refuse_other_weights(folder: Path) -> None:
    """CheckpointError where a folder without safetensors holds the weights in another form."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    for end, what in OTHER_WEIGHTS:
        found = next((name for name in names if name.lower().endswith(end)), None)
        if found:
            raise CheckpointError(
                f"{folder} holds no .safetensors file, but {shown(found)}: {what}.", subject=folder / found
            )


def refuse_quantized(config: Mapping[str, Any], path: Path) -> None:
    """UnsupportedModel where config.json says that the weights are another program's integers."""
    said, mlx = config.get("quantization_config"), config.get("quantization")
    if said is None and mlx is None:
        return
    method = said.get("quant_method") if isinstance(said, dict) else "MLX" if said is None else None
    name = method if isinstance(method, str) and method.isprintable() and 0 < len(method) <= 40 else "another program"
    raise UnsupportedModel(
        f"{path}: the checkpoint is quantized by {name}, and quantizing it again would lose quality twice: use the unquantized one (BF16, "
        f"F16 or F32) that it was made from; onpage convert quantizes it (--bits).",
        subject="quantization_config" if mlx is None else "quantization",
    )
