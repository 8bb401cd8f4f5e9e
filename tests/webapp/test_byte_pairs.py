"""The page's token counts of byte-level tokenizers are Hugging Face's own, also of texts that nobody would write."""

from __future__ import annotations

import json
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from builder.model.byte_pairs import byte_pairs_in
from tests.builder.model.test_byte_pairs import TEXTS as KINDS_OF_TEXT
from tests.llama_checkpoints import CUTS, tokenizer_json
from tests.webapp.test_sentencepiece import TEXTS, random_texts
from webapp.paths import static_folder

COUNT = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [module, section, texts] = process.argv.slice(-3);
const { BytePairs } = await import(pathToFileURL(module));
const tokenizer = await BytePairs.ofSection(new Uint8Array(readFileSync(section)));
const control = tokenizer.controlPieces("").disarm("<|im_end|> <b> repo_name <repo_name>");
console.log(JSON.stringify([JSON.parse(readFileSync(texts, "utf8")).map((text) => tokenizer.count(text)), control]));
"""
MODULE = static_folder() / "engine" / "workers" / "byte_pairs.js"


def section_of(content: bytes) -> bytes:
    return len(content).to_bytes(8, "little") + zlib.compress(content)


def asked(section: bytes, texts: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "section").write_bytes(section)
    (folder / "texts").write_text(json.dumps(texts), encoding="utf-8")
    return subprocess.run(
        ["node", "--input-type=module", "-e", COUNT, "--", MODULE, folder / "section", folder / "texts"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("cut", CUTS)
def test_counts_are_hugging_faces_own(cut: str, tmp_path: Path) -> None:
    pairs = byte_pairs_in(tokenizer_json(cut), 640)
    theirs = Tokenizer.from_str(pairs.to_json().decode())
    texts = [*TEXTS, *KINDS_OF_TEXT, *random_texts(2, 400), "a" * 3000, " the" * 2000]
    expected = [len(theirs.encode(text).ids) for text in texts]
    assert expected == [len(pairs.encode(text)) for text in texts]
    done = asked(section_of(pairs.to_json()), texts, tmp_path)
    assert done.returncode == 0, done.stderr
    counts, control = json.loads(done.stdout)
    assert counts == expected
    assert control == "< |im_end|> <b> repo_name < repo_name>"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"normalizer": {"type": "Lowercase"}}, "changes a text"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "cuts texts"),
        ({"model": {"type": "WordPiece"}}, "byte pairs"),
        ({"added_tokens": [{"content": 5}]}, "added token"),
    ],
)
def test_tokenizers_of_other_kinds_are_refused(changes: dict[str, Any], named: str, tmp_path: Path) -> None:
    values = json.loads(byte_pairs_in(tokenizer_json(), 640).to_json()) | changes
    done = asked(section_of(json.dumps(values).encode()), [""], tmp_path)
    assert done.returncode != 0 and named in done.stderr


@pytest.mark.parametrize("size", [0, 10, 1 << 40])
def test_a_section_that_lies_about_its_size_is_refused(size: int, tmp_path: Path) -> None:
    section = section_of(byte_pairs_in(tokenizer_json(), 640).to_json())
    done = asked(size.to_bytes(8, "little") + section[8:], [""], tmp_path)
    assert done.returncode != 0 and "its tokenizer" in done.stderr
