"""`onpage inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from builder.command.console import megabytes, print_facts, print_json, print_table
from builder.command.convert import json_option
from builder.inspect import Sampling, WebFileFacts, inspect_web_file, type_name


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tensors", is_flag=True, help="Show the table of tensors as well.")
@json_option
def inspect(file: Path, tensors: bool, as_json: bool) -> None:
    """Show what is in a web FILE: family, dimensions, quantization, tokens, prompt template, sizes.

    Reads the header only; safe on files from anywhere.

    \b
    Example:
      onpage inspect my-gemma-web.task --tensors
      onpage inspect my-gemma-web.task --json
    """
    facts = inspect_web_file(file)
    if as_json:
        print_json(facts.to_json())
        return
    print_facts(_rows(facts))
    if tensors:
        _print_tensors(facts)


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
    table = Table("tensor", "type", "bytes", "offset", box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for tensor in facts.tensors:
        table.add_row(tensor.name, type_name(tensor.type), f"{tensor.size:,}", f"{tensor.offset:,}")
    print_table(table)
