"""The byte-level tokenizer in a GGUF file's metadata: pieces, merges, and the name of how texts are cut before these are applied."""

from __future__ import annotations

from dataclasses import dataclass

from builder.checkpoint.gguf import GgufFile
from builder.errors import TokenizerError
from builder.files.reading import shown
from builder.model.byte_pair_tokenizer import BytePairTokenizer
from builder.model.byte_pairs import AddedToken, BytePairs, NotBytePairsError, Pair, Step
from builder.model.gguf_tokenizer import CONTROL, USER_DEFINED, GgufTokens

BYTE_PAIRS = "gpt2"
"""`tokenizer.ggml.model` of such a tokenizer."""


@dataclass(frozen=True)
class Cut:
    """How texts are cut, which llama.cpp knows by a name."""

    steps: tuple[Step, ...]
    starts: bool = False
    """Whether a text begins with a token where the file does not say."""
    words_first: bool = False
    composed: bool = False


CUTS = {
    "gpt-2": Cut(("gpt2",)),
    "smollm": Cut(("digits", "gpt2")),
    "llama-bpe": Cut(("llama3",), starts=True, words_first=True),
    "qwen2": Cut(("qwen2",), composed=True),
}
"""`tokenizer.ggml.pre` → what the models' tokenizer.json does."""


def byte_pairs_from_gguf(file: GgufFile) -> BytePairTokenizer:
    """The tokenizer; TokenizerError where the metadata hold none, or one whose way to cut texts is not known."""
    said = GgufTokens(file.path, file.metadata)
    name = said.get("pre")
    cut = CUTS.get(name) if isinstance(name, str) else None
    if cut is None:
        raise TokenizerError(
            f"{file.path}: tokenizer.ggml.pre is {shown(name)}: onpage knows how texts are cut for {', '.join(CUTS)}.",
            subject="tokenizer.ggml.pre",
        )
    pieces, _, kinds = said.pieces()
    added = tuple(
        AddedToken(i, piece, kind == CONTROL)
        for i, (piece, kind) in enumerate(zip(pieces, kinds, strict=True))
        if kind in (CONTROL, USER_DEFINED)
    )
    try:
        pairs = BytePairs(
            tuple(pieces), _merges(said), added, cut.steps, composed=cut.composed, words_first=cut.words_first
        )
    except NotBytePairsError as error:
        raise TokenizerError(f"{file.path} {error}: is the file sound?", subject="tokenizer.ggml.tokens") from None
    starts = said.flag("add_bos_token", default=cut.starts)
    return BytePairTokenizer.of(file.path, pairs, said.token_id("bos") if starts else -1, said.token_id("eos"))


def _merges(said: GgufTokens) -> tuple[Pair, ...]:
    found = said.get("merges")
    pairs = [tuple(text.split(" ")) for text in found if isinstance(text, str)] if isinstance(found, list) else []
    if not pairs or len(pairs) != len(found) or any(len(pair) != 2 for pair in pairs):
        raise NotBytePairsError("has no list of pairs in tokenizer.ggml.merges")
    return tuple((left, right) for left, right in pairs)
