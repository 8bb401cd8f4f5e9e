"""Train the demo model from scratch: `python -m builder.demo.train --out DIR --minutes 90`.

CPU is enough. One seed decides data, order and first weights; the schedule follows the clock (learning rate and data mix
are functions of the elapsed share of `--minutes`), so the exact weights depend on the machine's speed. The folder gets
`tokenizer.model`, `state.pt` (to go on from: run the same command again), `training_log.csv` and `checkpoint/`, a
Hugging Face folder.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as functional
from torch import Tensor

from builder.demo import tokenizer as vocabulary
from builder.demo.generator import END, Row, test_rows, training_row
from builder.demo.model import Gemma3, Shape, export

BATCH_TOKENS = 4096
LONGEST = 512
PEAK_RATE = 3e-3
WARM_UP_STEPS = 100
SAVE_SECONDS = 300
LOG_STEPS = 25


@dataclass(frozen=True)
class Example:
    """Token ids of a row and where its answer begins."""

    ids: list[int]
    start: int


class Examples:
    """Rows as token ids, grouped by length into batches of about `BATCH_TOKENS` tokens."""

    def __init__(self, seed: int, model: bytes) -> None:
        import sentencepiece

        self.rng = Random(seed)
        self.pieces = sentencepiece.SentencePieceProcessor(model_proto=model)

    def encode(self, row: Row) -> Example:
        """BOS, prompt, answer, end of turn."""
        prompt = [vocabulary.BOS, *self.pieces.encode(row.prompt)]
        return Example(prompt + self.pieces.encode(row.post + END), len(prompt))

    def batches(self, progress: float) -> list[list[Example]]:
        """A shuffled list of batches made from a pool of fresh rows, mixed for `progress`."""
        pool: list[Example] = []
        while sum(len(example.ids) for example in pool) < 24 * BATCH_TOKENS:
            pool.extend(example for example in (self.encode(training_row(self.rng, progress)) for _ in range(64)) if len(example.ids) <= LONGEST)
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


def rate(step: int, progress: float) -> float:
    """Learning rate: warm-up by steps, flat to 30 % of the time, then linear to a fiftieth."""
    return PEAK_RATE * min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.02, min(1.0, (1 - progress) / 0.7))


@torch.no_grad()
def held_out_loss(model: Gemma3, batches: list[list[Example]]) -> float:
    """Mean loss over rows whose names training never sees."""
    return sum(float(loss_of(model, model, batch)[0]) for batch in batches) / len(batches)


def train(out: Path, minutes: float, seed: int = 1, threads: int = 0, compiled: bool = False) -> None:
    """Train for `minutes` of wall-clock time in all, going on from `out`/state.pt if it is there."""
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "tokenizer.model").exists():
        (out / "tokenizer.model").write_bytes(vocabulary.train_tokenizer(seed))
    pieces = (out / "tokenizer.model").read_bytes()
    model = Gemma3(Shape(context=LONGEST))
    matrices = [parameter for parameter in model.layers.parameters() if parameter.dim() == 2]
    others = [parameter for parameter in model.parameters() if not any(parameter is matrix for matrix in matrices)]
    optimizers = [torch.optim.Muon(matrices, lr=PEAK_RATE, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
                  torch.optim.AdamW(others, lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01)]
    step, tokens, before = 0, 0, 0.0
    state_file, log_file = out / "state.pt", out / "training_log.csv"
    if state_file.exists():
        state = torch.load(state_file)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        step, tokens, before = state["step"], state["tokens"], state["seconds"]
    else:
        log_file.write_text("step,tokens,seconds,loss,held_out_loss,learning_rate\n")
    examples = Examples(seed + step, pieces)
    held_out = grouped([example for example in map(examples.encode, test_rows(seed, 100)) if len(example.ids) <= LONGEST])
    run = torch.compile(model, dynamic=True) if compiled else model
    start, saved_at = time.monotonic(), time.monotonic()
    budget, recent = minutes * 60, []

    def save() -> None:
        torch.save({"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers], "step": step, "tokens": tokens,
                    "seconds": before + time.monotonic() - start}, out / "state.new")
        (out / "state.new").replace(state_file)
        export(model, out / "checkpoint", pieces, pad=vocabulary.PAD, eos=vocabulary.EOS, bos=vocabulary.BOS)

    progress = before / budget
    while progress < 1:
        for batch in examples.batches(progress):
            progress = (before + time.monotonic() - start) / budget
            if progress >= 1:
                break
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate(step, progress)
            loss, count = loss_of(model, run, batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            step, tokens = step + 1, tokens + count
            recent.append(loss.item())
            if step % LOG_STEPS == 0:
                unseen = f"{held_out_loss(model, held_out):.4f}" if step % (12 * LOG_STEPS) == 0 else ""
                line = f"{step},{tokens},{before + time.monotonic() - start:.0f},{sum(recent) / len(recent):.4f},{unseen},{rate(step, progress):.6f}"
                with log_file.open("a") as log:
                    log.write(line + "\n")
                print(line, flush=True)
                recent.clear()
            if time.monotonic() - saved_at > SAVE_SECONDS:
                save()
                saved_at = time.monotonic()
    save()
    print(f"done: {step} steps, {tokens} tokens, held-out loss {held_out_loss(model, held_out):.4f}", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="torch.compile: faster, needs a C++ compiler")
    arguments = parser.parse_args()
    train(arguments.out, arguments.minutes, arguments.seed, arguments.threads, arguments.compile)


if __name__ == "__main__":
    main()
