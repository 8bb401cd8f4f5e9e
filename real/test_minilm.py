"""The real all-MiniLM-L6-v2: its vectors by our file are transformers' of the same rounded weights, and what rounding costs is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from builder.encoder.convert import convert_encoder, open_encoder
from builder.graph.numbers import CheckpointNumbers
from builder.model.opened import StoredWeights
from builder.quantize.scheme import ALL_INT8
from tests.goldens.native import vectors

QUESTIONS = Path(__file__).parents[1] / "tests/static/documents/questions.json"


def texts() -> list[str]:
    """Questions about documents that we wrote, and what answers them."""
    found = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    asked = found["questions"] if isinstance(found, dict) else found
    return [question["question"] for question in asked]


def rounded(minilm: Path) -> transformers.BertModel:
    """transformers' model with the weights that our file has."""
    model = transformers.BertModel.from_pretrained(minilm).eval()
    encoder = open_encoder(minilm)
    parameters = dict(model.named_parameters())
    numbers = CheckpointNumbers(StoredWeights(encoder.folder, encoder.weights), ALL_INT8)
    table = encoder.table.with_rows(-(-encoder.table.outputs // 4) * 4)
    tables = CheckpointNumbers(StoredWeights(encoder.folder, (table,)), ALL_INT8)
    with torch.no_grad():
        for source in (numbers, tables):
            for weight in source.tensors:
                if not weight.is_matrix:
                    continue
                rows = [piece() for _, piece in source.matrix(weight)]
                values = np.concatenate([each.values * each.scales for each in rows])
                name = "embeddings.word_embeddings.weight" if weight.part == "embedding" else str(weight.source)
                parameters[name].copy_(torch.from_numpy(values[: parameters[name].shape[0]]))
    return model


def expected(model: transformers.BertModel, minilm: Path) -> NDArray[np.float64]:
    """As sentence-transformers computes them."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    found = []
    for text in texts():
        with torch.no_grad():
            given = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
            mean = model(**given).last_hidden_state[0].mean(0)
        found.append((mean / mean.norm()).numpy())
    return np.array(found, np.float64)


@pytest.fixture(scope="module")
def files(minilm: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Our file with either kind of activations."""
    folder = tmp_path_factory.mktemp("minilm")
    for activations in ("float32", "int8"):
        convert_encoder(minilm, folder / f"{activations}.litertlm", activations=activations)
    return {activations: folder / f"{activations}.litertlm" for activations in ("float32", "int8")}


def test_vectors_are_transformers_of_the_same_weights(minilm: Path, files: dict[str, Path]) -> None:
    found = vectors(files["float32"], texts())
    assert np.einsum("nd,nd->n", found, expected(rounded(minilm), minilm)).min() > 0.99999


@pytest.mark.parametrize(("activations", "least", "mean"), [("float32", 0.997, 0.999), ("int8", 0.994, 0.998)])
def test_what_rounding_costs(activations: str, least: float, mean: float, minilm: Path, files: dict[str, Path]) -> None:
    whole = expected(transformers.BertModel.from_pretrained(minilm).eval(), minilm)
    cosines = np.einsum("nd,nd->n", vectors(files[activations], texts()), whole)
    print(f"cosine with {activations} activations: least {cosines.min():.5f}, mean {cosines.mean():.5f}")
    assert cosines.min() > least
    assert cosines.mean() > mean
