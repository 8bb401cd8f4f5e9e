"""The demo model in blocks of 4 bits: the native engine writes what the reference writes of the same integers, where choices are clear.

Engines multiply blocks with 8-bit activations only, and hold their scales as float16, so near ties may fall otherwise.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from builder.convert.web_file import convert_checkpoint
from builder.demo.evaluate import handwritten_cases
from builder.formats.web_file_reader import WebFile
from builder.graph.convert import convert_to_graph
from builder.graph.numbers import WebFileNumbers
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from tests.checkpoints import gemma3_config, write_checkpoint, write_shards
from tests.goldens.native import answers
from webapp.paths import DEMO_MODEL

LEAST_MARGIN = 0.2
"""In logits, as for the shipped graph's goldens."""


def demo_checkpoint(folder: Path) -> Path:
    """The demo model's weights as a checkpoint."""
    file = WebFile.open(DEMO_MODEL)
    numbers = WebFileNumbers(file)
    model, tensors = numbers.model, {}
    for weight in numbers.tensors:
        if weight.is_matrix:
            bands = [piece() for _, piece in numbers.matrix(weight)]
            rows = np.concatenate([band.values * band.scales for band in bands])
        else:
            rows = numbers.vector(weight)
        tensors[str(weight.source)] = rows.astype(np.float32)
    attention = model.layers[0].attention
    config = gemma3_config(
        hidden_size=model.embedding.width,
        intermediate_size=model.layers[0].feed_forward.width,
        num_hidden_layers=len(model.layers),
        num_attention_heads=attention.heads,
        head_dim=attention.head_dimension,
        max_position_embeddings=model.context,
        sliding_window=attention.window,
    )
    write_checkpoint(folder, config, tokenizer=file.tokenizer())
    write_shards(folder, tensors)
    return folder


@pytest.mark.parametrize("quantization", [Quantization.of("q4_0"), Quantization.of("8", embedding="q4_0")], ids=str)
def test_blocks_are_computed_with(quantization: Quantization, tmp_path: Path) -> None:
    checkpoint = demo_checkpoint(tmp_path / "checkpoint")
    web = convert_checkpoint(checkpoint, tmp_path / "web.task", quantization=quantization)
    graph = convert_to_graph(checkpoint, tmp_path / "graph.litertlm", quantization=quantization)
    shutil.rmtree(checkpoint)
    reference = Reference.from_web_file(web.path)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=reference.sentencepiece)
    asked, expected = [], []
    for case in handwritten_cases():
        [found] = reference.greedy([[reference.start_id, *pieces.encode(case.prompt)]], 64)
        if found.stopped and min(found.margins) >= LEAST_MARGIN:
            asked.append(case.prompt)
            expected.append(pieces.decode(found.ids))
        if len(asked) == 2:
            break
    assert len(asked) == 2
    assert answers(graph.path, asked, graph.context) == expected
