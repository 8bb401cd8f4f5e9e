"""`onpage tune`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.core import ParameterSource

from builder.tune.plan import MODULES, Device, Precision, Settings, duration, seconds_left
from onpage.command.console import FILE, print_facts, print_json, printable, say
from onpage.command.convert import json_option
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.tune.result import TunedAdapter
    from builder.tune.state import Progress

DEFAULT = Settings()


@click.command()
@click.argument("checkpoint", type=FILE)
@click.argument("data", type=FILE)
@click.option("-o", "--output", required=True, type=FILE, metavar="ADAPTER", help="The folder to write.")
@click.option(
    "--from",
    "start",
    type=FILE,
    metavar="ADAPTER",
    help="Begin with the weights of this adapter, to widen it. Its rank, alpha and matrices are kept.",
)
@click.option(
    "--modules",
    type=click.Choice(list(MODULES)),
    default=DEFAULT.modules,
    show_default=True,
    help="The matrices to adapt. The page can switch adapters of the attention on and off. `all` adds the feed-forward, learns more, "
    "and has to be merged.",
)
@click.option(
    "--rank",
    type=click.IntRange(1, 256),
    default=DEFAULT.rank,
    show_default=True,
    metavar="N",
    help="Rank of each adapter.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0.1, 1024),
    metavar="X",
    help="Scale of the adapter: alpha / rank.  [default: twice the rank]",
)
@click.option("--dropout", type=click.FloatRange(0, 0.9), default=DEFAULT.dropout, show_default=True)
@click.option(
    "--epochs",
    type=click.FloatRange(0.01, 1000),
    default=DEFAULT.epochs,
    show_default=True,
    metavar="X",
    help="Passes over the examples, at most.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(1e-7, 1),
    default=DEFAULT.learning_rate,
    show_default=True,
    metavar="X",
    help="Highest learning rate. It rises in the first steps and then falls.",
)
@click.option(
    "--batch-tokens",
    type=click.IntRange(16, 1 << 20),
    default=DEFAULT.batch_tokens,
    show_default=True,
    metavar="TOKENS",
    help="Tokens per step. Less takes less memory, more gives a steadier loss.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(16, 32_768),
    default=DEFAULT.max_tokens,
    show_default=True,
    metavar="TOKENS",
    help="Leave out longer examples.",
)
@click.option(
    "--evaluation-share",
    type=click.FloatRange(0, 0.5),
    default=DEFAULT.evaluation_share,
    show_default=True,
    metavar="X",
    help="Share of the examples that is set aside for evaluation.",
)
@click.option(
    "--patience",
    type=click.IntRange(0, 1000),
    default=DEFAULT.patience,
    show_default=True,
    metavar="N",
    help="Stop after N evaluations without a better loss. 0 never stops early.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=DEFAULT.seed, show_default=True)
@click.option("--device", type=click.Choice(get_args(Device)), default="auto", show_default=True)
@click.option(
    "--precision",
    type=click.Choice(get_args(Precision)),
    default="auto",
    show_default=True,
    help="Precision of the base. auto is bfloat16 if the device supports it.",
)
@click.option("--restart", is_flag=True, help="Start again instead of continuing an interrupted run.")
@click.option(
    "--report", is_flag=True, help="Also print every evaluation, and the answers to five of the examples set aside."
)
@json_option
def tune(
    checkpoint: Path,
    data: Path,
    output: Path,
    start: Path | None,
    alpha: float | None,
    device: Device,
    precision: Precision,
    restart: bool,
    report: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Fine-tune a model on your own examples, by LoRA.

    CHECKPOINT is a Hugging Face folder or a GGUF file of a Gemma or a model built like Llama. DATA is a .jsonl file, or a folder of such files. Each line is
    {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]} or
    {"prompt": "…", "completion": "…"}. Only the answers are learned, in the turns that the page sends. To continue a run that was
    interrupted or killed, run the same command again. ADAPTER is a folder in peft's format: convert it for the page.

    \b
    Example:
      onpage tune gemma-3-270m-it examples.jsonl -o my-adapter
      onpage convert gemma-3-270m-it --merge-lora my-adapter -o my-gemma-web.task
      onpage serve --model my-gemma-web.task
    """
    _refuse_what_the_start_decides(start)
    with requires("tune"):
        from builder.tune.training import Run, tune
    chosen = Settings(alpha=alpha or 2.0 * settings["rank"], **settings)
    run = Run(checkpoint, data, output, chosen, device, precision, start, restart=restart, answers=report)
    with _step_progress() as progress:
        tuned = tune(run, progress, say)
    if as_json:
        print_json(tuned.to_json())
        return
    print_facts(tuned.rows())
    if report:
        _print_report(tuned)
    say(f"For the page: onpage convert {checkpoint} --merge-lora {output} {_converted(checkpoint)}")


def _converted(checkpoint: Path) -> str:
    """The rest of the command: only a graph carries what is built like Llama."""
    from builder.model.families.llama import NAMES
    from builder.model.open_checkpoint import open_checkpoint

    of_llamas_kind = open_checkpoint(checkpoint)[0].config.get("model_type") in NAMES
    return "--target graph -o tuned.litertlm" if of_llamas_kind else "-o tuned-web.task"


def _refuse_what_the_start_decides(start: Path | None) -> None:
    context = click.get_current_context()
    for name in ("rank", "alpha", "modules") if start else ():
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"--{name} is that of the adapter that --from names: leave it out.")


def _print_report(tuned: TunedAdapter) -> None:
    print_facts(
        [("step", "loss (learned, set aside), likeliest token right")]
        + [
            (
                f"{each.step:,}",
                f"{'-' if each.training_loss is None else f'{each.training_loss:.3f}'}, {each.loss:.3f}, {each.right:.1%}",
            )
            for each in tuned.evaluations
        ]
    )
    for answer in tuned.answers:
        print_facts([("asked", answer.prompt), ("wanted", answer.wanted), ("written", answer.written)])


@contextmanager
def _step_progress() -> Iterator[Callable[[Progress, int], None]]:
    """A bar on stderr with the loss and the time left; where stderr is no terminal a line for each evaluation."""
    told: list[int] = []

    def left(progress: Progress, steps: int) -> str:
        seconds = seconds_left(progress.step, steps, progress.seconds)
        return f"{duration(seconds)} left" if seconds is not None else ""

    def loss(progress: Progress) -> str:
        return f"loss {progress.evaluations[-1].loss:.3f}" if progress.evaluations else ""

    if not sys.stderr.isatty():

        def line(progress: Progress, steps: int) -> None:
            if len(progress.evaluations) > len(told):
                told.append(progress.step)
                say(
                    ", ".join(
                        filter(None, (f"step {progress.step:,} of {steps:,}", loss(progress), left(progress, steps)))
                    )
                )

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("Tuning"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("", total=None)

        def advance(progress: Any, steps: int) -> None:
            said = ", ".join(filter(None, (loss(progress), left(progress, steps))))
            bar.update(task, total=steps, completed=progress.step, description=printable(said))

        yield advance
