"""The run: steps, evaluations, early stop, and a state on the disk from which the same command goes on.

The adapter that is kept is the one with the best loss on the examples set aside.
"""

# mypy: ignore-errors
# PyTorch is an optional extra that is not installed where types are checked.

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from builder.errors import DataError, OnpageError
from builder.files.writing import folder_beside
from builder.model.opened import OpenedCheckpoint
from builder.tune.data import read_conversations
from builder.tune.examples import Encoder, Example, split
from builder.tune.model import Tuned, choose_device, choose_precision
from builder.tune.plan import Device, Plan, Precision, Settings, batches, should_stop
from builder.tune.result import TunedAdapter, Written, check_output, put_in_place
from builder.tune.start import Start
from builder.tune.state import Evaluation, Progress, check_same_run, state_path

SAVE_SECONDS = 60
ANSWERS = 5
"""So many examples set aside are answered for a report."""

Report = Callable[[Progress, int], None]
"""Called after every step with the progress and the steps in all."""


@dataclass(frozen=True)
class Run:
    """What is tuned, on what, and how."""

    base: Path
    data: Path
    output: Path
    settings: Settings
    device: Device = "auto"
    precision: Precision = "auto"
    start: Path | None = None
    """An adapter to begin with; its rank, alpha and matrices are taken in place of those of `settings`."""
    restart: bool = False
    answers: bool = False
    """Whether a few examples set aside are answered in the end."""


def tune(run: Run, progress: Report | None = None, say: Callable[[str], None] = lambda _: None) -> TunedAdapter:
    """Tunes and writes the adapter folder. Raises CheckpointError, DataError, TokenizerError, OutputError.

    A KeyboardInterrupt saves the state first; its cause is the sentence that says how to go on.
    """
    check_output(run.output)
    start = Start.open(run.start) if run.start else None
    if start:
        run = replace(run, settings=start.settings(run.settings))
    opened = OpenedCheckpoint.complete(run.base)
    encoder = Encoder.of(opened.tokenizer, opened.turns)
    examples = [encoder.example(conversation) for conversation in read_conversations(run.data)]
    parts = split(
        examples, share=run.settings.evaluation_share, longest=run.settings.max_tokens, seed=run.settings.seed
    )
    if parts.too_long:
        say(
            f"{parts.too_long:,} of {len(examples):,} examples have more than {run.settings.max_tokens:,} tokens and are left out."
        )
    device = choose_device(run.device)
    precision = choose_precision(run.precision, device)
    say(
        f"{len(parts.training):,} examples to learn from, {len(parts.evaluation):,} to judge by; "
        f"{device.type}, {str(precision).removeprefix('torch.')}."
    )
    model = Tuned(opened, run.settings, device, precision)
    if start:
        shapes = {name: tuple(tensor.shape) for name, tensor in model.weights().items()}
        model.load({name: torch.from_numpy(values) for name, values in start.weights(shapes).items()})
    trainer = Trainer(
        run,
        model,
        Plan(parts.training, run.settings),
        parts.evaluation,
        progress or (lambda *_: None),
        say,
        of=f"{run.base.name} {start.fingerprint}" if start else run.base.name,
    )
    trainer.train()
    model.load(trainer.best)
    answers = _answers(model, encoder, parts.evaluation) if run.answers else ()
    with folder_beside(run.output) as folder:
        model.save(folder / "adapter")
        size = put_in_place(folder / "adapter", run.output)
    trainer.path.unlink(missing_ok=True)
    return TunedAdapter.of(run.output, size, trainer.progress, len(parts.training), len(parts.evaluation), answers)


class Trainer:
    """The model, its optimizer, and how far they have come."""

    def __init__(
        self,
        run: Run,
        model: Tuned,
        plan: Plan,
        evaluation: Sequence[Example],
        report: Report,
        say: Callable[[str], None],
        *,
        of: str,
    ) -> None:
        """`of`: what the run begins with, so that a state of another one is not gone on with."""
        self.run, self.model, self.plan, self.report = run, model, plan, report
        self.evaluation = batches(evaluation, run.settings.batch_tokens)
        self.optimizer = torch.optim.AdamW(model.trained, lr=run.settings.learning_rate, weight_decay=0.0)
        self.path = state_path(run.output)
        everything = [*plan.examples, *evaluation]
        self.progress = Progress(run.settings.fingerprint(everything, of))
        self.best = model.weights()
        self.recent: list[float] = []
        if run.restart:
            self.path.unlink(missing_ok=True)
        if self.path.exists():
            self._restore()
            say(f"Going on at step {self.progress.step:,} of {plan.steps:,}, from {self.path}.")
        self.begun, self.earlier = time.monotonic(), self.progress.seconds
        self.saved = self.begun

    def train(self) -> None:
        """To the last step, or until the loss on the examples set aside falls no more."""
        try:
            if not self.progress.evaluations:
                self._evaluate()
            for step, batch in self._steps():
                self._learn(step, batch)
                if (step + 1) % self.plan.evaluation_interval == 0 or step + 1 == self.plan.steps:
                    self._evaluate()
                    self._save()
                    if self._is_enough():
                        return
                elif time.monotonic() - self.saved > SAVE_SECONDS:
                    self._save()
                self.report(self.progress, self.plan.steps)
        except KeyboardInterrupt:
            self._save()
            raise KeyboardInterrupt from OnpageError(
                f"interrupted at step {self.progress.step:,} of {self.plan.steps:,}; run the same command again to go on."
            )

    def _steps(self):
        """What is left: the number of each step, from 0 on, and its batch."""
        step = 0
        for epoch in range(1 + self.plan.steps // self.plan.steps_an_epoch):
            for batch in self.plan.epoch(epoch):
                if step >= self.plan.steps or self._is_enough():
                    return
                if step >= self.progress.step:
                    yield step, batch
                step += 1

    def _is_enough(self) -> bool:
        return should_stop([each.loss for each in self.progress.evaluations], self.run.settings.patience)

    def _learn(self, step: int, batch: list[Example]) -> None:
        torch.manual_seed(1_000_003 * self.run.settings.seed + step)  # of dropout: the same after a kill
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate(step)
        self.model.peft.train()
        loss = self.model.losses(batch)[0].mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        value = loss.item()
        if not math.isfinite(value):
            raise DataError(
                f"The loss is not a number at step {step + 1:,}: try a smaller --learning-rate, or --precision float32.",
                subject="loss",
            )
        self.recent.append(value)
        self.progress = replace(
            self.progress,
            step=step + 1,
            seconds=self.earlier + time.monotonic() - self.begun,
            tokens=self.progress.tokens + sum(len(example.ids) for example in batch),
        )

    @torch.no_grad()
    def _evaluate(self) -> None:
        self.model.peft.eval()
        sums = [
            torch.stack([part.float().sum().cpu() for part in self.model.losses(batch)]) for batch in self.evaluation
        ]
        loss, right = torch.stack(sums).sum(0) / sum(
            example.answer_tokens for batch in self.evaluation for example in batch
        )
        trained = sum(self.recent) / len(self.recent) if self.recent else None
        before = self.progress.best
        if before is None or float(loss) < before.loss:
            self.best = self.model.weights()
        seconds = self.earlier + time.monotonic() - self.begun
        made = Evaluation(self.progress.step, float(loss), float(right), trained, round(seconds, 1))
        self.progress = replace(self.progress.evaluated(made), seconds=seconds)
        self.recent.clear()
        self.report(self.progress, self.plan.steps)

    def _save(self) -> None:
        """The state, replaced in one piece."""
        state = {
            "progress": self.progress.to_json(),
            "recent": list(self.recent),
            "weights": self.model.weights(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
        }
        new = self.path.with_name(f"{self.path.name}.new")
        torch.save(state, new)
        new.replace(self.path)
        self.saved = time.monotonic()

    def _restore(self) -> None:
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            progress = Progress.from_json(state["progress"])
        except (RuntimeError, KeyError, EOFError, OSError, ValueError) as error:
            raise DataError(
                f"{self.path} is not the state of a run ({error}): start again with --restart.", subject=self.path
            ) from None
        check_same_run(progress, self.progress.fingerprint, self.path)
        self.progress, self.best, self.recent = progress, state["best"], state["recent"]
        self.model.load(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])


def _answers(model: Tuned, encoder: Encoder, evaluation: Sequence[Example]) -> tuple[Written, ...]:
    """What the tuned model writes for a few examples that it has not learned from, beside what was wanted."""
    from sentencepiece import SentencePieceProcessor

    pieces: SentencePieceProcessor = encoder.encode.__self__
    (end,) = encoder.encode(encoder.end)
    found = []
    for example in evaluation[:ANSWERS]:
        start = example.learned.index(True)
        stop = next((place for place in range(start, len(example.ids)) if not example.learned[place]), len(example.ids))
        wanted = [each for each in example.ids[start:stop] if each != end]
        written = model.answer(example.ids[:start], end, max(64, 2 * len(wanted)))
        found.append(Written(pieces.decode(list(example.ids[1:start])), pieces.decode(wanted), pieces.decode(written)))
    return tuple(found)
