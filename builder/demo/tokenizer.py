"""The demo model's SentencePiece vocabulary, trained on generated rows and the word lists.

Gemma-like: identity normalisation, no dummy prefix, digits apart, byte fallback (any pasted text round-trips), the turn
markers and the newline as pieces of their own.
"""

from __future__ import annotations

import io
from random import Random

from builder.demo import words
from builder.demo.generator import post_row, social_post, social_prompt, tones

VOCABULARY = 4096
PAD, EOS, BOS, UNK = 0, 1, 2, 3
MARKERS = ("<start_of_turn>", "<end_of_turn>", "\n")
EXTRA_CHARACTERS = (
    "–—‘’“”…•·€£$%&@#+=*/\\_|<>[]{}()~^°ß§éèêëáàâäãåçíìîïñóòôöõøúùûüæœÉÈÁÀÄÖÜÅØÇÑšžčřłńśźżőű😊😀😍🔥💚💙👍"
)


def training_text(seed: int = 1, rows: int = 3000) -> str:
    """Prompts and posts of `rows` generated rows, and every list word as it is written in a sentence."""
    rng = Random(f"tokenizer {seed}")
    parts = []
    for _ in range(rows):
        row = post_row(rng)
        parts.append(f"{row.text} {row.post}")
    for tone in tones():
        parts.extend(
            social_prompt("", tone, entry["words"]).replace("<start_of_turn>", "").replace("<end_of_turn>", "")
            for entry in social_post()["lengths"] * 100
        )
    lists = [*words.NOUNS, *words.VERBS, *words.ADJECTIVES, *words.ADVERBS, *words.COMMON]
    for word in lists:
        forms = (word, word, word, word + "s", word + "ed", word + "ing", word.capitalize(), word.capitalize())
        parts.extend(f" {form}" * 12 for form in forms)
    names = [*words.FIRST_NAMES, *words.LAST_NAMES, *words.CITIES, *words.PLACE_STEMS]
    parts.extend(f" {word}" * 12 for word in names)
    parts.extend(
        f" {first}" * 12 for first in words.VENUES + words.EVENT_ENDS + words.COMPANY_ENDS + words.PRODUCT_ENDS
    )
    return "\n".join(part.replace("\n", "\u2028") for part in parts)


def train_tokenizer(seed: int = 1) -> bytes:
    """The serialized SentencePiece model."""
    import sentencepiece

    from builder.demo.posts import EMOJI

    model = io.BytesIO()
    emoji = "".join(EMOJI.values()).replace(" ", "").replace("\ufe0f", "")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(training_text(seed).split("\n")),
        model_writer=model,
        model_type="bpe",
        vocab_size=VOCABULARY,
        byte_fallback=True,
        character_coverage=0.99995,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_digits=True,
        pad_id=PAD,
        eos_id=EOS,
        bos_id=BOS,
        unk_id=UNK,
        pad_piece="<pad>",
        eos_piece="<eos>",
        bos_piece="<bos>",
        unk_piece="<unk>",
        user_defined_symbols=list(MARKERS),
        required_chars=EXTRA_CHARACTERS + emoji + "\ufe0f",
        num_threads=1,
        max_sentence_length=20000,
        minloglevel=1,
    )
    return model.getvalue()
