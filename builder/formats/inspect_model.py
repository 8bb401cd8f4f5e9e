"""What is in a model file of any format: a web file, a LiteRT graph, or a bundle of either with its tokenizer.

Reads headers and metadata only, and trusts none of them. What is a model to nobody is refused with what it is instead.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.errors import ModelFileError
from builder.formats.check_web_file import check_web_file
from builder.formats.embedding_file import EmbeddingFacts, EmbeddingFile, is_embedding
from builder.formats.graph_description import GraphDescription
from builder.formats.graph_reader import Graph, is_graph
from builder.formats.inspect_web_file import (
    PromptTemplate,
    Sampling,
    SystemTurn,
    Tokens,
    WebFileFacts,
    inspect_web_file,
    prompt_template_of,
    web_file_facts,
)
from builder.formats.litertlm_reader import LitertlmFile, header_of
from builder.formats.llm_metadata import FAMILIES, LlmMetadata, SamplerType
from builder.formats.sniff import Format, sniff_file
from builder.formats.task_reader import TaskFile
from builder.formats.web_file_reader import WebFile

BITS = {"int4": 4, "int8": 8, "uint8": 8, "float16": 16, "bfloat16": 16, "float32": 32}
"""Of the types that hold weights; the others hold shapes and indices."""


@dataclass(frozen=True)
class GraphFacts:
    """A LiteRT graph. What depends on its being a language model is None where `problem` says why it is none."""

    path: Path
    size: int
    container: str
    family: str
    context_length: int | None
    parameters: int
    """Number of weights."""
    quantization: str
    """The type that holds most of them."""
    operators: int
    signatures: dict[str, dict[str, dict[str, str]]]
    """Function → inputs and outputs → name → type and shape."""
    prefill_lengths: list[int]
    vocabulary: int | None
    layers: int | None
    mask: bool | None
    transposed_cache: bool | None
    """How MediaPipe wants the cache; otherwise it writes nonsense."""
    problem: str | None

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


@dataclass(frozen=True)
class SectionFacts:
    """A part of a bundle: an entry of the zip, or a section."""

    name: str
    size: int
    offset: int
    said: dict[str, str | int]
    """What the bundle says of it."""


@dataclass(frozen=True)
class BundleFacts:
    """A zip `.task` or a `.litertlm`."""

    path: Path
    size: int
    container: str
    family: str
    backend: str | None
    """The engine's, where the bundle names one."""
    context_length: int | None
    parameters: int
    quantization: str
    tokens: Tokens
    prompt_template: PromptTemplate | None
    chat_template: bool
    """Whether a Jinja template is inside."""
    sampling: Sampling
    sections: list[SectionFacts]
    system: dict[str, str | int]
    """What the bundle says of itself."""
    model: WebFileFacts | GraphFacts
    modalities: tuple[str, ...] = ("text",)
    """What goes in: text, image, audio."""
    problem: str | None = None
    """Why the engine that the bundle is for would not run it, or would write wrong text; None where nothing is known against it."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path), "model": self.model.to_json()}


@dataclass(frozen=True)
class VectorFacts:
    """A `.litertlm` of a model that makes vectors of texts."""

    path: Path
    size: int
    container: str
    family: str
    parameters: int
    quantization: str
    context_length: int
    """Tokens of a text."""
    said: EmbeddingFacts | None
    """How it is used; None where another program made the file."""
    sections: list[SectionFacts]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self) | {"path": str(self.path)}


TASK_CONTAINER = Format.TASK.value

ModelFacts = WebFileFacts | GraphFacts | BundleFacts | VectorFacts


def inspect_model(path: Path) -> ModelFacts:
    """Reads the facts of a model file; ModelFileError where it is none, or not a sound one."""
    form = sniff_file(path)
    if form is Format.TASK:
        return _task(TaskFile.open(path))
    if form is Format.LITERTLM:
        header = header_of(path)
        return _vectors(EmbeddingFile.open(path)) if is_embedding(header) else _litertlm(LitertlmFile.open(path))
    has_operators = False
    with suppress(ModelFileError):  # a damaged header; reading it as a web file's says how
        has_operators = is_graph(path)
    return graph_facts(Graph.open(path)) if has_operators else inspect_web_file(path)


def check_model(path: Path) -> ModelFacts:
    """As `inspect_model`, and reads all that tells whether the content is sound: the checksums of a zip's entries, those of a
    web file that onpage wrote, and in any web file, bundled or not, that scales and norms are finite."""
    facts = inspect_model(path)
    if facts.container == TASK_CONTAINER:
        TaskFile.open(path).check_content()
    file = web_file_in(path, facts)
    if file is not None:
        check_web_file(file)
    return facts


def problem_of(path: Path) -> str | None:
    """Why the engine that a model file is for would not run it, or would write wrong text with it, in words that follow its name.

    None where nothing is known against it. Raises as `inspect_model`.
    """
    facts = inspect_model(path)
    return None if isinstance(facts, VectorFacts) else facts.problem


def web_file_in(path: Path, facts: ModelFacts | None = None) -> WebFile | None:
    """The web file at `path`, or in the bundle there; None where it is or holds a graph. `facts` are its own, where known."""
    facts = facts or inspect_model(path)
    if isinstance(facts, WebFileFacts):
        return WebFile.open(path)
    if isinstance(facts, BundleFacts) and facts.container != TASK_CONTAINER:
        model = LitertlmFile.open(path).model
        return model if isinstance(model, WebFile) else None
    return None


def graph_facts(graph: Graph) -> GraphFacts:
    """The facts of an opened graph."""
    problem, said = graph.problem(), None
    with suppress(ModelFileError):  # what a newer onpage says of it need not be known here
        said = GraphDescription.of(graph)
    return GraphFacts(
        path=graph.path,
        size=graph.size,
        container="LiteRT graph",
        family=said.model.family if said else "unknown",
        context_length=None if problem else graph.context_length,
        parameters=sum(size * 8 // BITS[name] for name, size in graph.weights.items() if name in BITS),
        quantization=graph.quantization,
        operators=graph.operators,
        signatures={
            name: {
                "inputs": {end: f"{e.type} {list(e.shape)}" for end, e in signature.inputs.items()},
                "outputs": {end: f"{e.type} {list(e.shape)}" for end, e in signature.outputs.items()},
            }
            for name, signature in graph.signatures.items()
        },
        prefill_lengths=graph.prefill_lengths,
        vocabulary=None if problem else graph.vocabulary,
        layers=None if problem else graph.layers,
        mask=None if problem else graph.has_mask,
        transposed_cache=None if problem else graph.transposed_cache,
        problem=problem,
    )


def _task(file: TaskFile) -> BundleFacts:
    model, said = graph_facts(file.graph), file.metadata
    return BundleFacts(
        path=file.path,
        size=file.size,
        container=TASK_CONTAINER,
        family=model.family,
        backend=None,
        context_length=model.context_length,
        parameters=model.parameters,
        quantization=model.quantization,
        tokens=Tokens(
            vocabulary=model.vocabulary or 0,
            start_id=said.start_token_id if "start_token_id" in said else None,
            stop_ids=list(said.stop_token_ids),
            stop_tokens=list(said.stop_tokens),
            start_token=said.start_token or None,
        ),
        prompt_template=prompt_template_of(said),
        chat_template=False,
        sampling=Sampling(None, None),
        sections=[SectionFacts(e.name, e.size, e.offset, {}) for e in file.entries.values()],
        system={},
        model=model,
        problem=file.problem,
    )


def _litertlm(file: LitertlmFile) -> BundleFacts:
    said = file.metadata
    model: WebFileFacts | GraphFacts
    if isinstance(file.model, Graph):
        model = graph_facts(file.model)
        vocabulary, sampling = model.vocabulary or 0, Sampling(None, None)
    else:
        model = web_file_facts(file.model)
        vocabulary, sampling = model.tokens.vocabulary, model.sampling
    field = LlmMetadata.pb(said).llm_model_type.WhichOneof("model_type")
    family = next((ours for ours, theirs in FAMILIES.items() if theirs == field), model.family)
    constraint = file.decoder.said.get("backend_constraint")
    return BundleFacts(
        path=file.path,
        size=file.size,
        container=f".litertlm {file.version}",
        family=family,
        backend=str(constraint) if constraint else None,
        context_length=said.max_num_tokens or model.context_length,
        parameters=model.parameters,
        quantization=model.quantization,
        tokens=Tokens(
            vocabulary=vocabulary,
            start_id=next(iter(said.start_token.token_ids.ids), None),
            stop_ids=[i for token in said.stop_tokens for i in token.token_ids.ids],
            stop_tokens=[token.token_str for token in said.stop_tokens if token.token_str],
            start_token=said.start_token.token_str or None,
        ),
        prompt_template=_turns_of(said),
        chat_template=bool(said.jinja_prompt_template),
        sampling=_sampling_of(said) or sampling,
        sections=[SectionFacts(s.kind, s.size, s.offset, s.said) for s in file.sections],
        system=file.system,
        model=model,
        modalities=file.modalities,
        problem=model.problem,
    )


def _vectors(file: EmbeddingFile) -> VectorFacts:
    facts = [graph_facts(graph) for graph in (file.embedder, file.encoder)]
    return VectorFacts(
        path=file.path,
        size=file.size,
        container=f".litertlm {file.header.version}",
        family=file.facts.family if file.facts else "unknown",
        parameters=sum(each.parameters for each in facts),
        quantization=facts[1].quantization,
        context_length=file.longest,
        said=file.facts,
        sections=[SectionFacts(s.kind, s.size, s.offset, s.said) for s in file.header.sections],
    )


def _turns_of(said: LlmMetadata) -> PromptTemplate | None:
    templates = said.prompt_templates
    user, model, of_system = templates.user, templates.model, templates.system
    suffix = user.suffix + model.prefix
    system = SystemTurn(of_system.prefix, of_system.suffix) if of_system and of_system.prefix else None
    return PromptTemplate(user.prefix, suffix, system) if user.prefix or suffix else None


def _sampling_of(said: LlmMetadata) -> Sampling | None:
    sampler = said.sampler_params
    if sampler.type_ == SamplerType.GREEDY:
        return Sampling(None, 1)
    known = 0 < sampler.temperature <= 10 and 1 <= sampler.k <= 1 << 20
    # it is a float32: 0.3 is read as 0.30000001192092896, which no step of the page's settings comes to
    return Sampling(float(f"{sampler.temperature:.6g}"), sampler.k) if known else None
