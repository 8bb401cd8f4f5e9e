"""`onpage inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from builder.formats.inspect_model import (
    BundleFacts,
    GraphFacts,
    ModelFacts,
    SectionFacts,
    VectorFacts,
    inspect_model,
)
from builder.formats.inspect_web_file import PromptTemplate, Sampling, Tokens, WebFileFacts
from builder.formats.pictures import Pictures
from builder.formats.sniff import is_gguf
from builder.formats.tflite_schema import TensorType
from onpage.command.console import FILE, megabytes, print_facts, print_json
from onpage.command.convert import json_option
from onpage.command.per_layer import on_demand_row
from onpage.command.residual import residual_row
from onpage.command.vectors import vector_rows
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.convert.inspect_gguf import GgufFacts


@click.command()
@click.argument("file", type=FILE)
@click.option("--summary", is_flag=True, help="Leave out the table of tensors.")
@json_option
def inspect(file: Path, summary: bool, as_json: bool) -> None:
    """Show what a model file contains.

    Prints family, dimensions, quantization, tokens, prompt template and sizes of web files (models and LoRA adapters),
    LiteRT graphs (.tflite), bundles (zip .task, .litertlm) and GGUF files, with what convert makes of them. Reads headers only. Safe on untrusted files.

    \b
    Example:
      onpage inspect my-gemma-web.task --summary
      onpage inspect my-gemma.litertlm --json
    """
    if is_gguf(file):
        _inspect_gguf(file, summary, as_json)
        return
    facts = inspect_model(file)
    if as_json:
        print_json(facts.to_json())
        return
    show(facts)
    model = facts.model if isinstance(facts, BundleFacts) else facts
    if isinstance(model, WebFileFacts) and not summary:
        _print_tensors(model)


def _inspect_gguf(file: Path, summary: bool, as_json: bool) -> None:
    with requires("build"):
        from builder.convert.inspect_gguf import inspect_gguf
    facts = inspect_gguf(file)
    if as_json:
        print_json(facts.to_json())
        return
    show_gguf(facts)
    if not summary:
        width = max((len(tensor.name) for tensor in facts.tensors), default=0)
        click.echo(f"\n{'tensor':{width}}  {'type':8}  {'shape':>18}  {'offset':>14}")
        for tensor in facts.tensors:
            click.echo(f"{tensor.name:{width}}  {tensor.type:8}  {list(tensor.shape)!s:>18}  {tensor.offset:14,}")


def show_gguf(facts: GgufFacts) -> None:
    """The facts for a person, tensors left out."""
    print_facts(_gguf_rows(facts))


def _gguf_rows(facts: GgufFacts) -> list[tuple[str, str]]:
    shares = [f"{name} {count / facts.parameters:.1%}" for name, count in facts.types.items()]
    parts = f", {facts.parts} parts" if facts.parts > 1 else ""
    shape = f"{facts.layers or 'unknown'} layers of {facts.width or 'unknown'}"
    return [
        ("file", str(facts.path)),
        ("container", f"GGUF, {megabytes(facts.size)}{parts}"),
        ("model", f"{facts.architecture or 'not said'}, {facts.parameters / 1e6:,.1f} M parameters"),
        ("name", facts.name or "not said"),
        ("licence", facts.licence or "not said"),
        ("context", _context(facts.context_length)),
        ("quantization", ", ".join(shares)),
        ("shape", shape + _experts(facts.experts, facts.active_experts)),
        ("vocabulary", f"{facts.vocabulary or 0:,} pieces of the kind {facts.tokenizer or 'none'}"),
        ("chat template", "inside" if facts.chat_template else "none"),
        *([("will not convert", facts.problem)] if facts.problem else _converted_rows(facts)),
    ]


def _experts(count: int | None, active: int | None) -> str:
    return f", {count:,} experts of which {active or 'an unknown number'} are active" if count else ""


def _converted_rows(facts: GgufFacts) -> list[tuple[str, str]]:
    return [
        ("stop", ", ".join(repr(token) for token in facts.stop_tokens)),
        ("prompt prefix", repr(facts.prompt_prefix)),
        ("prompt suffix", repr(facts.prompt_suffix)),
        ("sampling", _sampling(Sampling(facts.temperature, facts.top_k))),
        ("converts to", facts.converts_to or "nothing"),
    ]


def show(facts: ModelFacts) -> None:
    """The facts for a person, tensors left out."""
    if isinstance(facts, BundleFacts):
        print_facts(_bundle_rows(facts))
    elif isinstance(facts, VectorFacts):
        print_facts(_vector_rows(facts))
    elif isinstance(facts, GraphFacts):
        print_facts([("file", str(facts.path)), ("container", f"{facts.container}, {megabytes(facts.size)}")])
        print_facts(_graph_rows(facts))
    else:
        print_facts(_web_rows(facts) if facts.lora_rank is None else _adapter_rows(facts))


def _bundle_rows(facts: BundleFacts) -> list[tuple[str, str]]:
    model, tokens = facts.model, facts.tokens
    start = tokens.start_id if tokens.start_token is None else repr(tokens.start_token)
    return [
        ("file", str(facts.path)),
        ("container", ", ".join(filter(None, (facts.container, megabytes(facts.size), facts.backend)))),
        ("model", f"{facts.family}, {facts.parameters / 1e6:,.1f} M parameters"),
        ("context", _context(facts.context_length)),
        ("vocabulary", f"{tokens.vocabulary:,} pieces, start {start}, stop {_stops(tokens)}"),
        *_template_rows(facts.prompt_template),
        ("chat template", "inside" if facts.chat_template else "none"),
        ("sampling", _sampling(facts.sampling)),
        *(_graph_rows(model) if isinstance(model, GraphFacts) else _weight_rows(model) + _made_rows(model)),
        *_section_rows(facts.sections),
        *((name, str(value)) for name, value in facts.system.items()),
        *_problem_rows(facts),
    ]


def _section_rows(sections: list[SectionFacts]) -> list[tuple[str, str]]:
    return [
        (
            f"section {section.name}",
            ", ".join([megabytes(section.size), *(f"{k} {v}" for k, v in section.said.items())]),
        )
        for section in sections
    ]


def _vector_rows(facts: VectorFacts) -> list[tuple[str, str]]:
    said = facts.said
    return [
        ("file", str(facts.path)),
        ("container", f"{facts.container}, {megabytes(facts.size)}"),
        ("model", f"makes vectors of texts; {facts.family}, {facts.parameters / 1e6:,.1f} M parameters"),
        ("quantization", facts.quantization + (f", activations {said.activations}" if said else "")),
        ("longest text", f"{facts.context_length:,} tokens"),
        *vector_rows(said),
        *_section_rows(facts.sections),
    ]


def _graph_rows(facts: GraphFacts) -> list[tuple[str, str]]:
    lengths = ", ".join(str(length) for length in facts.prefill_lengths)
    rows = [
        ("quantization", f"{facts.quantization}, {facts.operators:,} operators"),
        ("signatures", ", ".join(facts.signatures) or "none"),
    ]
    if facts.problem:
        return [*rows, ("no language model", facts.problem)]
    layout = "transposed" if facts.transposed_cache else "default"
    return [
        *rows,
        ("prefill", f"{lengths} tokens at once; {'mask is an input' if facts.mask else 'no mask input'}"),
        ("cache", f"{facts.layers} layers, {facts.context_length:,} tokens, {layout} layout"),
        ("logits", f"{facts.vocabulary:,}"),
    ]


def _adapter_rows(facts: WebFileFacts) -> list[tuple[str, str]]:
    return [
        ("file", str(facts.path)),
        ("container", f"{facts.container}, {megabytes(facts.size)}, backend {facts.backend}"),
        ("adapter", f"LoRA of rank {facts.lora_rank}, {facts.parameters / 1e6:,.2f} M values in {facts.quantization}"),
        ("for", f"{facts.family} ({facts.model_type})"),
        ("trained for", facts.trained_for or "not said"),
        ("shape", _shape(facts.dimensions)),
        ("written by", facts.written_by or "not said"),
    ]


def _web_rows(facts: WebFileFacts) -> list[tuple[str, str]]:
    tokens = facts.tokens
    return [
        ("file", str(facts.path)),
        ("container", f"{facts.container}, {megabytes(facts.size)}, backend {facts.backend}"),
        ("model", f"{facts.family} ({facts.model_type}), {facts.parameters / 1e6:,.1f} M parameters"),
        ("context", _context(facts.context_length)),
        *_weight_rows(facts),
        ("vocabulary", f"{tokens.vocabulary:,} pieces, start {tokens.start_id}, stop {_stops(tokens)}"),
        *_template_rows(facts.prompt_template),
        ("sampling", _sampling(facts.sampling)),
        *((f"size of {part}", megabytes(size)) for part, size in facts.parts.items()),
        *_made_rows(facts),
        *_problem_rows(facts),
    ]


def _made_rows(facts: WebFileFacts) -> list[tuple[str, str]]:
    return [("written by", facts.written_by or "not said"), *facts.conversion.items()]


def _problem_rows(facts: BundleFacts | WebFileFacts) -> list[tuple[str, str]]:
    return [("problem", facts.problem)] if facts.problem else []


def _weight_rows(facts: WebFileFacts) -> list[tuple[str, str]]:
    return [
        ("quantization", facts.quantization),
        ("shape", _shape(facts.dimensions)),
        ("attention", _attention(facts.dimensions)),
        ("residual stream", _residual(facts)),
        *([("per-layer embeddings", on_demand_row(facts.on_demand))] if facts.on_demand else []),
        *([("pictures go in", _pictures(facts.pictures))] if facts.pictures else []),
    ]


def _pictures(pictures: Pictures) -> str:
    return f"{pictures.width} × {pictures.height} pixels and {pictures.tokens} tokens each, by {pictures.parameters / 1e6:,.1f} M parameters"


def _residual(facts: WebFileFacts) -> str:
    if facts.largest_residual is facts.residual_bound is None and facts.residual_scale == 1:
        return "not said; onpage verify measures it"
    return residual_row(facts.residual_scale, facts.largest_residual, facts.residual_bound, facts.float16_limit)


def _context(length: int | None) -> str:
    return f"{length:,} tokens" if length else "not said"


def _stops(tokens: Tokens) -> str:
    return " ".join([str(tokens.stop_ids), ", ".join(repr(token) for token in tokens.stop_tokens)])


def _template_rows(template: PromptTemplate | None) -> list[tuple[str, str]]:
    return [
        ("prompt prefix", repr(template.prefix) if template else "none"),
        ("prompt suffix", repr(template.suffix) if template else "none"),
        *(
            [("system prefix", repr(template.system.prefix)), ("system suffix", repr(template.system.suffix))]
            if template and template.system
            else []
        ),
    ]


def _shape(d: dict[str, Any]) -> str:
    moe = d.get("moe_config", {})
    return (
        f"{d['num_stacks']} layers of {d['embedding_dim']:,}, feed-forward {d['hidden_dimension']:,}, "
        f"{d['num_heads']} heads of {d['head_dimension']}, {d['num_kv_heads']} key-value"
        + _experts(moe.get("num_experts"), moe.get("num_active_experts"))
    )


def _attention(d: dict[str, Any]) -> str:
    attention = d.get("self_attention_parameters", {})
    parts = []
    if attention.get("sliding_window_size"):
        parts.append(f"window {attention['sliding_window_size']:,}")
    if d.get("num_local_layers_per_global"):
        parts.append(f"{d['num_local_layers_per_global']} local layers per global")
    if d.get("global_rope_wavelength"):
        parts.append(f"rope wavelength {d['global_rope_wavelength']:,.0f}")
    for name, value in (
        ("rope scaling", d.get("global_rope_scaling")),
        ("query rescale factor", d.get("query_rescale_factor")),
        ("soft cap", attention.get("soft_cap_value")),
        ("final soft cap", d.get("final_project_parameters", {}).get("soft_cap_value")),
    ):
        if value:
            parts.append(f"{name} {value:g}")
    return ", ".join(parts) or "full"


def _sampling(sampling: Sampling) -> str:
    said = [("temperature", sampling.temperature), ("top k", sampling.top_k)]
    return ", ".join(f"{name} {value:g}" for name, value in said if value is not None) or "not said"


def _print_tensors(facts: WebFileFacts) -> None:
    width = max((len(tensor.name) for tensor in facts.tensors), default=0)
    click.echo(f"\n{'tensor':{width}}  {'type':8}  {'bytes':>13}  {'offset':>14}")
    for t in facts.tensors:
        click.echo(f"{t.name:{width}}  {TensorType.name_of(t.type):8}  {t.size:13,}  {t.offset:14,}")
