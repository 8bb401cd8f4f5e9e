from __future__ import annotations

from pathlib import Path

import pytest

from builder.bundle import Conversation, Source, graph_source
from builder.model.families.dense import GEMMA_TURNS
from builder.model.tokenizer import Tokenizer
from builder.synth.web_file import synthesize, synthetic_tokenizer
from tests.graphs import VOCABULARY, write_graph


@pytest.fixture(scope="session")
def web_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("web") / "small-web.task"
    synthesize("layers=2", path)
    return path


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    path.write_bytes(synthetic_tokenizer(VOCABULARY))
    return Tokenizer.open(path)


@pytest.fixture(scope="session")
def graph_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_graph(tmp_path_factory.mktemp("graph") / "small.tflite")


@pytest.fixture(scope="session")
def graph(graph_file: Path, tokenizer: Tokenizer) -> Source:
    return graph_source(graph_file, tokenizer, Conversation.of(tokenizer, GEMMA_TURNS), "gemma3")
