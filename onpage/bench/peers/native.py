"""litert-lm-api on the CPU, outside the browser: the yardstick of what the page's engines could reach on the same graph.

`measure` gives a record like any other, without a browser. The engine runs in a child process, `python -m
onpage.bench.peers.native`, which reads a plan and tells what it finds in the events of a page, a line each; so a crash in the
engine ends the child and not the run, and the peak memory is the engine's own.

It is measured as a page measures: from the call to the text, with a prompt that fills each length and begins otherwise in every
run. The engine's own figures are beside ours. There is no cache to warm: `load_cold` reads the file as it comes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.files.systems import peak_memory
from onpage.bench.measures import RUN_MILLISECONDS, fitting, status_of
from onpage.bench.record import Record, fold, label_of, new_record
from onpage.bench.values import summarize

if TYPE_CHECKING:
    from onpage.bench.measured_models import BenchModel

ID = "native"
ENGINE = {"id": ID, "name": "LiteRT-LM, native", "backend": "CPU", "package": "litert-lm-api"}
SECONDS = 1800.0
MAX_TRIES = 3
"""An answer that ended by itself is asked for again, with other prompts; the longest counts, as in a page."""
BEGINNING = 1
"""Token that the engine puts before a prompt, and its tokenizer does not count."""

WORDS = [
    "river",
    "stone",
    "window",
    "garden",
    "winter",
    "letter",
    "market",
    "bridge",
    "the",
    "and",
    "of",
    "to",
    "in",
    "that",
]


async def measure(plan: dict[str, Any], path: Path, model: dict[str, Any], seconds: float = SECONDS) -> Record:
    """Carries a plan out with the graph at `path`; `model` is what the record says of it. What goes wrong is in the record.

    The child ends with the call, also where that is cancelled.
    """
    record = new_record(plan) | {"model": model, "engine": ENGINE | {"version": None}}
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said:
        command = (sys.executable, "-m", __spec__.name, str(path))
        child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=told, stderr=said)
        late = False
        try:
            await asyncio.wait_for(child.communicate(json.dumps(plan).encode()), seconds)
        except TimeoutError:
            late = True
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        told.seek(0)
        for line in told.read().splitlines():
            fold(record, json.loads(line))
        said.seek(0)
        reasons = said.read().decode(errors="replace").strip().splitlines() or [f"exit {child.returncode}"]
    if child.returncode:
        reason = f"it did not end within {seconds:g} s" if late else reasons[-1]
        fault = {"code": "engine-failed", "sentence": "The native engine ended early.", "during": None}
        record["errors"].append(fault | {"detail": reason[:2000]})
    record["status"] = status_of(record)
    record["label"] = label_of(record)
    record["summary"] = [summary.to_json() for summary in summarize(record)]
    return record


async def judge(record: Record, source: BenchModel, plan: dict[str, Any]) -> None:
    """Has the answer of a record checked by the reference, where it was not known beforehand."""
    from onpage.bench.correctness import judge_record  # not in the child, whose memory is measured

    await asyncio.to_thread(judge_record, source, plan, record)
    record["status"] = status_of(record)


def main() -> None:
    """The child: a plan on stdin, events on stdout."""
    plan = json.load(sys.stdin)
    events = carry_out(plan, Path(sys.argv[1]))
    for at, value in events:
        print(json.dumps({"at": at, "value": value}), flush=True)


def carry_out(plan: dict[str, Any], path: Path) -> Iterator[tuple[str, Any]]:
    """The events of a plan."""
    import litert_lm

    litert_lm.set_min_log_severity(litert_lm.LogSeverity.FATAL)
    yield "engine", ENGINE | {"version": version("litert-lm-api")}
    started = time.perf_counter()
    # without :nocache it writes its packed weights beside the model
    with litert_lm.Engine(
        str(path),
        backend=litert_lm.Backend.CPU(),
        max_num_tokens=plan["context"],
        cache_dir=":nocache",
        enable_benchmark=True,
    ) as engine:
        created = (time.perf_counter() - started) * 1000
        yield "loads", {"kind": "cold", "milliseconds": {"bytes": 0.0, "engine": created}, "from_cache": None}
        native = _Native(engine)
        known = plan.get("correctness")
        if known:
            answer = native.generate(known["prompt"], known["tokens"])
            if answer["pieces"]:
                yield "first_answer", {"milliseconds": answer["pieces"][-1][0], "tokens": len(answer["pieces"])}
            ok = None if known["text"] is None else answer["text"].startswith(known["text"])
            found = {"ok": ok, "expected": known["text"], "found": answer["text"], "tokens": len(answer["pieces"])}
            yield "correctness", found
        lengths = fitting(plan)
        for length in plan["prefill"]:
            if length not in lengths:
                yield "notes", f"Prefill {length} was left out: it does not fit a context of {plan['context']}."
        prompts = itertools.count(plan["seed"] * 1_000_003)
        noted = set()
        for run in range(plan["warmup"] + plan["runs"]):
            warmup = run < plan["warmup"]
            number = run + 1 - (0 if warmup else plan["warmup"])
            for length in lengths:
                for sample in native.run(length, prompts, plan):
                    if sample["tokens"] < plan["decode"] and length not in noted:
                        noted.add(length)
                        yield "notes", f"Prefill {length}: an answer ended by itself before {plan['decode']} tokens."
                    yield "samples", {"prefill": length, "run": number, "warmup": warmup, **sample}
    peak = peak_memory()
    yield "memory", {"peak_bytes": peak, "how": "largest resident set of the engine's process, Python included"}


class _Native:
    """An engine that is loaded."""

    def __init__(self, engine: Any) -> None:
        import litert_lm

        self.engine = engine
        self.greedy = litert_lm.SamplerConfig(top_k=1, top_p=1.0, temperature=1.0, seed=1)

    def run(self, length: int, seeds: Iterator[int], plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """As many answers as last as long as a run does."""
        spent = 0.0
        while spent < plan.get("run_milliseconds", RUN_MILLISECONDS):
            prompt_tokens, answer = self.longest(length, seeds, plan["decode"])
            pieces = answer["pieces"]
            spent += pieces[-1][0]
            yield {
                "prompt_tokens": prompt_tokens,
                "tokens": len(pieces),
                "first_tokens": 1,
                "counted": "tokenizer",
                "checked_tokens": None,
                "ttft": pieces[0][0],
                "pieces": pieces,
                "engine_figures": answer["figures"],
            }

    def longest(self, length: int, seeds: Iterator[int], tokens: int) -> tuple[int, dict[str, Any]]:
        """Tokens of a prompt of about `length`, and the answer to it, of `tokens` if one of a few prompts has such an answer."""
        best: tuple[int, dict[str, Any]] | None = None
        for seed in itertools.islice(seeds, MAX_TRIES):
            prompt, counted = self.prompt(length, seed)
            answer = self.generate(prompt, tokens)
            if best is None or len(answer["pieces"]) > len(best[1]["pieces"]):
                best = counted, answer
            if len(answer["pieces"]) == tokens:
                break
        if best is None or not best[1]["pieces"]:
            raise RuntimeError(f"the engine gave an empty answer, {MAX_TRIES} times")
        return best

    def prompt(self, tokens: int, seed: int) -> tuple[str, int]:
        """A text of so many tokens, the beginning included, and how many it has."""
        words = [WORDS[seed % len(WORDS)], *random.Random(seed).choices(WORDS, k=tokens - 1)]
        while len(words) > 1 and self._count(" ".join(words)) > tokens:
            words.pop()
        text = " ".join(words)
        while self._count(text + " a") <= tokens:
            text += " a"
        return text, self._count(text)

    def _count(self, text: str) -> int:
        return len(self.engine.tokenize(text)) + BEGINNING

    def generate(self, prompt: str, tokens: int) -> dict[str, Any]:
        """Greedy, stopped after `tokens`; each piece is a token, with the milliseconds since the call."""
        pieces: list[tuple[float, int]] = []
        text = ""
        with self.engine.create_session(apply_prompt_template=False, sampler_config=self.greedy) as session:
            started = time.perf_counter()
            session.run_prefill([prompt])
            for part in session.run_decode_async():
                pieces.append(((time.perf_counter() - started) * 1000, len(part.texts[0])))
                text += part.texts[0]
                if len(pieces) == tokens:
                    session.cancel_process()
            figures = asdict(session.get_benchmark_info())
        return {"pieces": pieces[:tokens], "text": text, "figures": figures}


if __name__ == "__main__":
    main()
