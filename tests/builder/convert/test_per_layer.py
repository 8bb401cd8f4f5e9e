"""Per-layer embeddings on their way into a web file, and what is found when they are not the checkpoint's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner

from builder.bundle import web_source
from builder.convert.against import check_against
from builder.convert.web_file import convert_checkpoint
from builder.errors import BundleError, CheckpointError, ModelFileError, UnsupportedModel, WebFileError
from builder.formats.check_web_file import check_web_file
from builder.formats.inspect_web_file import inspect_web_file
from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import PerLayerTables
from builder.model.opened import OpenedCheckpoint
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.reference.sources import CheckpointSource, HeldSource, WebFileSource
from builder.reference.writer import Writer
from builder.slice.web_file import open_sliceable
from builder.store import Store
from builder.store.checking import check_store
from builder.store.importing import import_file
from onpage.command.inspect import inspect
from tests.checkpoints import gemma3n_config, gemma4_config, stored_values, write_checkpoint, write_shards
from webapp.errors import ModelFileUnfitError
from webapp.served_models import ServedModel

CONFIG = gemma4_config(hidden_size_per_layer_input=32, vocab_size_per_layer_input=4096, num_kv_shared_layers=3)
GATE, TABLE = "transformer.layer_2.per_layer_embedding_gate.w", "transformer.layer_2.per_layer_embeddings.w"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("per-layer") / "c", CONFIG)


@pytest.fixture(scope="module")
def written(folder: Path) -> Path:
    return convert_checkpoint(folder, folder.with_name("m.task")).path


def changed(path: Path, tensor: str, at: int, data: bytes) -> Path:
    """The file with other bytes in a tensor."""
    copy = path.with_name("changed.task")
    shutil.copy(path, copy)
    with copy.open("r+b") as file:
        file.seek(WebFile.open(path).tensors[tensor].offset + at)
        file.write(data)
    return copy


def test_every_weight_is_the_checkpoints(written: Path, folder: Path) -> None:
    check_web_file(WebFile.open(written))
    assert check_against(written, folder) == inspect_web_file(written).parameters


def test_a_stream_that_is_scaled_is_the_same_function(folder: Path, written: Path, tmp_path: Path) -> None:
    scaled = convert_checkpoint(folder, tmp_path / "scaled.task", residual_scale=1 / 64).path
    assert check_against(scaled, folder) > 0
    prompt = [2, *range(300, 330)]
    plain, other = (Reference.from_web_file(path).logits(prompt) for path in (written, scaled))
    np.testing.assert_allclose(other, plain, atol=2e-3)


def test_what_is_not_the_checkpoints_is_named(written: Path, folder: Path) -> None:
    for tensor, data in ((GATE, b"\x00\x3c"), (TABLE, b"\x00\xff\x00\xff")):
        with pytest.raises(ModelFileError, match=f"tensor {tensor.removesuffix('.w')} "):
            check_against(changed(written, tensor, 64, data), folder)


def test_a_float16_that_is_no_number_is_found_without_sums(written: Path) -> None:
    file = WebFile.open(changed(written, GATE, 64, b"\x00\x7c"))
    object.__setattr__(file, "sums_offset", None)
    with pytest.raises(WebFileError, match=f"{GATE} holds a value that is infinite"):
        check_web_file(file)


@pytest.mark.parametrize("bits", ["8", "4", "q4_0"])
def test_tables_in_either_order_are_the_same_numbers(folder: Path, tmp_path: Path, bits: str) -> None:
    quantization = Quantization.of("q4_0", embedding=bits)
    files = []
    for tables in get_args(PerLayerTables):
        path = tmp_path / f"{tables}.task"
        convert_checkpoint(folder, path, quantization=quantization, tables=tables)
        assert check_against(path, folder) == inspect_web_file(path).parameters
        files.append(WebFile.open(path))
    on_demand, static = files
    assert [(one.name, one.size) for one in on_demand.tensors.values()] == [
        (one.name, one.size) for one in static.tensors.values()
    ]
    differing = {name for name in static.tensors if static.read(name) != on_demand.read(name)}
    assert differing == {f"transformer.layer_{i}.per_layer_embeddings.w" for i in range(CONFIG["num_hidden_layers"])}
    ids = np.array([3, 4095, 300, 3])
    rows = [WebFileSource(one).embedding_rows(ids, layer=2) for one in files]
    np.testing.assert_array_equal(*rows)
    np.testing.assert_array_equal(*(WebFileSource(one).layer(2)["per_layer_embedding"] for one in files))
    assert np.abs(rows[0]).max() > 0


def test_a_row_of_a_table_on_demand_lies_signed_and_in_one_piece(folder: Path, tmp_path: Path) -> None:
    """As docs/format.md has it: the engine takes it out of the file as it is."""
    written = convert_checkpoint(folder, tmp_path / "m.task", tables="on-demand")
    file = WebFile.open(written.path)
    rows = np.frombuffer(file.read(TABLE), np.int8).reshape(4096, 32)
    scales = np.frombuffer(file.read(f"{TABLE}_quantized_scale"), np.float32)
    table = stored_values(folder)["model.embed_tokens_per_layer.weight"][:, 2 * 32 : 3 * 32]
    np.testing.assert_allclose(rows * scales[:, None], table, atol=float(scales.max()) * 0.51)
    np.testing.assert_array_equal(np.frombuffer(file.read(f"{TABLE}.sum_i"), np.int32), rows.sum(axis=1))
    tables = sum(tensor.size for name, tensor in file.tensors.items() if ".per_layer_embeddings." in name)
    assert written.on_demand == inspect_web_file(written.path).on_demand == tables > 6 * 4096 * 32


def test_a_row_of_a_table_on_demand_has_one_scale(tmp_path: Path) -> None:
    """The engine reads no other: with one for each 32 values it wrote other text from the second token on."""
    folder = write_checkpoint(tmp_path / "c", CONFIG | {"hidden_size_per_layer_input": 64})
    quantization, scales = Quantization.of("q4_0"), f"{TABLE}_quantized_scale"
    for tables, count in (("on-demand", 1), ("static", 2)):
        path = convert_checkpoint(folder, tmp_path / "m.task", quantization=quantization, tables=tables).path
        file = WebFile.open(path)
        assert (file.tensors[TABLE].size, file.tensors[scales].size) == (4096 * 32, 4096 * 4 * count)
        assert check_against(path, folder) == inspect_web_file(path).parameters


@pytest.fixture(scope="module")
def in_blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As it was written before: of a table on demand with a scale for each 32 values."""
    folder = write_checkpoint(tmp_path_factory.mktemp("blocks") / "c", CONFIG | {"hidden_size_per_layer_input": 64})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builder.convert.web_file.scales_for", lambda quantization, _: quantization)
        return convert_checkpoint(folder, folder.with_name("old.task"), quantization=Quantization.of("q4_0")).path


def test_a_table_on_demand_with_more_scales_is_refused_wherever_it_would_be_used(
    in_blocks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = r"layer_0\.per_layer_embeddings\.w has 8,192 scales for 4,096 rows"
    with pytest.raises(WebFileError, match=said):
        check_web_file(WebFile.open(in_blocks))
    store = Store(tmp_path / "store")
    for offered in (lambda: ServedModel.read(in_blocks), lambda: import_file(store, in_blocks, id="old")):
        with pytest.raises(ModelFileError, match=rf"old\.task would write wrong text: .*{said}.*: convert it again"):
            offered()
    assert "problem\twould write wrong text: " in CliRunner().invoke(inspect, [str(in_blocks)]).stdout
    monkeypatch.setattr(WebFile, "problem", None)
    import_file(store, in_blocks, id="old")  # by an onpage that did not know
    monkeypatch.undo()
    with pytest.raises(
        ModelFileUnfitError, match=rf"The content of old would .*{said}.*import it with --id old --replace"
    ):
        ServedModel.read(store.get("old"))
    (finding,) = check_store(store).findings
    assert (finding.kind, finding.id) == ("unfit", "old")


def test_of_a_table_on_demand_with_more_scales_no_slice_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_checkpoint(tmp_path / "c", gemma3n_config(hidden_size_per_layer_input=64))
    monkeypatch.setattr("builder.convert.web_file.scales_for", lambda quantization, _: quantization)
    path = convert_checkpoint(folder, tmp_path / "old.task", quantization=Quantization.of("q4_0")).path
    with pytest.raises(WebFileError, match=r"old\.task would write wrong text"):
        open_sliceable(path)


def test_where_the_tables_are_is_chosen_and_refused(folder: Path, written: Path, tmp_path: Path) -> None:
    p = WebFile.open(written).parameters.transformer_parameters
    assert p.load_per_layer_embedding_dynamically
    with pytest.raises(BundleError, match="loads its per-layer embeddings on demand"):
        web_source(written)
    bundle = convert_checkpoint(folder, tmp_path / "m.litertlm")
    assert bundle.on_demand == 0
    with pytest.raises(UnsupportedModel, match=r"they were not tested in LiteRT-LM"):
        convert_checkpoint(folder, tmp_path / "m.litertlm", tables="on-demand")
    without = write_checkpoint(tmp_path / "c", gemma4_config())
    with pytest.raises(UnsupportedModel, match="A gemma4 without per-layer embeddings has no tables to place"):
        convert_checkpoint(without, tmp_path / "m.task", tables="static")


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (
            70_000.0,
            UnsupportedModel,
            "model.layers.1.per_layer_input_gate.weight holds a value that is too large for float16",
        ),
        (np.nan, CheckpointError, "per_layer_input_gate.weight holds nan at row 2, column 3"),
    ],
)
def test_what_float16_cannot_hold_is_refused(
    tmp_path: Path, value: float, error: type[Exception], message: str
) -> None:
    folder = write_checkpoint(tmp_path / "c", CONFIG)
    values = stored_values(folder)
    gate = values["model.layers.1.per_layer_input_gate.weight"] = values[
        "model.layers.1.per_layer_input_gate.weight"
    ].copy()
    gate[2, 3] = value
    write_shards(folder, values)
    with pytest.raises(error, match=message):
        convert_checkpoint(folder, tmp_path / "m.task", residual_scale=1.0)
    assert not (tmp_path / "m.task").exists()


def test_the_file_is_near_what_the_checkpoint_computes(written: Path, folder: Path) -> None:
    opened, prompt = OpenedCheckpoint.complete(folder), [2, *range(300, 330)]
    exact = Writer(HeldSource(CheckpointSource(opened.model, opened.weights)), frozenset()).logits(prompt)
    assert np.corrcoef(Reference.from_web_file(written).logits(prompt), exact)[0, 1] > 0.98
