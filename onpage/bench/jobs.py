"""Which engine measures which file of a model, by which plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from builder.errors import BenchError
from onpage.bench.correctness import known_beginnings, known_prompt
from onpage.bench.measure import Job
from onpage.bench.measured_models import BenchModel, weight_bytes
from onpage.bench.options import Listener, Options
from onpage.bench.peers import native
from onpage.bench.peers.peer_models import PEERS, PeerModel
from onpage.bench.server import Server
from webapp.served_models import ENGINES

ALL = "all"
SEED = 1


def chosen_engines(names: Sequence[str]) -> tuple[str, ...]:
    """Ids of engines, `all` being those that the page offers; BenchError where one is unknown."""
    known = tuple(dict.fromkeys(engine for ids in ENGINES.values() for engine in ids))
    for name in names:
        if name not in (*known, *PEERS, native.ID, ALL):
            expected = ", ".join((*known, *PEERS, native.ID))
            raise BenchError(f"There is no engine {name!r}: expected {expected} or {ALL}.", subject=name)
    return tuple(dict.fromkeys(engine for name in names for engine in (known if name == ALL else (name,))))


def jobs_of(
    models: Sequence[BenchModel], engines: Sequence[str], server: Server, options: Options, listener: Listener
) -> list[Job]:
    """A job for each engine that has a file of a model, in the order given; what is left out is said, and nothing left is an
    error."""
    jobs, left_out = [], []
    for model in models:
        hashes = {server.sha256_of(path): path for path in (model.path, *model.others)}
        peers = [PeerModel.read(path).to_json() for path in sorted(set(model.peers.values()))]
        for engine in engines:
            runs_as = "litert-lm-cpu" if engine == native.ID else engine  # the same files
            served = next(
                (
                    (entry, file)
                    for entry in server.models
                    if any(file["sha256"] in hashes for file in entry["files"])
                    for file in (*entry["files"], *peers)
                    if runs_as in file["engines"] and (file in peers or file["sha256"] in hashes)
                ),
                None,
            )
            if served:
                entry, file = served
                path = hashes.get(file["sha256"], model.path)  # a peer's has the same weights
                jobs.append(_job(model, engine, entry, file, path, options))
            else:
                left_out.append(f"{engine} has no file of {model.name} that it runs: {missing(engine)}")
    if not jobs:
        raise BenchError(left_out[0])
    for sentence in left_out:
        listener.say(sentence)
    return jobs


def missing(engine: str) -> str:
    """What to do for a model that an engine does not run."""
    if engine in ("litert-lm-cpu", native.ID):
        return "it takes a LiteRT graph, which is made of a checkpoint: onpage convert CHECKPOINT --target graph -o NAME.litertlm."
    if engine in PEERS:
        return "it is measured on synthetic models in blocks of 32 only, such as synth:gemma3-270m@q4_0."
    return "add one with --model, or leave the engine out."


def _job(
    model: BenchModel, engine: str, entry: dict[str, Any], file: dict[str, Any], path: Path, options: Options
) -> Job:
    """`path` holds the weights that the engine runs."""
    context = min(options.context, entry["context"])
    if not any(length + options.decode <= context for length in options.prefill):
        raise BenchError(
            f"No prefill length fits {model.name}: {min(options.prefill)} tokens and {options.decode} new ones are more than its "
            f"context of {context}; choose less with --prefill or --decode."
        )
    about = {
        "name": model.label or entry["name"],
        "file": unquote(file["url"].rsplit("/", 1)[1]),
        "size": file["size"],
        "sha256": file["sha256"],
        "origin": model.origin,
        "format": file["format"],
        # neither a peer's file nor the server of an earlier version says its own
        "quantization": file.get("quantization", entry["quantization"]),
        "parameters": entry["parameters"],
        "weight_bytes": weight_bytes(path),
        "synthetic": model.synthetic,
    }
    plan = {
        "engine": engine,
        "model": about
        | {"url": file["url"], "context": context, "promptTemplate": entry["promptTemplate"]}
        | ({"precision": file["precision"]} if "precision" in file else {}),
        "prefill": list(options.prefill),
        "decode": options.decode,
        "context": context,
        "runs": options.runs,
        "run_milliseconds": options.run_milliseconds,
        "warmup": options.warmup,
        "bandwidth": True,
        "seed": SEED,
        "loads": {"cold": options.cold, "warm": options.warm},
        "correctness": known_prompt(model, entry),
        "agreement": known_beginnings(model, options.agreement),
        "precision": options.precision,
    }
    notes = () if context == options.context else (f"The model has a context of {context}, not {options.context}.",)
    return Job(plan, about, notes, model)


def path_of(job: Job) -> Path:
    """Where the file of a plan is on this machine; read, for this engine does not get it from the server, which would know."""
    path = job.source.file_of(job.plan["model"]["sha256"])
    assert path is not None
    return path
