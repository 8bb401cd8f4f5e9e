"""Examples for `onpage tune`, on stdout: `python -m builder.demo.scenes 1200 > post.jsonl`. The same number gives the same ones."""

from __future__ import annotations

import json
import sys
from itertools import chain, count, islice
from random import Random

from builder.demo.scenes.write import scene_rows

SEED = "post adapter 9"


def main() -> None:
    """One example a line."""
    rng = Random(SEED)
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
    for row in islice(chain.from_iterable(scene_rows(rng) for _ in count()), wanted):
        messages = [{"role": "user", "content": row.instruction}, {"role": "assistant", "content": row.post}]
        sys.stdout.buffer.write((json.dumps({"messages": messages}, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    main()
