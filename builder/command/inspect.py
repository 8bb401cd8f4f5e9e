"""`onpage inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from builder.command.console import FILE, megabytes, print_facts, print_json
from builder.command.convert import json_option
from builder.inspect import Sampling, WebFileFacts, inspect_web_file, type_name


@click.command()
@click.argument("file", type=FILE)
@click.option("--summary", is_flag=True, help="Leave out the table of tensors.")
@json_option
def inspect(file: Path, summary: bool, as_json: bool) -> None:
    """Show what is in a web FILE (a model, or a LoRA adapter): family, dimensions, quantization, tokens, template, sizes.

    Reads the header only; safe on files from anywhere.

    \b
    Example:
      onpage inspect my-gemma-web.task --summary
      onpage inspect my-gemma-web.task --json
    """
    facts = inspect_web_file(file)
    if as_json:
        print_json(facts.to_json())
        return
    show(facts)
    if not summary:
        _print_tensors(facts)


def show(facts: WebFileFacts) -> None:
    """The facts for a person, tensors left out."""
    print_facts(_rows(facts) if facts.lora_rank is None else _adapter_rows(facts))


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


def _rows(facts: WebFileFacts) -> list[tuple[str, str]]:
    tokens, template = facts.tokens, facts.prompt_template
    stops = ", ".join(f"{token!r}" for token in tokens.stop_tokens)
    return [
        ("file", str(facts.path)),
        ("container", f"{facts.container}, {megabytes(facts.size)}, backend {facts.backend}"),
        ("model", f"{facts.family} ({facts.model_type}), {facts.parameters / 1e6:,.1f} M parameters"),
        ("quantization", facts.quantization),
        ("context", f"{facts.context_length:,} tokens" if facts.context_length else "not said"),
        ("shape", _shape(facts.dimensions)),
        ("attention", _attention(facts.dimensions)),
        ("vocabulary", f"{tokens.vocabulary:,} pieces, start {tokens.start_id}, stop {tokens.stop_ids} {stops}"),
        ("prompt prefix", repr(template.prefix) if template else "none"),
        ("prompt suffix", repr(template.suffix) if template else "none"),
        ("sampling", _sampling(facts.sampling)),
        *((f"size of {part}", megabytes(size)) for part, size in facts.parts.items()),
        ("written by", facts.written_by or "not said"),
    ]


def _shape(d: dict[str, Any]) -> str:
    return (
        f"{d['num_stacks']} layers of {d['embedding_dim']:,}, feed-forward {d['hidden_dimension']:,}, "
        f"{d['num_heads']} heads of {d['head_dimension']}, {d['num_kv_heads']} key-value"
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
        click.echo(f"{t.name:{width}}  {type_name(t.type):8}  {t.size:13,}  {t.offset:14,}")
