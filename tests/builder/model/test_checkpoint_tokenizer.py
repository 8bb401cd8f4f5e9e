"""The tokenizer of a checkpoint as fine-tuning leaves it: another end, tokens that were added, files that contradict each other.

What is written splits every text as the `tokenizers` library does with the checkpoint's own files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as FastTokenizer

from builder.convert.web_file import convert_checkpoint
from builder.errors import TokenizerError
from builder.formats.web_file_reader import WebFile
from builder.model.tokenizer import Tokenizer
from builder.synth.web_file import synthetic_tokenizer
from tests.checkpoints import gemma3_config, write_checkpoint

GOLDEN = Path(__file__).parents[2] / "goldens" / "tokenizer"
ROWS = 700
GEMMA = "<start_of_turn>user\nsing<end_of_turn>\n<start_of_turn>model\n"
CHATML = "<|im_start|>user\nsing<|im_end|>\n<|im_start|>assistant\n"


def checkpoint(folder: Path, rows: int = ROWS, **files: Any) -> Path:
    """A checkpoint whose tokenizer files are those given, by their names with __ for a dot: bytes, or an object for JSON."""
    write_checkpoint(folder, gemma3_config(vocab_size=rows, num_hidden_layers=1))
    (folder / "tokenizer.model").unlink()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def golden() -> dict[str, Any]:
    """tokenizer.json."""
    found: dict[str, Any] = json.loads((GOLDEN / "tokenizer.json").read_text())
    return found


def with_tokens(*texts: str) -> dict[str, Any]:
    """tokenizer.json with tokens added behind the others."""
    values = golden()
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    values["added_tokens"] += [{"id": ROWS + i, "content": text, **flags} for i, text in enumerate(texts)]
    return values


def converted(folder: Path) -> tuple[WebFile, sentencepiece.SentencePieceProcessor]:
    """The web file, and its tokenizer."""
    output = folder.with_suffix(".task")
    convert_checkpoint(folder, output)
    file = WebFile.open(output)
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(file.tokenizer())
    return file, processor


def fast(folder: Path, text: str) -> list[int]:
    """As the tokenizers library splits it."""
    ids: list[int] = FastTokenizer.from_file(str(folder / "tokenizer.json")).encode(text, add_special_tokens=False).ids
    return ids


@pytest.mark.parametrize("kind", ["eos", "pad", "bos"])
def test_a_turns_piece_is_read_in_texts_whatever_the_file_names_it(tmp_path: Path, kind: str) -> None:
    """eos_token <end_of_turn>: the piece became one that no text holds, and each turn's end was nine pieces."""
    names = {f"{kind}_token": "<end_of_turn>"}
    folder = checkpoint(tmp_path / "c", tokenizer__json=golden(), tokenizer_config__json=names)
    if kind == "bos":
        names["bos_token"] = "<start_of_turn>"  # nonsense, but it must not break the turns
        (folder / "config.json").write_text(
            json.dumps(json.loads((folder / "config.json").read_text()) | {"bos_token_id": None})
        )
    _, processor = converted(folder)
    assert processor.encode(GEMMA) == fast(folder, GEMMA)


def test_another_end_still_ends_an_answer_and_the_usual_one_stays_a_control_piece(tmp_path: Path) -> None:
    names = {"eos_token": {"content": "<end_of_turn>", "__type": "AddedToken"}}
    folder = checkpoint(tmp_path / "c", tokenizer__json=golden(), tokenizer_config__json=names)
    file, processor = converted(folder)
    assert list(file.parameters.stop_tokens) == ["<eos>", "<end_of_turn>"]
    assert processor.IsControl(processor.PieceToId("<eos>")), "foreign text must not end an answer"


def test_tokens_of_chatml_are_read_in_texts(tmp_path: Path) -> None:
    """They are special tokens behind the others, and one of them is the end of a text."""
    folder = checkpoint(
        tmp_path / "c",
        ROWS + 4,
        tokenizer__json=with_tokens("<|im_start|>", "<|im_end|>", "<|tool|>", "<|image|>"),
        tokenizer_config__json={
            "eos_token": "<|im_end|>",
            "pad_token": "<|im_start|>",
            "chat_template": CHATML_TEMPLATE,
        },
    )
    file, processor = converted(folder)
    assert processor.encode(CHATML) == fast(folder, CHATML)
    assert file.parameters.prompt_template.prompt_prefix == "<|im_start|>user\n"


CHATML_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

PARTS = st.sampled_from(["<|im_start|>", "<|im_end|>", "<end_of_turn>", "<b>", "\n", " ", "the", "ing", "é", "🎉"])


@settings(max_examples=60)
@given(st.lists(st.one_of(PARTS, st.text(max_size=5)), max_size=12).map("".join))
def test_every_text_is_split_as_transformers_does(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    if any(part in text for part in ("\u2581", "<pad>", "<eos>", "<bos>", "<unk>", " " * 8)):
        return  # tokenizer_json names these
    folder, processor = _made(tmp_path_factory)
    assert processor.encode(text) == fast(folder, text)


_kept: list[tuple[Path, sentencepiece.SentencePieceProcessor]] = []


def _made(factory: pytest.TempPathFactory) -> tuple[Path, sentencepiece.SentencePieceProcessor]:
    if not _kept:
        folder = checkpoint(
            factory.mktemp("kept") / "c",
            ROWS + 4,
            tokenizer__json=with_tokens("<|im_start|>", "<|im_end|>"),
            tokenizer_config__json={"eos_token": "<|im_end|>", "chat_template": CHATML_TEMPLATE},
        )
        _kept.append((folder, converted(folder)[1]))
    return _kept[0]


def test_a_changed_tokenizer_json_is_followed_and_said(tmp_path: Path) -> None:
    """Of the same size as the tokenizer.model beside it, which is the base model's."""
    values = golden()
    for token in values["added_tokens"]:
        if token["content"] == "<mask>":
            token["content"] = "<|im_start|>"
    values["model"]["vocab"]["<|im_start|>"] = values["model"]["vocab"].pop("<mask>")
    folder = checkpoint(
        tmp_path / "c", tokenizer__json=values, tokenizer__model=(GOLDEN / "tokenizer.model").read_bytes()
    )
    output = tmp_path / "m.task"
    written = convert_checkpoint(folder, output)
    assert any("tokenizer.json was followed" in note and "<mask>" in note for note in written.notes), written.notes
    text = "<|im_start|>sing"
    assert Tokenizer.from_bytes(output, WebFile.open(output).tokenizer()).id_of("<|im_start|>") == fast(folder, text)[0]


def test_another_order_of_merges_is_seen(tmp_path: Path) -> None:
    values = golden()
    merges = values["model"]["merges"]
    merges.append(merges.pop(next(i for i, pair in enumerate(merges) if pair == ["i", "n"])))
    folder = checkpoint(
        tmp_path / "c", tokenizer__json=values, tokenizer__model=(GOLDEN / "tokenizer.model").read_bytes()
    )
    _, processor = converted(folder)
    text = "bringing singing into finding"
    assert processor.encode(text) == fast(folder, text)


def test_two_that_say_the_same_give_the_original_without_a_word(tmp_path: Path) -> None:
    original = (GOLDEN / "tokenizer.model").read_bytes()
    folder = checkpoint(tmp_path / "c", tokenizer__json=golden(), tokenizer__model=original)
    tokenizer = Tokenizer.of_checkpoint(folder, ROWS)
    assert (tokenizer.model, tokenizer.notes) == (original, ())


def test_a_changed_tokenizer_json_that_cannot_be_followed_is_refused_by_the_difference(tmp_path: Path) -> None:
    values = golden()
    values["model"]["vocab"]["<|x|>"] = values["model"]["vocab"].pop("<mask>")
    values["added_tokens"] = [token for token in values["added_tokens"] if token["content"] != "<mask>"]
    values["normalizer"] = {"type": "NFC"}
    folder = checkpoint(
        tmp_path / "c", tokenizer__json=values, tokenizer__model=(GOLDEN / "tokenizer.model").read_bytes()
    )
    with pytest.raises(TokenizerError, match=r"normalizer is .*<mask>.*<\|x\|>"):
        convert_checkpoint(folder, tmp_path / "m.task")


@pytest.mark.parametrize("where", ["added_tokens.json", "tokenizer_config.json", "both"])
def test_tokens_that_were_added_beside_an_old_tokenizer_model_become_pieces(tmp_path: Path, where: str) -> None:
    added = {"<|im_start|>": ROWS, "<|im_end|>": ROWS + 1}
    folder = checkpoint(
        tmp_path / "c",
        768,
        tokenizer__model=(GOLDEN / "tokenizer.model").read_bytes(),
        **({"added_tokens__json": added} if where != "tokenizer_config.json" else {}),
        tokenizer_config__json={
            "added_tokens_decoder": {str(i): {"content": text} for text, i in added.items()}
            if where != "added_tokens.json"
            else {},
            "chat_template": CHATML_TEMPLATE,
        },
    )
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / "tokenizer.json").write_text(json.dumps(with_tokens(*added)))
    file, processor = converted(folder)
    assert processor.encode(CHATML) == fast(tmp_path / "fast", CHATML)
    assert file.parameters.vocab_size == 704


def test_a_spare_piece_that_was_given_another_name_has_it(tmp_path: Path) -> None:
    """As fine-tuning does with <unused5>: the row stays, the name changes."""
    mask = golden()["model"]["vocab"]["<mask>"]
    folder = checkpoint(
        tmp_path / "c",
        tokenizer__model=(GOLDEN / "tokenizer.model").read_bytes(),
        added_tokens__json={"<|call|>": mask},
    )
    _, processor = converted(folder)
    assert processor.encode("<|call|>") == [mask]


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ({"<|a|>": ROWS + 2}, r"'<\|a\|>' has the id 702.*ids 700 to 701 have no piece"),
        ({"<b>": ROWS}, "'<b>' has the id 700.*it is piece"),
        ({"<|a|>": 690}, r"'<\|a\|>' has the id 690.*that id is"),
        ({"<|a|>": "7"}, "expected a text and a whole number"),
        ({"<|a|>": -1}, "expected a text and a whole number"),
        ({"": ROWS}, "expected a text and a whole number"),
        ({"\ud800": ROWS}, "expected a text and a whole number"),
    ],
)
def test_an_added_token_that_does_not_fit_is_refused_by_its_name(
    tmp_path: Path, added: dict[str, Any], reason: str
) -> None:
    folder = checkpoint(
        tmp_path / "c",
        768,
        tokenizer__model=(GOLDEN / "tokenizer.model").read_bytes(),
        added_tokens__json=added,
    )
    with pytest.raises(TokenizerError, match=reason):
        convert_checkpoint(folder, tmp_path / "m.task")


def test_tokens_behind_the_embedding_are_left_out(tmp_path: Path) -> None:
    """No model can read them; transformers saves "<image_soft_token>" with text models too."""
    folder = checkpoint(
        tmp_path / "c",
        tokenizer__model=(GOLDEN / "tokenizer.model").read_bytes(),
        added_tokens__json={"<image_soft_token>": ROWS},
    )
    file, processor = converted(folder)
    assert (file.parameters.vocab_size, processor.GetPieceSize()) == (ROWS, ROWS)


def test_a_tokenizer_model_that_calls_the_turns_pieces_control_is_mended(tmp_path: Path) -> None:
    """As files made of a GGUF do."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = proto.ModelProto.FromString(synthetic_tokenizer(ROWS))
    for piece in model.pieces:
        if "_turn>" in piece.piece:
            piece.type = piece.CONTROL
    folder = checkpoint(tmp_path / "c", tokenizer__model=model.SerializeToString())
    _, processor = converted(folder)
    ids = processor.encode("<start_of_turn>user\n")
    assert ids[0] == processor.PieceToId("<start_of_turn>")
