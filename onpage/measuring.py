"""The bench, from Python: measure models in a browser, compare what was measured, write reports. The face of `onpage.bench`.

All functions block, also in a notebook, where an event loop is running: they measure in a thread of their own then. All need
the extra `bench`. Defaults are those of the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from onpage.arguments import AnyPath, Progress, Say, silent
from onpage.extras import requires

if TYPE_CHECKING:
    from onpage.bench.comparison import Comparison
    from onpage.bench.options import Listener
    from onpage.bench.report.report import Report
    from onpage.bench.results import Results


def measure(
    *models: AnyPath,
    engines: str | Sequence[str] = "mediapipe",
    output: AnyPath | None = None,
    prefill: Sequence[int] = (32, 128, 512, 1024),
    decode: int = 256,
    context: int = 2048,
    runs: int = 5,
    warmup: int = 1,
    agreement: int = 0,
    precision: Literal["auto", "float16", "float32"] = "auto",
    cold: int = 1,
    warm: int = 2,
    browser: AnyPath | None = None,
    flags: Sequence[str] = (),
    gpu: bool | None = None,
    headless: bool = True,
    require_gpu: bool = False,
    connect: Sequence[str] = (),
    cdp: Sequence[str] = (),
    selenium: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 0,
    public_url: str | None = None,
    timeout: float = 900.0,
    progress: Progress | None = None,
    say: Say = silent,
) -> Results:
    """Measure each of `models` with each of `engines` in a browser: loads, first answer, prefill, decode, memory.

    A model is "demo" (as no model is), a stored id, a file, or a synthetic one such as "synth:gemma3-1b@int4"; an engine
    "mediapipe", "litert-lm", "litert-lm-cpu" or "all". `prefill` are prompt lengths and `decode` is the length of an answer,
    in tokens; `runs` and `warmup` are for each prompt length; `cold` and `warm` are loads; `timeout` is in seconds of silence.
    `agreement` compares the engine's choices with the reference's on about so many positions; `precision` is MediaPipe's.
    The browser is Chrome or Chromium on this machine (`gpu` False: with WebGPU in software; None: as the machine is), or those
    at the addresses `connect` (Playwright servers), `cdp` (a running Chrome) and `selenium`.

    `output` is a results file, which holds every finished record at any time; without it they are in what is returned only. A
    measurement that failed is a record that says so, and `problem` of the results is a sentence then. Raises BenchError where
    measuring cannot be begun, OutputError where the file cannot be written.
    """
    with requires("bench"):
        from onpage.bench import run
        from onpage.bench.blocking import run_blocking
        from onpage.bench.jobs import chosen_engines
        from onpage.bench.measured_models import find_model
        from onpage.bench.options import Options
    chosen = chosen_engines([engines] if isinstance(engines, str) else engines)
    options = Options(
        prefill=tuple(prefill),
        decode=decode,
        context=context,
        runs=runs,
        warmup=warmup,
        agreement=agreement,
        precision=precision,
        cold=cold,
        warm=warm,
        browser=None if browser is None else Path(browser),
        flags=tuple(flags),
        gpu=gpu,
        headless=headless,
        require_gpu=require_gpu,
        connect=tuple(connect),
        cdp=tuple(cdp),
        selenium=tuple(selenium),
        host=host,
        port=port,
        public_url=public_url,
        timeout=timeout,
    )
    path = None if output is None else Path(output)
    run.check_output(path)  # before models are made, which can take minutes
    found = [find_model(name, chosen, progress) for name in dict.fromkeys(map(str, models or ("demo",)))]
    return run_blocking(run.run(found, chosen, options, path, _listener(progress, say)))


def compare(
    base: AnyPath | Results,
    head: AnyPath | Results | None = None,
    *,
    max_regression: float = 0.05,
    measures: Sequence[str] = (),
    must_decide: Sequence[str] = (),
    allow_different: Sequence[str] = (),
) -> Comparison:
    """Compare two results, files or what `measure` returned; or the two sides of one that is of an interleaved run.

    `max_regression` is a share, 0.05 for 5 %. `measures` are compared, all that have a verdict without; `must_decide` may not
    stay undecided. `outcome` of the comparison is "passed", "undecided" or "failed", and `verdict` a sentence. Raises
    ResultsError for a file that is none, and where the sides differ in the model, engine, browser, adapter, plan or machine
    and `allow_different` does not name it.
    """
    with requires("bench"):
        from onpage.bench.compare import compare as compare_loaded
    return compare_loaded(
        _loaded(base),
        None if head is None else _loaded(head),
        limit=max_regression,
        measures=measures,
        must_decide=must_decide,
        allowed=allow_different,
    )


def compare_interleaved(
    a: str,
    b: str,
    *,
    output: AnyPath | None = None,
    max_regression: float = 0.05,
    measures: Sequence[str] = (),
    must_decide: Sequence[str] = (),
    width: float | None = None,
    budget: float = 360.0,
    rounds: int = 100,
    self_test: int = 4,
    apart: bool = False,
    prefill: Sequence[int] = (32, 128),
    decode: int = 64,
    context: int = 512,
    warmup: int = 1,
    precision: Literal["auto", "float16", "float32"] = "auto",
    gpu: bool | None = None,
    require_gpu: bool = False,
    timeout: float = 900.0,
    progress: Progress | None = None,
    say: Say = silent,
) -> Comparison:
    """Measure two configurations now and in turn, round by round, and compare them.

    A configuration is settings with commas between them, such as "engine=litert-lm,model=demo" (docs/bench.md). First A is
    measured against itself in `self_test` rounds. Rounds go on until the intervals are `width` wide to either side (a share;
    None: two thirds of `max_regression`), `budget` seconds are spent or `rounds` were measured. `apart` opens one browser at a
    time. `output` is a results file with the records of all rounds, which `compare` takes alone. Other arguments as in
    `measure` and `compare`. Raises BenchError where it cannot be begun, or one side only was measured.
    """
    with requires("bench"):
        from onpage.bench.blocking import run_blocking
        from onpage.bench.configuration import Configuration
        from onpage.bench.goal import Goal
        from onpage.bench.interleave import comparison_of, interleave
        from onpage.bench.options import IN_TURN, Options
    goal = Goal(
        limit=max_regression,
        width=width,
        budget=budget,
        max_rounds=rounds,
        self_test=self_test,
        measures=tuple(measures),
        must_decide=tuple(must_decide),
    )
    options = Options(
        prefill=tuple(prefill),
        decode=decode,
        context=context,
        warmup=warmup,
        precision=precision,
        warm=IN_TURN.warm,
        gpu=gpu,
        require_gpu=require_gpu,
        timeout=timeout,
    )
    work = interleave(
        Configuration.parse(a),
        Configuration.parse(b),
        goal,
        options,
        None if output is None else Path(output),
        _listener(progress, say),
        lambda phase, number, left: say(f"{phase}, round {number}: {left}"),
        apart=apart,
    )
    return comparison_of(run_blocking(work), goal)


def report(
    *results: AnyPath | Results, output: AnyPath | Sequence[AnyPath] = (), baseline: AnyPath | Results | None = None
) -> Report:
    """Report one or several results, and what changed since `baseline` or between the sides of an interleaved run.

    Writes each file of `output`: .html, .csv or .md. The report has `html()`, `markdown()`, `csv()`, and `rows()` for a data
    frame. Raises ResultsError for a file that is none or has no records, and for another suffix.
    """
    with requires("bench"):
        from onpage.bench.report.report import Report, refuse_another_suffix
    paths = [Path(output)] if isinstance(output, str | PathLike) else [Path(path) for path in output]
    for path in paths:
        refuse_another_suffix(path)
    made = Report.of([_loaded(one) for one in results], None if baseline is None else _loaded(baseline))
    for path in paths:
        made.write(path)
    return made


def _loaded(results: AnyPath | Results) -> Results:
    from onpage.bench.results import Results

    return results if isinstance(results, Results) else Results.load(Path(results))


def _listener(progress: Progress | None, say: Say) -> Listener:
    from onpage.bench.options import Listener

    if progress is None:
        return Listener(say=say)
    return Listener(say=say, progress=lambda place, at: progress(f"{place}: {at['text']}", at["done"], at["total"]))
