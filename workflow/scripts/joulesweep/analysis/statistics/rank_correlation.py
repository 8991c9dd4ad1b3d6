"""Rank correlation of a few dots, with the probability of so strong a one by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.stats import rankdata

from joulesweep import significance

MOST_EXACT = 8
_DRAWS = 99_999
_ROUNDING = 1e-9


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho over `n` dots; `p` is two-sided, exact (all orders tried) where `exact`. NaN where undefined."""

    rho: float
    p: float
    n: int
    exact: bool

    @property
    def smallest_p(self) -> float:
        """The smallest p that so few dots can show without ties: 2 / n!."""
        return significance.smallest_p(self.n)


def spearman(x: Sequence[float], y: Sequence[float]) -> RankCorrelation:
    """Spearman's rank correlation; its p counts the orders of y that correlate at least as strongly, in either direction.

    Beyond 8 dots 99999 seeded random orders stand for all.
    """
    n = len(x)
    exact = n <= MOST_EXACT
    first, second = rankdata(x) - (n + 1) / 2, rankdata(y) - (n + 1) / 2
    norm = float(np.sqrt((first @ first) * (second @ second)))
    if n < 3 or norm == 0:
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
