"""How much of each control the points of a group share: slopes from their launches, for each launch by all launches but itself.

Below, K is the number of controls, P that of points, M that of the launches of all points, and `...` are leading axes. All is on
logarithms, each launch with the medians of its rounds. What is added up over the launches of all points is added up once; for
a launch that is left out, only its own point's part is replaced. Only the weights of all points depend on the launch that is left out,
through the pooled variance: they are one product of matrices.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LARGEST = 2.0  # of a slope: the mixture is a mean, and moves less than those of its parts that are slowed most
_SLOPE, _SLOPE_STD = np.array([0.75, 0.0]), np.array([0.3, 0.5])  # of all launches, before any was seen
_POINT_STD = np.array([0.4, 0.4])  # of the points' slopes around that of all
_SPREAD_STD = 0.01  # of launches, once corrected, before any was seen
_WORTH = 4  # launches that this is worth, and that the spread of all is worth beside a point's own
_TINY = 1e-12  # in place of squares that are zero
_DESCENTS = 20
_AT_ONCE = 1_000_000  # pairs of a launch and a point, whose weights are in memory at the same time


class _Sums(NamedTuple):
    """Of launches as deviations from their mean: X'X (..., K, K), X'y (..., K), y'y (...), and their number less one (...).

    X are the controls, y the seconds per pass.
    """

    squares: np.ndarray
    products: np.ndarray
    total: np.ndarray
    freedom: np.ndarray

    @classmethod
    def of(cls, passes: np.ndarray, controls: np.ndarray) -> "_Sums":
        """Those of N launches, (..., N) and (..., N, K)."""
        y = passes - passes.mean(axis=-1, keepdims=True)
        x = controls - controls.mean(axis=-2, keepdims=True)
        freedom = np.full(y.shape[:-1], y.shape[-1] - 1)
        return cls(x.swapaxes(-1, -2) @ x, (x * y[..., None]).sum(axis=-2), (y**2).sum(axis=-1), freedom)

    def slopes(self) -> np.ndarray:
        """Least squares: inv(X'X) X'y, (..., K)."""
        return solved(_invertible(self.squares), self.products)

    def residual(self, slopes: np.ndarray) -> np.ndarray:
        """The sum of the squared residuals around slopes, (...)."""
        explained = (slopes * (2 * self.products - _times(self.squares, slopes))).sum(axis=-1)
        return np.maximum(self.total - explained, 0)


class _Own(NamedTuple):
    """The slopes that points' own launches show, (..., K), and what makes their covariance.

    covariance = variance * inv(squares), with
    variance = (sum of squared residuals + worth * pooled variance) / (degrees of freedom + worth).
    """

    slopes: np.ndarray
    squares: np.ndarray
    residual: np.ndarray
    freedom: np.ndarray

    @classmethod
    def of(cls, sums: _Sums) -> "_Own":
        """By least squares."""
        slopes = sums.slopes()
        freedom = np.maximum(sums.freedom - slopes.shape[-1], 0)
        return cls(slopes, _invertible(sums.squares), sums.residual(slopes), freedom)

    def precision(self, spread: np.ndarray) -> np.ndarray:
        """The inverse of the covariance at a pooled variance (...): (..., K, K)."""
        variance = (self.residual + _WORTH * spread) / (self.freedom + _WORTH)
        return self.squares / variance[..., None, None]


class _Weights(NamedTuple):
    """The weights W = inv(covariance + that between points) of points' slopes, at any pooled variance.

    With D the standard deviations between points and U diag(s) U' = D X'X D, W = inv(D) U diag(s / (s + variance)) U' inv(D).
    `strengths` (..., K) are s * (degrees of freedom + worth). `parts` (..., K, K, K) add up to W, each times its s / (s + variance),
    and `weighted` (..., K, K) in the same way to W times the slopes.
    """

    strengths: np.ndarray
    residual: np.ndarray
    parts: np.ndarray
    weighted: np.ndarray

    @classmethod
    def of(cls, own: _Own) -> "_Weights":
        """From the slopes of points."""
        std = _POINT_STD[: own.slopes.shape[-1]]
        values, vectors = np.linalg.eigh(own.squares * std[:, None] * std)
        columns = (vectors / std[:, None]).swapaxes(-1, -2)
        parts = columns[..., :, None] * columns[..., None, :]
        strengths = np.maximum(values, 0) * (own.freedom + _WORTH)[..., None]
        return cls(strengths, own.residual, parts, _times(parts, own.slopes[..., None, :]))

    def at(self, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each weight (..., K, K), and that times its slopes (..., K), at pooled variances (...)."""
        shares = self._shares(spread)
        return (shares[..., None, None] * self.parts).sum(axis=-3), (shares[..., None] * self.weighted).sum(axis=-2)

    def sums(self, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same added up over P points at each of M pooled variances: (M, K, K) and (M, K)."""
        points, controls = self.strengths.shape
        parts = np.concatenate([self.parts, self.weighted[..., None, :]], axis=-2).reshape(points * controls, -1)
        blocks = np.array_split(spread, -(-len(spread) * points // _AT_ONCE))
        sums = np.concatenate([self._shares(block[:, None]).reshape(len(block), -1) @ parts for block in blocks])
        sums = sums.reshape(-1, controls + 1, controls)
        return sums[:, :-1], sums[:, -1]

    def _shares(self, spread: np.ndarray) -> np.ndarray:
        return self.strengths / (self.strengths + (self.residual + _WORTH * spread)[..., None])


def of_each_launch(points: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """For each launch of all points, the slopes (M, K) and the inverse of their covariance (M, K, K), from all launches but itself.

    A point is the seconds per pass of its N launches, (N,), and the controls beside them, (N, K).
    """
    whole = _joined([_Sums.of(passes[None], controls[None]) for passes, controls in points])
    others = _joined([_Sums.of(*_each_left_out(passes, controls)) for passes, controls in points])
    place = np.repeat(np.arange(len(points)), [len(passes) for passes, _ in points])
    spread = _pooled_spread(
        _Sums(*(every.sum(axis=0) - every[place] + rest for every, rest in zip(whole, others, strict=True)))
    )
    own, weights = _Own.of(others), _Weights.of(_Own.of(whole))
    known, weighted = weights.sums(spread)
    replaced = _Weights(*(array[place] for array in weights)).at(spread)
    rest = _Weights.of(own).at(spread)
    return _weighted_mean(own, spread, known - replaced[0] + rest[0], weighted - replaced[1] + rest[1])


def _joined(parts: Sequence[_Sums]) -> _Sums:
    return _Sums(*map(np.concatenate, zip(*parts, strict=True)))


def _each_left_out(passes: np.ndarray, controls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """N launches N times, each time without another one: (N, N - 1) and (N, N - 1, K)."""
    count = len(passes)
    kept = np.nonzero(~np.eye(count, dtype=bool))[1].reshape(count, count - 1)
    return passes[kept], controls[kept]


def _pooled_spread(sums: _Sums) -> np.ndarray:
    """The variance of launches around slopes that all points share, which are within 0 and the largest, (...).

    variance = (sum of squared residuals + worth * expected variance) / (degrees of freedom + worth).
    """
    residual = sums.residual(np.clip(sums.slopes(), 0, LARGEST))
    return (residual + _WORTH * _SPREAD_STD**2) / (sums.freedom + _WORTH)


def _weighted_mean(
    own: _Own, spread: np.ndarray, known: np.ndarray, weighted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points' own slopes and the mean slopes of all points, each weighted by the inverse of its covariance.

    mean = inv(sum(W)) sum(W slopes), the expected slopes included; its covariance for a single point is that between points +
    inv(sum(W)). `known` is sum(W) and `weighted` is sum(W slopes), without the expected ones.
    """
    controls = own.slopes.shape[-1]
    between = np.diag(_POINT_STD[:controls] ** 2)
    expected = np.diag(1 / _SLOPE_STD[:controls] ** 2)
    mean = solved(known + expected, weighted + expected @ _SLOPE[:controls])
    mean_weight = np.linalg.inv(between + np.linalg.inv(known + expected))
    own_weight = own.precision(spread)
    precision = own_weight + mean_weight
    both = _times(own_weight, own.slopes) + _times(mean_weight, mean)
    return within_bounds(solved(precision, both), precision), precision


def within_bounds(slopes: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """The likeliest slopes from 0 to the largest, (..., K): where one of two is held at its bound, the other takes over what it can.

    Coordinate descent on (bounded - slopes)' precision (bounded - slopes).
    """
    bounded = np.clip(slopes, 0, LARGEST)
    for _ in range(_DESCENTS):
        for place in range(slopes.shape[-1]):
            row, own = precision[..., place, :], precision[..., place, place]
            pull = (row * (bounded - slopes)).sum(axis=-1) - own * (bounded[..., place] - slopes[..., place])
            bounded[..., place] = np.clip(slopes[..., place] - pull / own, 0, LARGEST)
    return bounded


def solved(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """inv(matrix) times vector, of each: (..., K)."""
    return np.linalg.solve(matrices, vectors[..., None])[..., 0]


def _times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return (matrices @ vectors[..., None])[..., 0]


def _invertible(squares: np.ndarray) -> np.ndarray:
    """X'X, which can be inverted also where a control does not vary."""
    return squares + _TINY * np.eye(squares.shape[-1])
