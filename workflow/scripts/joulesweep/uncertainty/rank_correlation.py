"""Rank correlation of a few dots: how strong, how certain, and the probability that chance gives one as strong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
from pandas import Series

FEWEST = 4  # dots: with three, chance gives even the perfect order once in six times
FEWEST_EITHER_WAY = 5  # where no direction was named: with four, one order in twelve is perfect or perfectly reversed
STRONG = 0.7  # a rho from which one quantity is said to rise with the other
LEVEL = 0.05  # of p
MOST_EXACT = 8
_DRAWS = 99_999
_AT_ONCE = 4_000_000  # numbers in memory at the same time, while random orders are tried
_ROUNDING = 1e-9
_Z_975 = 1.959964


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho over `n` dots.

    Attributes:
        rho: NaN where it is undefined: fewer than four dots, or one side with equal values only. So are the next four then.
        p: the share of all orders whose rho is at least as strong, in either direction (two-sided).
        p_one_sided: the same, in the direction of rho only: for a claim that names the direction beforehand.
        low, high: 95 % interval of rho; NaN where rho is 1 or −1, which leaves no spread to estimate it from.
        exact: whether all orders were tried, not 99999 random ones.
    """

    rho: float
    p: float
    p_one_sided: float
    low: float
    high: float
    n: int
    exact: bool

    @property
    def clear(self) -> bool:
        """Whether one quantity is said to rise, or fall, with the other where no direction was named beforehand."""
        return abs(self.rho) >= STRONG and self.p <= LEVEL


def spearman(x: Sequence[float], y: Sequence[float]) -> RankCorrelation:
    """Spearman's rank correlation of two quantities.

    Beyond 8 dots, 99999 seeded random orders replace all orders.
    """
    n = len(x)
    exact = n <= MOST_EXACT
    first, second = (Series(values).rank().to_numpy() - (n + 1) / 2 for values in (x, y))
    norm = float(np.sqrt((first @ first) * (second @ second)))
    if n < FEWEST or norm == 0:
        return RankCorrelation(math.nan, math.nan, math.nan, math.nan, math.nan, n, exact)
    rho = float(first @ second) / norm
    if exact:
        rhos, itself = second[np.array(list(permutations(range(n))))] @ first / norm, 0
    else:
        blocks = np.array_split(_random_orders(n), -(-n * _DRAWS // _AT_ONCE))
        rhos, itself = np.concatenate([second[block] @ first for block in blocks]) / norm, 1
    sign = 1 if rho >= 0 else -1
    p, p_one_sided = (
        (int(strong.sum()) + itself) / (len(rhos) + itself)
        for strong in (np.abs(rhos) >= abs(rho) - _ROUNDING, sign * rhos >= sign * rho - _ROUNDING)
    )
    return RankCorrelation(rho, p, p_one_sided, *_interval(rho, n), n, exact)


@lru_cache(maxsize=2)  # a report asks for the same number of models again and again
def _random_orders(n: int) -> np.ndarray:
    """Seeded random orders of n dots, one per row."""
    places = np.arange(n, dtype=np.min_scalar_type(n))
    return np.random.default_rng(0).permuted(np.broadcast_to(places, (_DRAWS, n)), axis=1)


def _interval(rho: float, n: int) -> tuple[float, float]:
    """95 % interval of Spearman's rho, by Fisher's transformation.

    Its variance is (1 + rho² / 2) / (n − 3): Bonett and Wright, Sample Size Requirements for Estimating Pearson, Kendall
    and Spearman Correlations, Psychometrika 65 (2000).
    """
    if abs(rho) > 1 - _ROUNDING:
        return math.nan, math.nan
    half = _Z_975 * math.sqrt((1 + rho**2 / 2) / (n - 3))
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
