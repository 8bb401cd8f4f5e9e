"""The page's token counts for LiteRT-LM are SentencePiece's own, also of texts that nobody would write."""

from __future__ import annotations

import io
import json
import random
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from builder.formats.web_file_reader import WebFile
from builder.synth.web_file import FIRST_WORD, synthetic_tokenizer, word
from webapp.paths import DEMO_MODEL, static_folder

COUNT = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [module, model, texts] = process.argv.slice(-3);
const { SentencePiece } = await import(pathToFileURL(module));
const tokenizer = new SentencePiece(readFileSync(model));
console.log(JSON.stringify(JSON.parse(readFileSync(texts, "utf8")).map((text) => tokenizer.count(text))));
"""
MODULE = static_folder() / "engine" / "workers" / "sentencepiece.js"
TEXTS = (
    "",
    " ",
    "a",
    "Hello there, how  are\n\n you  ",
    "<start_of_turn>user\nWrite.<end_of_turn>\n<start_of_turn>model\n",
    "<start_of_turn",
    "<start_of_turn><start_of_turn>",
    "ein schöner Tag, 12.345,67 €",
    "👩‍👩‍👧 🎉\ufe0f 漢字 ﷽ \u0000\u200b\u00a0 \ud7ff",
    "▁▁ literally ▁",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\t\r\n \n",
)


def counted(model: bytes, texts: list[str], folder: Path) -> list[int]:
    (folder / "model").write_bytes(model)
    (folder / "texts").write_text(json.dumps(texts), encoding="utf-8")
    done = subprocess.run(
        ["node", "--input-type=module", "-e", COUNT, "--", MODULE, folder / "model", folder / "texts"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def random_texts(seed: int, count: int) -> list[str]:
    """Words, fragments and characters in any order."""
    rng = random.Random(seed)
    examples = json.loads((static_folder() / "tasks" / "post" / "examples.json").read_text(encoding="utf-8"))
    words = " ".join(each["text"] for each in examples).split(" ")
    alphabet = "aeinrst  \n.,#<>_é漢🎉▁0123456789"
    return [
        "".join(
            rng.choice((rng.choice(words), rng.choice(alphabet), rng.choice(words)[:3] + " "))
            for _ in range(rng.randrange(60))
        )
        for _ in range(count)
    ]


def trained(**options: object) -> bytes:
    """Another tokenizer, of random texts."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text.replace("\n", " ") for text in random_texts(5, 500) if text.strip()]),
        model_writer=model,
        minloglevel=2,
        num_threads=1,
        **{"model_type": "bpe", "vocab_size": 600, "normalization_rule_name": "identity"} | options,
    )
    return model.getvalue()


def with_unused(model: bytes) -> bytes:
    """Every third piece of several letters is only a step on the way to longer ones."""
    changed = sentencepiece_model_pb2.ModelProto.FromString(model)
    long = [piece for piece in changed.pieces if piece.type == piece.NORMAL and len(piece.piece) > 1]
    for piece in long[::3]:
        piece.type = piece.UNUSED
    return bytes(changed.SerializeToString())


@pytest.mark.parametrize(
    "options",
    [
        None,
        "synthetic",
        "unused",
        {},
        {"model_type": "unigram"},
        {"model_type": "unigram", "byte_fallback": True},
        {"byte_fallback": True},
        {"remove_extra_whitespaces": False},
        {"add_dummy_prefix": False},
    ],
    ids=str,
)
def test_counts_are_sentencepieces_own(options: dict[str, object] | str | None, tmp_path: Path) -> None:
    model = WebFile.open(DEMO_MODEL).tokenizer() if options is None else b""
    if options is not None:
        made = {"unused": lambda: with_unused(trained()), "synthetic": lambda: synthetic_tokenizer(3000)}
        model = made[options]() if isinstance(options, str) else trained(**options)
    texts = [*TEXTS, *random_texts(1, 400), " ".join(map(word, range(FIRST_WORD, 3000, 7)))]
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    expected = [len(processor.encode(text)) for text in texts]
    assert max(expected) > 50
    found = counted(model, texts, tmp_path)
    wrong = [(text, a, b) for text, a, b in zip(texts, found, expected, strict=True) if a != b]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("damage", ["another kind", "cut", "no model"])
def test_what_is_no_such_model_is_refused(damage: str, tmp_path: Path) -> None:
    whole = trained(model_type="char", vocab_size=60) if damage == "another kind" else trained()
    model = {"another kind": whole, "cut": whole[: len(whole) // 2 + 3], "no model": b"\x07" * 100}[damage]
    with pytest.raises(AssertionError, match=r"RangeError|no byte-pair"):
        counted(model, ["text"], tmp_path)


def of_pieces(pieces: Iterable[str], kind: int) -> bytes:
    """A byte-pair model of pieces of one kind."""
    made = sentencepiece_model_pb2.ModelProto.FromString(trained())
    del made.pieces[1:]  # the first is for what is unknown
    made.pieces.extend(sentencepiece_model_pb2.ModelProto.SentencePiece(piece=piece, type=kind) for piece in pieces)
    return bytes(made.SerializeToString())


def test_a_byte_order_mark_is_a_piece_like_any(tmp_path: Path) -> None:
    model = of_pieces(["a", "\ufeff", "\ufeffa"], kind=1)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    texts = ["\ufeffa", "a\ufeff", "\ufeff\ufeffa"]
    assert counted(model, texts, tmp_path) == [len(processor.encode(text)) for text in texts]


def test_a_model_that_is_made_to_be_slow_is_not(tmp_path: Path) -> None:
    model = of_pieces((f"a{number}" for number in range(200_000)), kind=4)  # all to be looked for at each "a"
    assert counted(model, ["a1 " * 10_000], tmp_path) == [20_000]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (lambda: b"\x0a\x00" * (1 << 21), "more than 1048576 pieces"),
        (lambda: of_pieces(["a" * 257], kind=1), "a piece of 257 characters"),
        (lambda: b"\x0a" + b"\x80" * 200, "a number is too long"),
    ],
    ids=["pieces", "length", "varint"],
)
def test_a_model_of_absurd_size_is_refused(model: Callable[[], bytes], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=sentence):
        counted(model(), ["text"], tmp_path)
