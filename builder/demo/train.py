"""Train the demo model: `python -m builder.demo.train --out DIR --minutes 90`, then `--stage news --begin-with DEMO-web.task` into another folder.

CPU is enough. One seed decides data, order and first weights; the schedule follows the clock (learning rate and data
mix are functions of the elapsed share of `--minutes`), so the exact weights depend on the machine's speed. The folder
gets `tokenizer.model`, `state.pt` (to go on from: run the same command again), `training_log.csv` and `checkpoint/`,
a Hugging Face folder.
"""

# mypy: ignore-errors
# PyTorch is an optional extra that is not installed where types are checked.

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from builder.demo import tokenizer as vocabulary
from builder.demo.generator import END, Row
from builder.demo.model import Gemma3, Shape, export
from builder.demo.stages import STAGES, Stage
from builder.demo.start import vocabulary_of, weights_of

BATCH_TOKENS = 4096
LONGEST = 512
WARM_UP_STEPS = 100
SAVE_SECONDS = 300
LOG_STEPS = 25
HELD_OUT_ROWS = 100


@dataclass(frozen=True)
class Example:
    """Token ids of a row and where its answer begins."""

    ids: list[int]
    start: int


class Examples:
    """Rows as token ids, grouped by length into batches of about `BATCH_TOKENS` tokens."""

    def __init__(self, seed: int, model: bytes, stage: Stage) -> None:
        import sentencepiece

        self.rng, self.stage = Random(seed), stage
        self.pieces = sentencepiece.SentencePieceProcessor(model_proto=model)

    def encode(self, row: Row) -> Example:
        """BOS, prompt, answer, end of turn."""
        prompt = [vocabulary.BOS, *self.pieces.encode(row.prompt)]
        return Example(prompt + self.pieces.encode(row.post + END), len(prompt))

    def batches(self, progress: float) -> list[list[Example]]:
        """A shuffled list of batches made from a pool of fresh rows, mixed for `progress`."""
        pool: list[Example] = []
        while sum(len(example.ids) for example in pool) < 24 * BATCH_TOKENS:
            examples = map(self.encode, self.stage.rows(self.rng, progress))
            pool.extend(example for example in examples if len(example.ids) <= LONGEST)
        return grouped(pool, self.rng)


def grouped(pool: list[Example], rng: Random | None = None) -> list[list[Example]]:
    """Batches of rows of similar length, each padded to at most `BATCH_TOKENS` tokens."""
    batches: list[list[Example]] = [[]]
    for example in sorted(pool, key=lambda example: -len(example.ids)):
        if batches[-1] and (len(batches[-1]) + 1) * len(batches[-1][0].ids) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(example)
    if rng:
        rng.shuffle(batches)
    return batches


def tensors(batch: list[Example]) -> tuple[Tensor, Tensor]:
    """Inputs and targets (batch, length); targets outside the answer are -100."""
    length = max(len(example.ids) for example in batch) - 1
    inputs = torch.full((len(batch), length), vocabulary.PAD)
    targets = torch.full((len(batch), length), -100)
    for index, example in enumerate(batch):
        inputs[index, : len(example.ids) - 1] = torch.tensor(example.ids[:-1])
        targets[index, example.start - 1 : len(example.ids) - 1] = torch.tensor(example.ids[example.start :])
    return inputs, targets


def loss_of(model: Gemma3, run: torch.nn.Module, batch: list[Example]) -> tuple[Tensor, int]:
    """Mean cross-entropy of the answer tokens of `batch`, and the number of tokens processed."""
    inputs, targets = tensors(batch)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = run(inputs)
        answer = targets != -100
        scores = model.logits(hidden[answer])
    return functional.cross_entropy(scores.float(), targets[answer]), inputs.numel()


def rate(peak: float, step: int, progress: float) -> float:
    """Learning rate: warm-up by steps, flat to 30 % of the time, then linear to a fiftieth."""
    return peak * min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.02, min(1.0, (1 - progress) / 0.7))


@torch.no_grad()
def held_out_loss(model: Gemma3, batches: list[list[Example]]) -> float:
    """Mean loss over rows whose names training never sees."""
    return sum(float(loss_of(model, model, batch)[0]) for batch in batches) / len(batches)


class Trainer:
    """A model, its optimizers and how far they have come; `folder` holds everything that lasts."""

    def __init__(
        self, folder: Path, seed: int, minutes: float, compiled: bool, stage: Stage, start: Path | None
    ) -> None:
        torch.manual_seed(seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.budget, self.stage = folder, minutes * 60, stage
        if not (folder / "tokenizer.model").exists():
            pieces = vocabulary_of(start) if start else vocabulary.train_tokenizer(seed)
            (folder / "tokenizer.model").write_bytes(pieces)
        self.pieces = (folder / "tokenizer.model").read_bytes()
        self.model = Gemma3(Shape(context=LONGEST))
        if start:
            self.model.load_state_dict(weights_of(start))
        self.run = torch.compile(self.model, dynamic=True) if compiled else self.model
        matrices = [parameter for parameter in self.model.layers.parameters() if parameter.dim() == 2]
        others = [p for p in self.model.parameters() if not any(p is matrix for matrix in matrices)]
        self.optimizers = [
            torch.optim.Muon(matrices, lr=stage.peak_rate, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=stage.peak_rate, betas=(0.9, 0.98), weight_decay=0.01),
        ]
        self.step, self.tokens, self.earlier = 0, 0, 0.0
        self.recent: list[float] = []
        if (folder / "state.pt").exists():
            self.restore()
        else:
            (folder / "training_log.csv").write_text(
                "step,tokens,seconds,loss,held_out_loss,learning_rate\n", encoding="utf-8"
            )
        self.examples = Examples(seed + self.step, self.pieces, stage)
        rows = map(self.examples.encode, stage.held_out(seed, HELD_OUT_ROWS))
        self.held_out = grouped([example for example in rows if len(example.ids) <= LONGEST])
        self.started = self.saved = time.monotonic()

    @property
    def seconds(self) -> float:
        """Training time so far, earlier runs included."""
        return self.earlier + time.monotonic() - self.started

    def train(self) -> None:
        """Until the budget is spent."""
        progress = self.seconds / self.budget
        while progress < 1:
            for batch in self.examples.batches(progress):
                progress = self.seconds / self.budget
                if progress >= 1:
                    break
                self.learn(batch, rate(self.stage.peak_rate, self.step, progress))
                if self.step % LOG_STEPS == 0:
                    self.log(rate(self.stage.peak_rate, self.step, progress))
                if time.monotonic() - self.saved > SAVE_SECONDS:
                    self.save()
        self.save()
        loss = held_out_loss(self.model, self.held_out)
        print(f"done: {self.step} steps, {self.tokens} tokens, held-out loss {loss:.4f}", flush=True)

    def learn(self, batch: list[Example], learning_rate: float) -> None:
        """One step."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
        loss, count = loss_of(self.model, self.run, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step, self.tokens = self.step + 1, self.tokens + count
        self.recent.append(loss.item())

    def log(self, learning_rate: float) -> None:
        """A line of training_log.csv: the mean loss since the last one, now and then the held-out loss."""
        loss = sum(self.recent) / len(self.recent)
        unseen = f"{held_out_loss(self.model, self.held_out):.4f}" if self.step % (12 * LOG_STEPS) == 0 else ""
        line = f"{self.step},{self.tokens},{self.seconds:.0f},{loss:.4f},{unseen},{learning_rate:.6f}"
        with (self.folder / "training_log.csv").open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        print(line, flush=True)
        self.recent.clear()

    def save(self) -> None:
        """state.pt, replaced in one piece, and the Hugging Face folder."""
        state = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
        }
        torch.save(state, self.folder / "state.new")
        (self.folder / "state.new").replace(self.folder / "state.pt")
        ids = {"pad": vocabulary.PAD, "eos": vocabulary.EOS, "bos": vocabulary.BOS}
        export(self.model, self.folder / "checkpoint", self.pieces, **ids)
        self.saved = time.monotonic()

    def restore(self) -> None:
        """Go on from state.pt."""
        state = torch.load(self.folder / "state.pt")
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.tokens, self.earlier = state["step"], state["tokens"], state["seconds"]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="torch.compile: faster, needs a C++ compiler")
    parser.add_argument("--stage", choices=STAGES, default="first")
    parser.add_argument(
        "--begin-with", type=Path, metavar="FILE", help="a web file of the stage before: its weights and vocabulary"
    )
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    stage = STAGES[arguments.stage]
    Trainer(arguments.out, arguments.seed, arguments.minutes, arguments.compile, stage, arguments.begin_with).train()


if __name__ == "__main__":
    main()
