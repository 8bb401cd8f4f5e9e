"""The sample set is what `onpage tune` takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from builder.tune.data import read_conversations
from builder.tune.sample import emoji_examples


def test_it_is_read_as_it_is_written(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "builder.tune.sample", "200"], capture_output=True, check=True, encoding="utf-8"
    )
    (tmp_path / "emoji.jsonl").write_text(made.stdout, encoding="utf-8")
    conversations = read_conversations(tmp_path)
    assert len({conversation.messages for conversation in conversations}) == 200
    assert all(
        not any(letter.isascii() and letter.isalpha() for letter in each.messages[1].text) for each in conversations
    )


def test_the_grammar_is_right_and_the_seed_holds() -> None:
    assert emoji_examples(50) == emoji_examples(50)
    texts = json.dumps(emoji_examples(500))
    assert "I eats" not in texts and "I eat " in texts and "The dog eats" in texts
