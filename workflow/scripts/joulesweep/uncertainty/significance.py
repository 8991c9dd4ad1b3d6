"""When a rank correlation over a few models can be told from chance."""

import math

LEVEL = 0.05


def smallest_p(n: int) -> float:
    """The smallest two-sided p that a rank correlation of n dots without ties can have: 2 of n! orders are as strong."""
    return min(1.0, 2 / math.factorial(min(n, 100)))


def fewest() -> int:
    """The fewest dots with which a rank correlation can be significant."""
    return next(n for n in range(2, 100) if smallest_p(n) < LEVEL)
