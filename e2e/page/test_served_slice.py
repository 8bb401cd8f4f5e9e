"""A slice that the server makes of a larger file, opened in the page: it writes what the reference writes of the same slice as a file."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect
from sentencepiece import SentencePieceProcessor

from builder.convert.web_file import convert_checkpoint
from builder.reference.dense import Reference
from builder.slice.mixes import kept_of
from builder.slice.web_file import open_sliceable, slice_web_file
from builder.synth.web_file import FIRST_WORD, word
from e2e.page.conftest import LOAD_MS, Watched
from e2e.page.servers import onpage_serve
from tests.checkpoints import gemma3n_config, write_checkpoint
from tests.goldens.cases import FOR_SLICES

TARGET = 1_700_000
"""Parameters: fewer layers than 18, and narrower."""
CONTEXT, TOKENS = 64, 8
CLEAR = 0.05


def question_and_answer(path: Path) -> tuple[str, list[str]]:
    """A question to a model without a near tie in the first words of its answer, and these."""
    reference = Reference.from_web_file(path)
    tokenizer = SentencePieceProcessor(model_proto=reference.sentencepiece)
    for number in range(FIRST_WORD, FIRST_WORD + 100):
        prompt = f"<start_of_turn>user\n{word(number)}<end_of_turn>\n<start_of_turn>model\n"
        (answer,) = reference.greedy([[reference.start_id, *tokenizer.encode(prompt)]], TOKENS)
        if min(answer.margins) > CLEAR and len({*answer.ids}) == TOKENS:
            return word(number), [word(i) for i in answer.ids]
    raise AssertionError("no question has a clear answer")


def test_a_slice_that_is_made_as_it_is_sent_opens_and_writes(tab: Watched, tmp_path: Path) -> None:
    config = gemma3n_config(**FOR_SLICES, vocab_size=512, vocab_size_per_layer_input=512)
    whole = convert_checkpoint(write_checkpoint(tmp_path / "c", config), tmp_path / "gemma-3n-E4B-it-web.task").path
    kept, _ = kept_of(open_sliceable(whole)[1], target=TARGET)
    question, expected = question_and_answer(slice_web_file(whole, tmp_path / "slice-web.task", kept).path)
    with onpage_serve([whole], "--slice", f"{TARGET / 1e6}M") as server:
        page = tab.page
        large, small = page.request.get(f"{server.url}/api/models").json()
        settings = {small["id"]: small["sampling"] | {"topK": 1, "maxTokens": CONTEXT}}
        remembered = json.dumps({"modelId": small["id"], "settings": settings})
        page.add_init_script(f"sessionStorage.onpage ??= JSON.stringify({remembered})")
        tab.open(f"{server.url}#/chat")
        tab.wait_for("ready")
        chosen = page.locator(".header-model option:checked")
        expect(chosen).to_contain_text(small["name"])
        assert small["name"] != large["name"]
        asked = page.get_by_label("Your question").last
        asked.fill(question)
        with tab.through("writing", "ready"):
            asked.press("Enter")
        written = page.locator(".turn-model .turn-text").inner_text(timeout=LOAD_MS).split()
        assert written[:TOKENS] == expected
