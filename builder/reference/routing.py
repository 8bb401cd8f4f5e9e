"""Tokens on their way to the experts that a router chose for them, and what these make of them added up again.

A pair is a token and one of its experts. Pairs lie in the order of the experts, so that the weights of each are used once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.reference.arithmetic import Array


@dataclass(frozen=True)
class Routed:
    """The pairs of some tokens."""

    tokens: NDArray[np.int64]
    """Of each pair, (pairs,)."""
    experts: NDArray[np.int64]
    """Of each pair, ascending."""
    shares: Array
    """What a pair's result counts for; those of a token add up to one."""
    count: int
    """How many experts there are."""

    @classmethod
    def of(cls, logits: Array, active: int) -> Routed:
        """Each token goes to the `active` experts of the largest logits, of (tokens, experts)."""
        chosen = np.argsort(-logits, axis=1, kind="stable")[:, :active]
        found = np.take_along_axis(logits, chosen, axis=1)
        shares = np.exp(found - found[:, :1])
        shares /= shares.sum(axis=1, keepdims=True)
        order = np.argsort(chosen, axis=None, kind="stable")
        return cls(order // active, chosen.reshape(-1)[order], shares.reshape(-1)[order], logits.shape[1])

    def through(self, matrices: Array, x: Array) -> Array:
        """(pairs, N) of (pairs, K), each by the matrix of its expert: (experts · N, K), one below the other."""
        of_each = matrices.reshape(self.count, -1, matrices.shape[1])
        starts = np.searchsorted(self.experts, np.arange(self.count + 1))
        found: Array = np.concatenate(
            [x[a:b] @ of_each[i].T for i, (a, b) in enumerate(itertools.pairwise(starts.tolist())) if a < b]
        )
        return found

    def added(self, y: Array, scales: Array) -> Array:
        """(tokens, N) of what came of the pairs, by their shares times the number of each expert."""
        total = np.zeros((int(self.tokens.max()) + 1, y.shape[1]), np.float32)
        np.add.at(total, self.tokens, y * (self.shares * scales[self.experts])[:, None])
        return total
