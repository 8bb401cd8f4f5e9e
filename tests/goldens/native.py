"""The native engine, litert-lm-api, on the CPU: what it answers to a prompt, and the vectors that it makes of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import litert_lm
import numpy as np
from numpy.typing import NDArray

litert_lm.set_min_log_severity(litert_lm.LogSeverity.FATAL)


def answers(model: Path, prompts: list[str], context: int) -> list[str]:
    """The greedy text after each prompt, no template applied. One load for all."""
    greedy = litert_lm.SamplerConfig(top_k=1, top_p=1.0, temperature=1.0, seed=1)
    found = []
    # without :nocache it writes its packed weights beside the model
    with litert_lm.Engine(
        str(model), backend=litert_lm.Backend.CPU(), max_num_tokens=context, cache_dir=":nocache"
    ) as engine:
        for prompt in prompts:
            with engine.create_session(apply_prompt_template=False, sampler_config=greedy) as session:
                session.run_prefill([prompt])
                found.append("".join(part.texts[0] for part in session.run_decode_async()))
    return found


def answer(model: Path, prompt: str, context: int) -> str:
    """As `answers`, for one."""
    return answers(model, [prompt], context)[0]


def vectors(model: Path, texts: list[str], **options: Any) -> NDArray[np.float64]:
    """The vector of each text by the native embedding engine, a row each."""
    with litert_lm.EmbeddingEngine(str(model), backend=litert_lm.Backend.CPU(), cache_dir=":nocache") as engine:
        said = litert_lm.EmbeddingOptions(**options)
        return np.array([engine.compute_embedding(text, said).embedding for text in texts])
