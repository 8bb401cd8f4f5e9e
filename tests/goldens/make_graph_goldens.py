"""Makes graph_goldens.json: `python -m tests.goldens.make_graph_goldens` (needs the extra `goldens`: torch and transformers).

What transformers answers, in float32, with the weights of the demo model that ships. The graph form has the same integers and
scales, so its engines are held to the same ids. Texts are taken in order where no choice was near a tie: on a CPU the
graph's activations are 8 bits wide, and its logits differ by some hundredths.
"""

from __future__ import annotations

import json

import numpy as np
import sentencepiece
import torch
import transformers

from builder.demo.evaluate import generated_cases, handwritten_cases
from builder.demo.model import Shape
from builder.quantize.scheme import ALL_INT8
from builder.reference.dense import Reference
from tests.goldens.cases import GRAPH_GOLDENS, Case
from tests.goldens.make_goldens import ask_transformers
from webapp.paths import DEMO_MODEL

CASES = 8
LEAST_MARGIN = 0.2
"""In logits; 8-bit activations were seen to flip choices at 0.06."""
MAX_TOKENS = 96


def main() -> None:
    """Writes graph_goldens.json."""
    shape = Shape()
    demo = Case(
        ALL_INT8,
        prompt_tokens=0,
        config={
            "hidden_size": shape.hidden_size,
            "intermediate_size": shape.intermediate_size,
            "num_hidden_layers": shape.num_hidden_layers,
        },
    )
    reference = Reference.from_web_file(DEMO_MODEL)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=reference.sentencepiece)
    cases: list[dict[str, object]] = []
    for text in (*generated_cases(24), *handwritten_cases()):
        prompt = [reference.start_id, *pieces.encode(text.prompt)]
        [answer] = reference.greedy([prompt], MAX_TOKENS)
        if len(cases) == CASES or not answer.stopped or min(answer.margins) < LEAST_MARGIN:
            continue
        ids = ask_transformers(demo, DEMO_MODEL, prompt, len(answer.ids))
        print(
            len(prompt), len(ids), f"smallest margin {min(answer.margins):.3f}, reference agrees: {ids == answer.ids}"
        )
        cases.append(
            {
                "prompt": text.prompt,
                "prompt_tokens": len(prompt),
                "ids": ids,
                "text": pieces.decode(ids),
                "smallest_margin": round(min(answer.margins), 4),
            }
        )
    made_with = {module.__name__: module.__version__ for module in (np, torch, transformers)}
    GRAPH_GOLDENS.write_text(json.dumps({"made_with": made_with, "cases": cases}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
