"""Makes tokenizer/: `python -m tests.goldens.make_tokenizer` (needs the extra `goldens`).

A small SentencePiece model with all that Gemma's has (user defined runs of spaces and lines, marks of turns, bytes), trained
on the demo's texts, and the tokenizer.json that transformers makes of it.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import sentencepiece
import transformers

from builder.demo.generator import test_rows

FOLDER = Path(__file__).with_name("tokenizer")
SPACE = "\u2581"


def main() -> None:
    """Writes tokenizer.model and tokenizer.json."""
    marks = ["<mask>", "<start_of_turn>", "<end_of_turn>"]
    lines, spaces = ["\n" * n for n in range(1, 5)], [SPACE * n for n in range(2, 8)]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "tokenizer.model")
        with model.open("wb") as file:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=(row.text for row in test_rows(7, 400)),
                model_writer=file,
                model_type="bpe",
                vocab_size=700,
                byte_fallback=True,
                character_coverage=0.999,
                split_digits=True,
                allow_whitespace_only_pieces=True,
                add_dummy_prefix=False,
                remove_extra_whitespaces=False,
                normalization_rule_name="identity",
                user_defined_symbols=[*marks, *lines, *spaces, "<b>", "</b>"],
                pad_id=0,
                eos_id=1,
                bos_id=2,
                unk_id=3,
                pad_piece="<pad>",
                eos_piece="<eos>",
                bos_piece="<bos>",
                minloglevel=2,
            )
        Path(folder, "config.json").write_text(json.dumps({"model_type": "gemma3_text"}))
        transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
        FOLDER.mkdir(exist_ok=True)
        for name in ("tokenizer.model", "tokenizer.json"):
            (FOLDER / name).write_bytes(Path(folder, name).read_bytes())
    (FOLDER / "versions.json").write_text(json.dumps({"transformers": transformers.__version__}) + "\n")


if __name__ == "__main__":
    main()
