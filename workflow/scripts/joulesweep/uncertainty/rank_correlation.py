"""Rank correlation of a few dots, with the probability that chance gives one as strong."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from pandas import Series

FEWEST = 3  # dots
MOST_EXACT = 8
_DRAWS = 99_999
_ROUNDING = 1e-9


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho over `n` dots; `p` is two-sided, and exact (all orders tried) where `exact`. Both NaN where undefined."""

    rho: float
    p: float
    n: int
    exact: bool


def spearman(x: Sequence[float], y: Sequence[float]) -> RankCorrelation:
    """Spearman's rank correlation; its p counts the orders of y that correlate at least as strongly, in either direction.

    Beyond 8 dots, 99999 seeded random orders replace all orders.
    """
    n = len(x)
    exact = n <= MOST_EXACT
    first, second = (Series(values).rank().to_numpy() - (n + 1) / 2 for values in (x, y))
    norm = float(np.sqrt((first @ first) * (second @ second)))
    if n < FEWEST or norm == 0:
        return RankCorrelation(float("nan"), float("nan"), n, exact)
    rho = float(first @ second) / norm
    if exact:
        orders = np.array(list(permutations(range(n))))
        strong = np.abs(second[orders] @ first) / norm >= abs(rho) - _ROUNDING
        return RankCorrelation(rho, float(strong.mean()), n, exact)
    random = np.random.default_rng(0)
    shuffled = random.permuted(np.broadcast_to(second, (_DRAWS, n)), axis=1)
    strong = np.abs(shuffled @ first) / norm >= abs(rho) - _ROUNDING
    return RankCorrelation(rho, float((strong.sum() + 1) / (_DRAWS + 1)), n, exact)
