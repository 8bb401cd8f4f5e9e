from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from builder.formats.web_file_reader import WebFile
from builder.formats.web_model import described
from builder.formats.web_tensor_names import tensor_name
from builder.reference.dense import Reference
from builder.synth.web_file import synthesize
from tests.goldens.cases import CASES, NEW_TOKENS, goldens, with_attention

FIRST = 16
"""Tokens of which one must differ where a parameter is wrong."""


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Each case's file, converted once."""
    folder = tmp_path_factory.mktemp("cases")
    return cache(lambda name: CASES[name].convert(name, folder).path)


@pytest.mark.parametrize("name", CASES)
def test_the_reference_answers_as_transformers_does(name: str, converted: Callable[[str], Path]) -> None:
    case, golden = CASES[name], goldens()["cases"][name]
    path = converted(name)
    file = WebFile.open(path)
    embedding = file.read(f"{tensor_name('embedding', None, described(file))}.w")
    assert zlib.crc32(embedding) == golden["embedding_crc32"], "numpy draws other numbers: make the goldens again"
    [answer] = Reference.from_web_file(path).greedy([case.prompt(golden["prompt_seed"])], NEW_TOKENS)
    assert answer.ids == golden["ids"]
    # the epsilon of norms weighs more where the stream is scaled
    tolerance = 1e-3 if file.residual_scale == 1 else 2e-3
    assert min(answer.margins) == pytest.approx(golden["smallest_margin"], abs=tolerance)


CONTROLS = [(name, attribute) for name, case in CASES.items() for attribute in case.otherwise]


@pytest.mark.parametrize(("name", "attribute"), CONTROLS)
def test_the_goldens_would_show_a_parameter_that_is_wrong(
    name: str, attribute: str, converted: Callable[[str], Path]
) -> None:
    """Otherwise equal text, also the engine's, would prove nothing of that parameter."""
    case, golden = CASES[name], goldens()["cases"][name]
    reference = Reference.from_web_file(converted(name))
    changed = with_attention(reference.model, **{attribute: case.otherwise[attribute]})
    assert changed != reference.model
    reference.model = changed
    [ids] = reference.generate([case.prompt(golden["prompt_seed"])], FIRST, stop_ids=set())
    assert ids != golden["ids"][:FIRST]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    path = tmp_path_factory.mktemp("reference") / "m.task"
    synthesize("window=8,layers=7", path)
    return Reference.from_web_file(path)


def test_prompts_side_by_side_do_not_see_each_other(reference: Reference) -> None:
    prompts = [[2, *range(300, 300 + n)] for n in (3, 20, 11)]
    together = reference.generate(prompts, 12)
    assert together == [reference.generate([prompt], 12)[0] for prompt in prompts]


def test_the_cache_changes_nothing(reference: Reference) -> None:
    prompt = [2, *range(300, 320)]
    [ids] = reference.generate([prompt], 6)
    for i, expected in enumerate(ids):
        assert int(reference.logits(prompt + ids[:i]).argmax()) == expected


def test_a_stop_token_ends_one_answer_and_not_the_others(reference: Reference) -> None:
    prompts = [[2, *range(300, 310)], [2, *range(400, 410)]]
    first, second = reference.generate(prompts, 10)
    stop = first[4]
    assert stop not in first[:4] and stop not in second
    stopped, running = reference.greedy(prompts, 10, {stop})
    assert stopped.ids == first[:4] and stopped.stopped
    assert running.ids == second and not running.stopped


def test_drawing_from_one_token_is_greedy_and_from_many_varies(reference: Reference) -> None:
    prompts = [[2, 300, 400, 500], [2, 321]]
    greedy = reference.greedy(prompts, 12)
    assert reference.sample(prompts, 12, temperature=1.0, top_k=1) == greedy
    drawn = [reference.sample(prompts, 12, temperature=2.0, top_k=64, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_float16_rounds_and_reports_the_largest_activation(tmp_path: Path) -> None:
    synthesize("layers=2", tmp_path / "m.task")
    exact = Reference.from_web_file(tmp_path / "m.task")
    half = Reference.from_web_file(tmp_path / "m.task", "float16")
    prompt = [2, *range(300, 310)]
    difference = np.abs(exact.logits(prompt) - half.logits(prompt)).max()
    assert 0 < difference < 0.05
    assert 1 < half.largest_activation < 65504
