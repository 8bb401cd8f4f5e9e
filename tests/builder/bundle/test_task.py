"""The zip `.task`: what MediaPipe's bundler would write, minus the clock, and the tokens that it does not check."""

from __future__ import annotations

import ctypes
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from builder.bundle import Conversation, Source, graph_source, web_source, write_task
from builder.bundle.task import ALIGNMENT, task_metadata
from builder.errors import BundleError, ModelFileError, TokenizerError
from builder.files.digest import sha256_of
from builder.formats.llm_parameters import LlmParameters
from builder.model.families.dense import GEMMA_TURNS
from builder.model.tokenizer import Tokenizer
from builder.model.turns import Turn
from builder.synth.web_file import synthetic_tokenizer
from tests.graphs import caches, function, language_model, write_graph
from tests.mediapipe_schema import PACKAGE


class Options(ctypes.Structure):
    """LlmBundlerMetadataOptions of MediaPipe's C library; its Python side needs JAX and Torch only to be imported."""

    _fields_ = [
        ("start_token", ctypes.c_char_p),
        ("stop_tokens", ctypes.POINTER(ctypes.c_char_p)),
        ("num_stop_tokens", ctypes.c_int),
        ("enable_bytes_to_unicode_mapping", ctypes.c_bool),
        ("system_prompt", ctypes.c_char_p),
        *(
            (f"prompt_{end}_{side}", ctypes.c_char_p)
            for side in ("user", "model", "system")
            for end in ("prefix", "suffix")
        ),
        *((f"{role}_role_token", ctypes.c_char_p) for role in ("user", "system", "model", "end")),
    ]


def mediapipes_metadata(source: Source) -> bytes:
    """METADATA from MediaPipe's own bundler."""
    library = ctypes.CDLL(str(PACKAGE / "tasks/c/libmediapipe.so"))
    generate = library.MpLlmBundlerGenerateMetadata
    generate.argtypes = [ctypes.POINTER(Options), ctypes.POINTER(ctypes.c_int)]
    generate.restype = ctypes.POINTER(ctypes.c_char)
    conversation, pieces = source.conversation, source.tokenizer.pieces
    stops = (ctypes.c_char_p * len(conversation.stop_ids))(*(pieces[i].encode() for i in conversation.stop_ids))
    options = Options(start_token=pieces[conversation.start_id].encode(), stop_tokens=stops, num_stop_tokens=len(stops))
    for side, turn in (("user", conversation.user), ("model", conversation.model), ("system", conversation.system)):
        for end, text in (("prefix", turn.prefix), ("suffix", turn.suffix)):
            if text:
                setattr(options, f"prompt_{end}_{side}", text.encode())
    size = ctypes.c_int()
    found = generate(ctypes.byref(options), ctypes.byref(size))
    try:
        return ctypes.string_at(found, size.value)
    finally:
        library.MpLlmBundlerFreeMetadata(found)


def test_the_zip_holds_what_mediapipe_looks_for(graph: Source, graph_file: Path, tmp_path: Path) -> None:
    written = write_task(tmp_path / "small.task", graph)
    assert written.sha256 == sha256_of(written.path)
    with zipfile.ZipFile(written.path) as archive:
        assert archive.testzip() is None
        assert archive.read("TF_LITE_PREFILL_DECODE") == graph_file.read_bytes()
        assert archive.read("TOKENIZER_MODEL") == graph.tokenizer.model
        assert archive.read("METADATA") == LlmParameters.serialize(task_metadata(graph))
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
    data = written.path.read_bytes()
    for content in (graph_file.read_bytes(), graph.tokenizer.model):
        assert data.index(content) % ALIGNMENT == 0


@pytest.mark.parametrize(
    "turns",
    [
        {},
        {"user": Turn("<start_of_turn>user\n", "<end_of_turn>\n"), "model": Turn("<start_of_turn>model\n", "<end_of_turn>\n")},
        {"user": Turn("Frage: ", "\n"), "model": Turn("Größe: ", ""), "system": Turn("", "\n\n")},
        {"system": Turn("Be brief.")},
        {"model": Turn("", "\n")},
    ],
)  # fmt: skip
def test_the_metadata_is_byte_for_byte_what_mediapipes_bundler_makes(graph: Source, turns: dict[str, Turn]) -> None:
    bare = Conversation(graph.conversation.start_id, graph.conversation.stop_ids)
    source = replace(graph, conversation=replace(bare, **turns))
    assert LlmParameters.serialize(task_metadata(source)) == mediapipes_metadata(source)


def test_the_same_parts_give_the_same_bytes(graph: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write_task(tmp_path / "a.task", graph)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert write_task(tmp_path / "b.task", graph).sha256 == first.sha256


@pytest.mark.parametrize(
    ("start", "stops", "named"),
    [("<start>", [], "<start>"), (None, ["<eos>", "<|im_end|>"], r"<\|im_end\|>"), (None, ["end_of_turn"], "end_of_turn")],
)  # fmt: skip
def test_tokens_that_the_tokenizer_does_not_have_are_refused(
    tokenizer: Tokenizer, start: str | None, stops: list[str], named: str
) -> None:
    with pytest.raises(TokenizerError, match=f"has no piece '{named}'"):
        Conversation.of(tokenizer, None, start_token=start, stop_tokens=stops)


def test_given_tokens_take_the_place_of_the_tokenizers_own(tokenizer: Tokenizer) -> None:
    conversation = Conversation.of(tokenizer, None, start_token="<eos>", stop_tokens=["<end_of_turn>", "<end_of_turn>"])
    assert (conversation.start_id, conversation.stop_ids) == (1, (5,))
    assert Conversation.of(tokenizer, None).stop_ids == (1,)


def test_a_developers_turn_is_the_systems(tokenizer: Tokenizer) -> None:
    template = replace(GEMMA_TURNS, system=Turn("<start_of_turn>developer\n", "<end_of_turn>\n"))
    assert Conversation.of(tokenizer, template).system == Turn("<start_of_turn>developer\n", "<end_of_turn>\n")
    assert Conversation.of(tokenizer, GEMMA_TURNS).system == Turn()


def test_ids_beyond_the_tokenizer_are_refused(graph: Source) -> None:
    with pytest.raises(TokenizerError, match="has no token 500"):
        replace(graph, conversation=replace(graph.conversation, stop_ids=(500,)))


def without(signatures: dict, name: str) -> dict:
    return {key: value for key, value in signatures.items() if key != name}


@pytest.mark.parametrize(
    ("signatures", "message"),
    [
        ({}, "has the signatures none"),
        (without(language_model(), "decode"), "has the signatures prefill_8, prefill_32"),
        ({"decode": language_model()["decode"]}, "has the signatures decode"),
        ({name: function(1, {}, logits=500) for name in ("prefill", "decode")}, "no key-value cache"),
        (language_model() | {"prefill_8": function(8, caches(1))}, "a key-value cache in prefill_8 that is not decode's"),
        (language_model() | {"decode": function(1, caches(2))}, "no logits"),
        (language_model() | {"prefill_8": ({**caches(2)}, caches(2))}, "takes no tokens and input_pos in prefill_8"),
        (language_model() | {"prefill_8": (function(8, caches(2))[0], {})}, "does not return the key-value cache of prefill_8"),
    ],
)  # fmt: skip
def test_graphs_that_are_no_language_model_are_refused(
    tokenizer: Tokenizer, tmp_path: Path, signatures: dict, message: str
) -> None:
    path = write_graph(tmp_path / "other.tflite", signatures)
    with pytest.raises(ModelFileError, match=f"{path} .*{message}.*expected a graph with a decode"):
        graph_source(path, tokenizer, Conversation.of(tokenizer, None))


@pytest.mark.parametrize(
    ("graph", "message"), [({"mask": False}, "no mask input"), ({"transposed": False}, "default layout")]
)
def test_graphs_that_mediapipe_would_garble_are_refused(
    tokenizer: Tokenizer, tmp_path: Path, graph: dict[str, bool], message: str
) -> None:
    path = write_graph(tmp_path / "other.tflite", language_model(**graph))
    with pytest.raises(BundleError, match=message):
        write_task(tmp_path / "out.task", graph_source(path, tokenizer, Conversation.of(tokenizer, None)))
    assert list(tmp_path.iterdir()) == [path]


def test_a_web_file_is_no_part_of_a_zip(web_file: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is a web file, which MediaPipe loads directly"):
        write_task(tmp_path / "out.task", web_source(web_file))
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_larger_than_the_logits_is_refused(graph_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(synthetic_tokenizer(600))
    tokenizer = Tokenizer.open(path)
    with pytest.raises(TokenizerError, match=r"has 600 pieces, but .* has 500 logits"):
        graph_source(graph_file, tokenizer, Conversation.of(tokenizer, None))


def test_it_begins_as_the_web_task_expects(graph: Source, tmp_path: Path) -> None:
    """@mediapipe/tasks-genai 0.10.29 says "No model format matched" unless bytes 4 and 5 are PK."""
    written = write_task(tmp_path / "model.task", graph)
    assert written.path.read_bytes()[:8] == b"\0\0\0\0PK\x03\x04"
