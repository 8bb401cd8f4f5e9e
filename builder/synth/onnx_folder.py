"""The folder that transformers.js loads as `dtype: "q4"`: an ONNX graph, its weights beside it, configs and tokenizer.

    config.json  generation_config.json  tokenizer.json  tokenizer_config.json  onnx/model_q4.onnx  onnx/model_q4.onnx_data

The names, and that the weights are beside the graph, are what the models of onnx-community on the hub have.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.web_file import Progress, WrittenModel
from builder.errors import OnpageError, OutputError
from builder.files.digest import sha256_of
from builder.files.writing import explained, unused_name
from builder.quantize.scheme import Q4_0, ROLES, Quantization
from builder.synth.blocks import Blocks, blocks_of
from builder.synth.onnx_graph import Layout, gemma3_graph, rope_tables
from builder.synth.random_model import RandomModel
from builder.synth.tokenizer_json import tokenizer_config, tokenizer_json
from builder.synth.web_file import BOS, EOS, PAD, SPECIAL, shape_config

GRAPH = "onnx/model_q4.onnx"
DATA = "onnx/model_q4.onnx_data"


def synthesize(
    shape: str,
    output: Path,
    *,
    quantization: Quantization,
    seed: int = 0,
    progress: Progress | None = None,
) -> WrittenModel:
    """As builder.synth.web_file.synthesize; the size is that of all files, the sha256 that of their sha256s."""
    started = time.monotonic()
    model = RandomModel.of(shape, quantization, seed)
    if any(model.quantization.scheme(role) != Q4_0 for role in ROLES):
        raise OnpageError("An ONNX model is written with 4 bits: say --bits 4.", subject="bits")
    if os.path.lexists(output):
        raise _exists(output)
    layout = Layout.of(model.model, model.weights)
    try:
        part = unused_name(output.absolute())
        try:
            part.mkdir()
            (part / "onnx").mkdir()
            _write_data(part / DATA, model, layout, progress)
            graph = gemma3_graph(model.model, model.weights, layout, Path(DATA).name)
            (part / GRAPH).write_bytes(graph.SerializeToString(deterministic=True))
            for name, content in _configs(shape, model).items():
                (part / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            digest, size = digest_of(part)
            part.rename(output)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another process was faster
            raise _exists(output) from error
        raise explained(error, output) from error
    return model.written(output, size, digest, time.monotonic() - started)


def _exists(output: Path) -> OutputError:
    return OutputError(
        f"{output} exists: an ONNX model is a new folder; remove the old one or choose another name.", subject=output
    )


def files_of(folder: Path) -> list[dict[str, Any]]:
    """Path within the folder, size and sha256 of each file, in the order of their paths."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": sha256_of(path)}
        for path in paths
    ]


def digest_of(folder: Path) -> tuple[str, int]:
    """One sha256 for a folder, and the bytes in it."""
    files = files_of(folder)
    lines = "".join(f"{file['sha256']}  {file['path']}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest(), sum(file["size"] for file in files)


def packed(blocks: Blocks) -> NDArray[np.uint8]:
    """(n, K/32, 16): two values a byte."""
    values = (blocks.values + np.int8(8)).view(np.uint8)
    return np.asarray(values[..., 0::2] | (values[..., 1::2] << np.uint8(4)))


def _write_data(path: Path, model: RandomModel, layout: Layout, progress: Progress | None) -> None:
    done = 0
    with path.open("wb") as file:
        file.truncate(layout.size)

        def write(offset: int, data: NDArray[Any]) -> int:
            nonlocal done
            file.seek(offset)
            file.write(np.ascontiguousarray(data).data)
            done += data.nbytes
            if progress:
                progress("write", done, layout.size)
            return offset + data.nbytes

        for weight in model.weights.tensors:
            if weight.is_matrix:
                at = layout.places[f"{weight.source}_q4"].offset
                scales_at = layout.places[f"{weight.source}_scales"].offset
                for blocks in blocks_of(weight, model.weights, 4):
                    at = write(at, packed(blocks))
                    scales_at = write(scales_at, blocks.scales)
        positions = layout.places["cos_local"].shape[0]
        for name, table in rope_tables(model.model, positions).items():
            write(layout.places[name].offset, table)


def _configs(shape: str, model: RandomModel) -> dict[str, dict[str, Any]]:
    ends = [EOS, SPECIAL.index("<end_of_turn>")]
    ids = {"bos_token_id": BOS, "eos_token_id": ends, "pad_token_id": PAD}
    config = (
        shape_config(shape)
        | ids
        | {
            "architectures": ["Gemma3ForCausalLM"],
            "transformers.js_config": {"dtype": "q4", "use_external_data_format": {Path(GRAPH).name: 1}},
        }
    )
    return {
        "config.json": config,
        "generation_config.json": ids | {"do_sample": False},
        "tokenizer.json": tokenizer_json(model.model.embedding.vocabulary),
        "tokenizer_config.json": tokenizer_config(),
    }
