"""A manifest comes back as it was written, and whatever else the bytes are is one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import StoreError
from builder.formats.inspect_web_file import PromptTemplate, Sampling
from builder.store import Manifest, model_id
from builder.store.manifest import MAX_BYTES, is_file_name

WHOLE = Manifest(
    id="gemma3-1b-int4",
    sha256="0123456789abcdef" * 4,
    size=700_383_232,
    file="gemma3-1b-it-int4-web.task",
    format="web",
    source="https://huggingface.co/litert-community/Gemma3-1B-IT",
    revision="main",
    name="Gemma 3 1B",
    licence="Gemma Terms of Use",
    family="Gemma 3 1B",
    quantization="int4",
    parameters=10**9,
    context=32768,
    modalities=("text", "image"),
    template=PromptTemplate("<start_of_turn>user\n", "<end_of_turn>\n"),
    sampling=Sampling(1.0, 64),
    conversion={"checkpoint": "my-gemma", "bits": 4},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_it_comes_back() -> None:
    assert Manifest.from_json(json.loads(json.dumps(WHOLE.to_json()))) == WHOLE
    least = Manifest(id="a", sha256="0" * 64, size=1, file="a", format="task")
    assert Manifest.from_json(json.loads(json.dumps(least.to_json()))) == least


def test_what_a_later_onpage_adds_is_ignored() -> None:
    assert Manifest.from_json(WHOLE.to_json() | {"something": "new"}) == WHOLE


@given(st.sampled_from(sorted(WHOLE.to_json())), JSON)
def test_any_value_in_any_field_is_taken_or_refused(name: str, value: Any) -> None:
    try:
        manifest = Manifest.from_json(WHOLE.to_json() | {name: value})
    except (ValueError, TypeError):
        return
    assert Manifest.from_json(json.loads(json.dumps(manifest.to_json(), allow_nan=False))) == manifest


@given(JSON)
def test_any_json_is_taken_or_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        Manifest.from_json(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "../x"),
        ("id", "A"),
        ("id", "a" * 81),
        ("sha256", "../../etc/passwd"),
        ("sha256", "A" * 64),
        ("file", "../x"),
        ("file", "a/b"),
        ("file", "a\\b"),
        ("file", "."),
        ("file", ""),
        ("file", "a\n"),
        ("size", 0),
        ("size", True),
        ("size", 2**60),
        ("format", "exe"),
        ("licence", "a\x1b[31mred"),
        ("modalities", ["smell"]),
        ("modalities", "text"),
        ("modalities", []),
        ("licence", "x" * 3000),
        ("template", {"prefix": 1, "suffix": ""}),
        ("sampling", {"temperature": float("nan"), "top_k": 1}),
        ("conversion", {str(i): i for i in range(100)}),
        ("conversion", {"loss": float("inf")}),
        ("added", "yesterday"),
    ],
)
def test_what_is_refused(field: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "gemma3-1b-int4.json"
    path.write_text(json.dumps(WHOLE.to_json() | {field: value}))
    with pytest.raises(StoreError, match=r"The manifest .* cannot be used \(.*\): run onpage remove gemma3-1b-int4"):
        Manifest.read(path)


def test_a_manifest_of_another_name_or_of_endless_size_is_refused(tmp_path: Path) -> None:
    text = json.dumps(WHOLE.to_json())
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(StoreError, match="it is about gemma3-1b-int4"):
        Manifest.read(tmp_path / "other.json")
    path = tmp_path / "gemma3-1b-int4.json"
    path.write_text(text + " " * MAX_BYTES)
    with pytest.raises(StoreError, match="is larger than"):
        Manifest.read(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(StoreError, match="not a regular file"):
        Manifest.read(path)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("Gemma3-1B-IT_int4-web.task", "gemma3-1b-it_int4"),
        ("gemma-3n-E2B-it-int4-Web.litertlm", "gemma-3n-e2b-it-int4"),
        ("/a/b/My Model (2).task", "my-model-2"),
        ("...", "model"),
        ("模型.task", "model"),
        ("x" * 300, "x" * 80),
    ],
)
def test_ids_are_made_of_names(file: str, expected: str) -> None:
    assert model_id(file) == expected


@given(st.text(max_size=300))
def test_any_name_makes_an_id(file: str) -> None:
    Manifest(id=model_id(file), sha256="0" * 64, size=1, file="a", format="web")
    assert not is_file_name(f"{file}/")
