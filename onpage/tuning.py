"""Fine-tuning, from Python. The face of `builder.tune`; defaults are those of the command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from onpage.arguments import AnyPath, Progress, Say, silent
from onpage.extras import requires

if TYPE_CHECKING:
    from builder.tune.result import TunedAdapter


def tune(
    checkpoint: AnyPath,
    data: AnyPath,
    output: AnyPath,
    *,
    modules: Literal["attention", "all"] = "attention",
    rank: int = 16,
    alpha: float | None = None,
    dropout: float = 0.0,
    learning_rate: float = 5e-4,
    warm_up: float = 0.05,
    epochs: float = 3.0,
    batch_tokens: int = 2048,
    max_tokens: int = 1024,
    evaluation_share: float = 0.1,
    patience: int = 3,
    seed: int = 0,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    precision: Literal["auto", "bfloat16", "float32"] = "auto",
    start: AnyPath | None = None,
    restart: bool = False,
    answers: bool = False,
    progress: Progress | None = None,
    say: Say = silent,
) -> TunedAdapter:
    """Fine-tune the Gemma in `checkpoint` on the conversations in `data`, by LoRA, and write the adapter folder `output`.

    `data` is a .jsonl file or a folder of such (docs/tune.md). `alpha` None is twice the rank; `warm_up` is the share of the
    steps in which the learning rate rises; `patience` counts evaluations without a better loss. `start` is
    an adapter to begin with, which decides `rank`, `alpha` and `modules`. A run that was interrupted
    goes on when the same arguments are given again, unless `restart`. With `answers`, a few of the examples set aside are
    answered in the end. `progress` hears "tune", the steps done and the steps in all. Needs the extra `tune`. Raises
    CheckpointError, DataError, TokenizerError or OutputError.
    """
    with requires("tune"):
        from builder.tune import training
        from builder.tune.plan import Settings
    settings = Settings(
        rank=rank,
        alpha=2.0 * rank if alpha is None else alpha,
        modules=modules,
        dropout=dropout,
        learning_rate=learning_rate,
        warm_up=warm_up,
        epochs=epochs,
        batch_tokens=batch_tokens,
        max_tokens=max_tokens,
        evaluation_share=evaluation_share,
        patience=patience,
        seed=seed,
    )
    run = training.Run(
        Path(checkpoint),
        Path(data),
        Path(output),
        settings,
        device,
        precision,
        start=None if start is None else Path(start),
        restart=restart,
        answers=answers,
    )
    return training.tune(run, progress and (lambda at, steps: progress("tune", at.step, steps)), say)
