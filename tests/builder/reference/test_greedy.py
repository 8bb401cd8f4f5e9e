"""A greedy text is told from another, whatever the weights lie in."""

from __future__ import annotations

import pytest

from builder.formats.web_file_reader import WebFile
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.reference.evaluate import SourcePredictor
from builder.reference.greedy import Checked, check_greedy
from builder.reference.sources import WebFileSource
from builder.synth.web_file import synthesize

PROMPT = [2, *range(300, 312)]


@pytest.fixture(scope="module", params=["8", "4", "q4_0"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> WebFile:
    path = tmp_path_factory.mktemp("streamed") / "m.task"
    synthesize("layers=3,window=8", path, quantization=Quantization.of(request.param))
    return WebFile.open(path)


def check(file: WebFile, text: list[int]) -> Checked:
    return check_greedy(SourcePredictor(WebFileSource(file)), PROMPT, text)


def test_it_knows_the_greedy_text(file: WebFile) -> None:
    [ids] = Reference(file).generate([PROMPT], 12)
    checked = check(file, ids)
    assert checked.choices == ids
    assert checked.distances == [0.0] * 12


def test_a_wrong_id_is_far_away(file: WebFile) -> None:
    [ids] = Reference(file).generate([PROMPT], 6)
    wrong = [*ids[:3], ids[3] + 1, *ids[4:]]
    checked = check(file, wrong)
    assert checked.choices[:4] == ids[:4]
    assert checked.distances[:3] == [0.0] * 3
    assert checked.distances[3] > 0.2
    assert checked.spelled == checked.distances


def test_what_the_rest_of_a_text_may_begin_with_is_looked_at_too(file: WebFile) -> None:
    predictor = SourcePredictor(WebFileSource(file))
    [ids] = Reference(file).generate([PROMPT], 3)
    wrong = [ids[0], ids[1] + 1, ids[2]]
    checked = check_greedy(predictor, PROMPT, wrong, spellings=[[ids[0]], [wrong[1], ids[1]], [ids[2]]])
    assert checked.distances[1] > 0.2 and checked.spelled[1] == 0


def test_what_eight_bits_of_activations_do_to_logits_is_measured(file: WebFile) -> None:
    predictor, rounded = (SourcePredictor(WebFileSource(file), precision) for precision in ("float32", "int8"))
    [ids] = Reference(file).generate([PROMPT], 12)
    assert check(file, ids).rounding == [0.0] * 12
    moved = check_greedy(predictor, PROMPT, ids, rounded=rounded).rounding
    assert min(moved) > 0 and max(moved) < 0.1
