"""The embedding engine in a browser: vectors are transformers' of the same weights. No engine that writes is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from builder.encoder.convert import convert_encoder
from e2e.page.conftest import Watched
from e2e.page.servers import faulty_server
from tests.goldens.encoder_cases import COUNTS, ENCODER_GOLDENS, ENCODERS, LENGTHS
from webapp.paths import DEMO

EMBED = """
async ({ texts, size }) => {
  const { loadEmbedder } = await import("/static/library/index.js");
  const told = [];
  const embedder = await loadEmbedder("/", { onProgress: ({ loaded, total }) => told.push(loaded / total) });
  const [whole, asked] = [await embedder.embed(texts), await embedder.embed(texts, { size })];
  embedder.close();
  return { whole: whole.map((each) => [...each]), asked: asked.map((each) => [...each]), loaded: told.at(-1) };
}
"""


def test_vectors_in_a_page_are_those_of_transformers(tab: Watched, tmp_path: Path) -> None:
    case, expected = ENCODERS["gemma"], np.array(json.loads(ENCODER_GOLDENS.read_text())["gemma"])
    model = tmp_path / "gemma.litertlm"
    convert_encoder(
        case.write(tmp_path / "checkpoint"),
        model,
        activations="float32",
        max_tokens=LENGTHS[-1],
        lengths=LENGTHS[:-1],
    )
    with faulty_server([DEMO, model]) as server:
        page = tab.open(f"{server.url}/bench?driven")
        texts = [case.text(case.ids(count)) for count in COUNTS]
        found = page.evaluate(EMBED, {"texts": texts, "size": expected.shape[1]})
        tab.page.close()  # before its server
    assert found["loaded"] == 1
    for vectors in (found["whole"], found["asked"]):
        assert np.abs(np.array(vectors) - expected).max() < 1e-5
