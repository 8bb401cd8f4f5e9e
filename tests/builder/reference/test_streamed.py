"""The streamed reference is the reference, and tells a greedy text from another."""

from __future__ import annotations

import numpy as np
import pytest

from builder.formats.web_file_reader import WebFile
from builder.quantize.scheme import Quantization
from builder.reference.dense import Reference
from builder.reference.streamed import StreamedReference
from builder.synth.web_file import synthesize

PROMPT = [2, *range(300, 312)]


@pytest.fixture(scope="module", params=["8", "4", "q4_0"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> WebFile:
    path = tmp_path_factory.mktemp("streamed") / "m.task"
    synthesize("layers=3,window=8", path, quantization=Quantization.of(request.param))
    return WebFile.open(path)


def test_its_logits_are_those_of_the_reference(file: WebFile) -> None:
    whole, streamed = Reference(file), StreamedReference(file)
    np.testing.assert_allclose(streamed.logits(PROMPT), whole.logits(PROMPT), rtol=1e-5, atol=1e-4)


def test_it_knows_the_greedy_text(file: WebFile) -> None:
    [ids] = Reference(file).generate([PROMPT], 12)
    checked = StreamedReference(file).check_greedy(PROMPT, ids)
    assert checked.choices == ids
    assert checked.distances == [0.0] * 12


def test_a_wrong_id_is_far_away(file: WebFile) -> None:
    [ids] = Reference(file).generate([PROMPT], 6)
    wrong = [*ids[:3], ids[3] + 1, *ids[4:]]
    checked = StreamedReference(file).check_greedy(PROMPT, wrong)
    assert checked.choices[:4] == ids[:4]
    assert checked.distances[:3] == [0.0] * 3
    assert checked.distances[3] > 0.2
