"""Whether a GPU without a fault is ever called wrong: `python -m e2e.gpu_check.alarms COUNT [--seed N] [--out FILE]`.

Random prompts, chosen as the shipped ones are (by the margin, not by what an engine said of them), COUNT for each model and one load a
model. What is in FILE is not asked again.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import click

from builder.check.answers import clear_prompts, reference_of, text_of
from builder.check.models import MODELS, PROMPTS
from builder.synth.web_file import word
from e2e.bare import served
from e2e.conftest import QUICKER
from e2e.gpu_check import MODELS as FOLDER
from e2e.gpu_check import load, words
from onpage.bench.browser import SOFTWARE_WEBGPU, launched

FIRST_SEED = 100_000
"""Beyond those that the shipped prompts were chosen from."""


@click.command()
@click.argument("count", type=int)
@click.option("--seed", default=FIRST_SEED, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("alarms.jsonl"), show_default=True)
def main(count: int, seed: int, out: Path) -> None:
    """Ask each model COUNT prompts of every length."""
    with served(FOLDER) as address, launched((*SOFTWARE_WEBGPU, *QUICKER)) as browser:
        for model in MODELS:
            reference = reference_of(FOLDER / f"{model}.litertlm")
            page = load(browser, address, model, {})
            for length in PROMPTS:
                for prompt in islice(clear_prompts(reference, length, range(seed, seed + 1_000_000)), count):
                    answer = [word(i) for i in prompt.answer.ids]
                    right = words(page, text_of(prompt.ids), len(answer)) == answer
                    with out.open("a") as file:
                        file.write(
                            json.dumps({"model": model, "tokens": length, "seed": prompt.seed, "right": right}) + "\n"
                        )
            page.close()
    report(out)


def report(out: Path) -> None:
    """How many were called wrong, and the least upper bound of their share that this gives at 95 %."""
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    wrong = [each for each in answers if not each["right"]]
    bound = 1 - 0.05 ** (1 / len(answers))
    print(f"{len(wrong)} of {len(answers)} answers wrong" + ("" if wrong else f": at most {bound:.2%} (95 %)"))


if __name__ == "__main__":
    main()
