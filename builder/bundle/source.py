"""The parts of a bundle, checked against each other before anything is written.

MediaPipe's bundler accepts start and stop tokens that the tokenizer does not have; such a model never stops. Here every
one is looked up, and the graph, the tokenizer and the texts must belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from builder.errors import BundleError, TokenizerError
from builder.formats.graph_reader import Graph, is_graph
from builder.formats.inspect_web_file import Sampling
from builder.formats.llm_parameters import LlmParameters, ModelType
from builder.formats.sniff import Format, sniff_file
from builder.formats.web_file_reader import WebFile
from builder.model.families.dense import GEMMA_TURNS
from builder.model.tokenizer import Tokenizer
from builder.model.turns import NOTHING, Turn, Turns

MAX_CONTEXT = 4096
"""Tokens. Engines allocate the cache for the whole context, and none of a web page's GPUs has room for a model's 131,072."""

MAX_AFFIX = 4096
UNSAID = Sampling(None, None)
FLOAT16_EXPERTS = (
    "has experts, and LiteRT-LM computes in float16, which sends tokens to other experts than the checkpoint does: use the web file (.task) "
    "itself, which the page computes in float32."
)
"""Why a `.litertlm` holds no experts."""


@dataclass(frozen=True)
class Conversation:
    """How a text begins and ends, and what stands around each turn."""

    start_id: int | None
    """None where a text begins with nothing of its own."""
    stop_ids: tuple[int, ...]
    user: Turn = NOTHING
    model: Turn = NOTHING
    system: Turn = NOTHING
    jinja: str = ""
    """A chat template as Hugging Face has them; only a `.litertlm` can hold it."""

    @classmethod
    def of(
        cls,
        tokenizer: Tokenizer,
        turns: Turns | None,
        *,
        start_token: str | None = None,
        stop_tokens: Sequence[str] = (),
    ) -> Conversation:
        """The tokens by their names in the tokenizer; its own begin and end, and the end of a turn, where none are given."""
        start = tokenizer.start_id if start_token is None else _id(tokenizer, start_token, "start")
        ends = [tokenizer.end_id, *(tokenizer.id_of(piece) for piece in (turns.ends if turns else ()))]
        stops = [_id(tokenizer, token, "stop") for token in stop_tokens] or ends
        conversation = cls(*_named(tokenizer, start, stops))
        if turns is None:
            return conversation
        return replace(conversation, user=turns.user, model=turns.model, system=turns.system or NOTHING)

    def check(self, tokenizer: Tokenizer) -> None:
        """TokenizerError where an id is not one of the tokenizer's, BundleError where a text is absurdly long."""
        for i in (*(() if self.start_id is None else (self.start_id,)), *self.stop_ids):
            if not 0 <= i < len(tokenizer.pieces):
                raise TokenizerError(
                    f"{tokenizer.path} has no token {i}: it has {len(tokenizer.pieces):,} pieces; use the tokenizer that "
                    f"belongs to this model.",
                    subject=tokenizer.path,
                )
        for turn in (self.user, self.model, self.system):
            if len(turn.prefix) > MAX_AFFIX or len(turn.suffix) > MAX_AFFIX:
                raise BundleError(f"A prompt's prefix or suffix is longer than {MAX_AFFIX:,} characters.")


@dataclass(frozen=True)
class Source:
    """A model and all that a bundle says about it."""

    model: Path
    graph: Graph | None
    """The LiteRT graph in `model`; None where it is a web file, whose graph the engine brings itself."""
    tokenizer: Tokenizer
    conversation: Conversation
    family: str
    """As in ModelType.family_of: gemma3 and so on, or "unknown"."""
    context_length: int
    sampling: Sampling = UNSAID
    """What the authors recommend; only a `.litertlm` can hold it."""

    def __post_init__(self) -> None:
        self.conversation.check(self.tokenizer)

    def in_turns(
        self,
        user: tuple[str | None, str | None] = (None, None),
        model: tuple[str | None, str | None] = (None, None),
        jinja: str | None = None,
    ) -> Source:
        """With the (prefix, suffix) or the template that is given in place of the model's own."""
        said = self.conversation
        conversation = replace(
            said,
            user=said.user.changed(*user),
            model=said.model.changed(*model),
            jinja=said.jinja if jinja is None else jinja,
        )
        return replace(self, conversation=conversation)


def open_source(
    path: Path,
    tokenizer: Path | None = None,
    family: str | None = None,
    start_token: str | None = None,
    stop_tokens: Sequence[str] = (),
) -> Source:
    """The parts that a user names: a web file, or a LiteRT graph and its tokenizer.

    A graph says nothing of its turns: they are Gemma's where the tokenizer has Gemma's pieces for them, else none.
    """
    if sniff_file(path) is not Format.WEB:
        raise BundleError(f"{path} is a bundle already: name the web file or the LiteRT graph (.tflite).", subject=path)
    if not is_graph(path):
        if tokenizer or family:
            raise BundleError(
                f"{path} is a web file, which contains its tokenizer and family: leave out --tokenizer and --family.",
                subject=path,
            )
        return web_source(path, start_token, stop_tokens)
    if tokenizer is None:
        raise BundleError(f"{path} is a LiteRT graph without a tokenizer: add one with --tokenizer.", subject=path)
    opened = Tokenizer.open(tokenizer)
    has_turns = all(opened.id_of(end) is not None for end in GEMMA_TURNS.ends)
    turns = GEMMA_TURNS if has_turns else None
    conversation = Conversation.of(opened, turns, start_token=start_token, stop_tokens=stop_tokens)
    return graph_source(path, opened, conversation, family or "unknown")


def web_source(path: Path, start_token: str | None = None, stop_tokens: Sequence[str] = ()) -> Source:
    """The parts of a web file, its own tokens unless others are given."""
    file = WebFile.open(path)
    if file.lora_rank is not None:
        raise BundleError(f"{path} is a LoRA adapter: bundle its base model instead.", subject=path)
    if file.has_experts:
        raise BundleError(f"{path} {FLOAT16_EXPERTS}", subject=path)
    if file.loads_tables_on_demand:
        raise BundleError(
            f"{path} loads its per-layer embeddings on demand, which was not tested in LiteRT-LM: convert the checkpoint to a "
            f".litertlm, or with --per-layer-embeddings static.",
            subject=path,
        )
    tokenizer = Tokenizer.from_bytes(path, file.tokenizer())
    return Source(
        model=path,
        graph=None,
        tokenizer=tokenizer,
        conversation=conversation_in(file.parameters, tokenizer, start_token, stop_tokens),
        family=ModelType.family_of(file.model_type),
        context_length=min(file.context_length or MAX_CONTEXT, MAX_CONTEXT),
        sampling=Sampling.noted_in(file),
    )


def graph_source(
    path: Path,
    tokenizer: Tokenizer,
    conversation: Conversation,
    family: str = "unknown",
    sampling: Sampling = UNSAID,
) -> Source:
    """A LiteRT graph with the tokenizer that belongs to it; ModelFileError or TokenizerError where it does not run so."""
    graph = Graph.open(path)
    graph.require_language_model()
    if len(tokenizer.pieces) > graph.vocabulary:
        raise TokenizerError(
            f"{tokenizer.path} has {len(tokenizer.pieces):,} pieces, but {path} has {graph.vocabulary:,} logits: use the "
            f"tokenizer that belongs to this model.",
            subject=tokenizer.path,
        )
    return Source(path, graph, tokenizer, conversation, family, graph.context_length, sampling)


def conversation_in(
    parameters: LlmParameters, tokenizer: Tokenizer, start_token: str | None = None, stop_tokens: Sequence[str] = ()
) -> Conversation:
    """What a web file says; ids decide, and texts that the file has without ids are looked up."""
    said = parameters.start_token_id if "start_token_id" in parameters else tokenizer.start_id
    start = said if start_token is None else _id(tokenizer, start_token, "start")
    texts = stop_tokens or ([] if parameters.stop_token_ids else parameters.stop_tokens)
    stops = [_id(tokenizer, token, "stop") for token in texts] or [*parameters.stop_token_ids] or [tokenizer.end_id]
    user, model, system = (
        Turn(affixes.prompt_prefix, affixes.prompt_suffix)
        for affixes in (getattr(parameters.prompt_templates, side) for side in ("user", "model", "system"))
    )
    # a bundle has no place for what opens a conversation but in front of each question
    user = user.changed(parameters.prompt_template.session_prefix + user.prefix, None)
    return Conversation(*_named(tokenizer, start, stops), user, model, system)


def conversation_with(tokenizer: Tokenizer, turns: Turns, stop_ids: Sequence[int]) -> Conversation:
    """What a checkpoint says."""
    # a bundle has no place for what opens a conversation but in front of each question
    user = turns.user.changed(turns.opening + turns.user.prefix, None)
    named = _named(tokenizer, tokenizer.start_id, stop_ids)
    return Conversation(*named, user, turns.model, turns.system or NOTHING)


def _named(tokenizer: Tokenizer, start: int, stops: Sequence[int | None]) -> tuple[int | None, tuple[int, ...]]:
    """The ids that there are, each once; TokenizerError where no start or no stop is among them. A SentencePiece model has a start."""
    present = tuple(dict.fromkeys(i for i in stops if i is not None and i >= 0))
    if start < 0 and not tokenizer.is_sentencepiece and present:
        return None, present
    if start < 0 or not present:
        missing = "start" if start < 0 else "stop"
        raise TokenizerError(
            f"{tokenizer.path} names no {missing} token: set it with --{missing}-token.", subject=tokenizer.path
        )
    return start, present


def _id(tokenizer: Tokenizer, token: str, which: str) -> int:
    found = tokenizer.id_of(token)
    if found is None:
        raise TokenizerError(
            f"{tokenizer.path} has no piece {token!r} for the {which} token, so the model would not {which}: name one "
            f"of its {len(tokenizer.pieces):,} pieces.",
            subject=token,
        )
    return found
