"""Matrices are multiplied by one thread, in tests and in the programs that they start.

numpy reads this when it is loaded. Each worker of `make test` has a core to itself; the threads of its matrix library, one for every
core, would wait for each other by spinning: tests with many small matrices took up to ten times as long.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
