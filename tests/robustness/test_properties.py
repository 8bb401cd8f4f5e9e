"""What holds for any bytes, any JSON and any list of tensors, not only for the damage that we thought of."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import OnpageError
from builder.estimate import estimate
from builder.formats.graph_reader import Graph
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.llm_parameters import LlmParameters, ModelType, TransformerParameters
from builder.formats.task_reader import TaskFile
from builder.formats.web_entries import TensorSpec
from builder.formats.web_file_layout import ALIGNMENT, SMALLEST_FILE, WebFileLayout
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter import Adapter
from builder.model.families import FAMILIES, describe
from builder.model.shapes import shapes
from builder.model.tokenizer_json import sentencepiece_from_json
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config

robust = settings(deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
READERS: dict[str, tuple[bytes, Callable[[Path], object]]] = {
    "web": (b"\x20\x00\x00\x00TFL3", inspect_web_file),
    "graph": (b"\x20\x00\x00\x00TFL3", lambda path: Graph.open(path).require_language_model()),
    "zip": (b"PK\x03\x04\x14\x00\x00\x00", TaskFile.open),
    "litertlm": (b"LITERTLM\x01\x00\x00\x00", LitertlmFile.open),
}


@pytest.mark.parametrize("reader", READERS)
@given(data=st.binary(max_size=400), with_magic=st.booleans())
@settings(robust, max_examples=150)
def test_any_bytes_are_refused_in_a_sentence(reader: str, data: bytes, with_magic: bool) -> None:
    magic, read = READERS[reader]
    with tempfile.NamedTemporaryFile() as file:
        file.write(magic + data if with_magic else data)
        file.flush()
        with pytest.raises(OnpageError):
            read(Path(file.name))


names = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, categories=("L", "N", "P", "S")), min_size=1)


@given(
    sizes=st.dictionaries(names.map(lambda name: name[:60]), st.integers(1, 5000), max_size=40),
    model_type=st.sampled_from(ModelType),
    tokenizer=st.binary(min_size=1, max_size=2000),
    notes=st.dictionaries(st.text(), st.integers() | st.text(), max_size=5),
)
@settings(robust, max_examples=60)
def test_what_is_laid_out_is_read_back(
    sizes: dict[str, int], model_type: ModelType, tokenizer: bytes, notes: dict[str, Any]
) -> None:
    specs = [TensorSpec(name, 9, size) for name, size in sizes.items()]
    ones = dict.fromkeys(
        ("embedding_dim", "hidden_dimension", "head_dimension", "num_heads", "num_kv_heads", "num_stacks"), 1
    )
    parameters = LlmParameters(vocab_size=4, transformer_parameters=TransformerParameters(**ones))
    layout = WebFileLayout.of(model_type, parameters, tokenizer, specs, notes)
    data = bytearray(layout.size)
    data[: len(layout.header)] = layout.header
    for offset, blob in layout.blobs:
        assert offset >= len(layout.header)
        data[offset : offset + len(blob)] = blob
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        read = WebFile.open(Path(file.name))
        assert read.tokenizer() == tokenizer
    assert [(t.name, t.type, t.size) for t in read.tensors.values()] == [(t.name, t.type, t.size) for t in specs]
    assert all(t.offset % ALIGNMENT == 0 for t in read.tensors.values())
    assert (read.model_type, read.notes) == (model_type, notes)
    assert layout.size >= SMALLEST_FILE


@given(
    base=st.sampled_from([gemma3_config(), *(shape.config for shape in shapes().values())]),
    changes=st.dictionaries(st.sampled_from(sorted(gemma3_config())), JSON, max_size=3),
    model_type=st.sampled_from([*FAMILIES, None]),
)
@settings(robust, max_examples=300)
def test_any_config_is_planned_or_refused(
    base: dict[str, Any], changes: dict[str, Any], model_type: str | None
) -> None:
    config = base | changes | ({"model_type": model_type} if model_type else {})
    try:
        assert describe(config, Path("config.json")).layers
    except OnpageError as error:
        assert 0 < len(str(error)) < 2000


@given(
    base=st.sampled_from([shapes()[name].config for name in ("gemma3-270m", "gemma3n-e2b", "gemma4-e2b")]),
    changes=st.dictionaries(st.sampled_from([*sorted(shapes()["gemma4-e2b"].config), "layer_types"]), JSON, max_size=3),
    nested=st.booleans(),
)
@settings(robust, max_examples=100)
def test_any_config_is_estimated_or_refused(base: dict[str, Any], changes: dict[str, Any], nested: bool) -> None:
    config = base | {key: value for key, value in changes.items() if key != "model_type"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps({"model_type": "gemma3n", "text_config": config} if nested else config))
        try:
            assert estimate(folder).memory.total > 0
        except OnpageError as error:
            assert 0 < len(str(error)) < 2000


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the members of a JSON value are, the first three of each list or object."""
    members = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [found for key, inner in members[:3] + members[-1:] for found in [(*path, key), *paths(inner, (*path, key))]]


TOKENIZER = json.loads((Path(__file__).parent.parent / "goldens/tokenizer/tokenizer.json").read_bytes())


@given(place=st.sampled_from(paths(TOKENIZER) + [(key,) for key in TOKENIZER]), value=JSON)
@settings(robust, max_examples=150)
def test_any_tokenizer_json_is_translated_or_refused(place: tuple[Any, ...], value: Any) -> None:
    changed = json.loads(json.dumps(TOKENIZER))
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        path.write_text(json.dumps(changed))
        try:
            assert sentencepiece_from_json(path, 1 << 20)
        except OnpageError as error:
            assert 0 < len(str(error)) < 2000


@given(changes=st.dictionaries(st.sampled_from(["r", "lora_alpha", "rank_pattern", "target_modules", "bias"]), JSON))
@settings(robust, max_examples=100)
def test_any_adapter_is_read_or_refused(changes: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = write_adapter(Path(name), gemma3_config(hidden_size=16, num_hidden_layers=1))
        path = folder / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        try:
            assert Adapter.open(folder).rank > 0
        except OnpageError as error:
            assert 0 < len(str(error)) < 2000
