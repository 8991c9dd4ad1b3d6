"""The interval of a point's latency on a device whose speed drifts, from the launches that this device has made.

The logarithm of a launch is the point's level, plus drift, plus noise of the launch. Launches that are close in time
share the drift, so their mean is less certain than their spread suggests. Drift is taken to have the correlation
exp(-lag / drift time); this holds for a speed that wanders around a level (Ornstein and Uhlenbeck 1930) and for one
that jumps between two states (random telegraph signal). With noise, launches `lag` seconds apart correlate by

    K(lag) = share * exp(-lag / drift time), K = 1 for a launch with itself,    share = ratio / (1 + ratio),

where `ratio` is the variance of the drift over that of the noise. Every pair of a drift time and a ratio on a grid counts
by its likelihood for all launches of the device (Bayesian model averaging: Hoeting et al. 1999). The likelihood is that of
the differences between launches of a point (restricted likelihood: Patterson and Thompson 1971, Harville 1974). An
empirical correlation is biased in short records, because the record's own mean moves with the drift; the restricted
likelihood is not. Drift times reach to three times the longest record. Slower drift cannot be seen, and no interval
includes it. The simulations behind the choices are in docs/decisions/0017.
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from joulesweep.uncertainty.interval import Interval, t_975

ENOUGH_S = 180.0  # of a record, so that drift within minutes can be seen
_RATIOS = np.array([0, 0.1, 0.3, 1, 3, 10, 30, 100, 300])
_SHARES = _RATIOS / (1 + _RATIOS)
_SHORTEST_S, _STEP = 5.0, 3.0  # the first drift time, and each over the one before
_BEYOND = 3.0
_WORTH = 1.0  # degrees of freedom that the drift's variance in all records is worth beside a point's own
_NO_SPREAD = 1e-18  # variance of logarithms below which launches are equal

Kind = TypeVar("Kind", bound=Hashable)
Record = tuple[Sequence[float], Sequence[float]]  # start times in seconds and seconds per pass, one of each per launch


@dataclass(frozen=True)
class Drift:
    """How a device drifts, for each of T drift times and S shares.

    `drift_times_s` has shape (T,). `weights` (T, S) add up to 1. `variances` (T, S) are those of the drift of the
    logarithms. `longest_s` is the longest time between two launches of a point: nothing is known about slower drift.
    """

    drift_times_s: np.ndarray
    weights: np.ndarray
    variances: np.ndarray
    longest_s: float

    @property
    def is_seen(self) -> bool:
        """Whether a record is long enough to show drift; if not, an interval holds for these minutes only."""
        return self.longest_s >= ENOUGH_S


def estimate(records: Sequence[Record]) -> Drift:
    """The drift that the records of points show, each with its level and variance, all with the same drift.

    A record holds the used launches of a point, from all jobs, in any order. All points should be of one kind: from
    one device, with one thread or with several.
    Records of fewer than two launches, or of equal ones, tell nothing.
    """
    spans_s = [float(np.ptp(times)) for times, _ in records if len(times)]
    longest_s = max(spans_s, default=0.0)
    steps = max(0, math.floor(math.log(max(_BEYOND * longest_s, _SHORTEST_S) / _SHORTEST_S, _STEP)))
    drift_times_s = _SHORTEST_S * _STEP ** np.arange(steps + 1)
    log_likelihood = np.zeros((len(drift_times_s), len(_SHARES)))
    variances = np.zeros_like(log_likelihood)
    freedom = np.full((len(drift_times_s), 1), _NO_SPREAD)
    for times, seconds in records:
        times_s, logs = np.asarray(times, dtype=float), np.log(np.asarray(seconds, dtype=float))
        if len(logs) < 2 or logs.var() < _NO_SPREAD:
            continue
        likelihood, own = _fit(times_s, logs, drift_times_s)
        own_freedom = _freedom(times_s, drift_times_s)
        log_likelihood += likelihood
        variances += own_freedom * _SHARES * own
        freedom += own_freedom
    weights = np.exp(log_likelihood - log_likelihood.max())
    return Drift(drift_times_s, weights / weights.sum(), variances / freedom, longest_s)


def by_kind(records: Iterable[tuple[Kind, Record]]) -> dict[Kind, Drift]:
    """The drift of each kind, from the records of all its points."""
    groups: dict[Kind, list[Record]] = {}
    for kind, record in records:
        groups.setdefault(kind, []).append(record)
    return {kind: estimate(group) for kind, group in groups.items()}


def interval(times_s: Sequence[float], seconds: Sequence[float], drift: Drift) -> Interval:
    """Geometric mean of a point's launches with its 95 % interval for the point's long-run level on this device.

    `times_s` are the starts of the launches in seconds, `seconds` (positive) their seconds per pass. `drift` is from
    records that hold these launches too. Student's t on logarithms with one degree of freedom less than launches.
    """
    times, logs = np.asarray(times_s, dtype=float), np.log(np.asarray(seconds, dtype=float))
    centre = float(logs.mean())
    if len(logs) < 2:
        return Interval(math.exp(centre), math.nan, math.nan)
    _, variances = _fit(times, logs, drift.drift_times_s)
    half = t_975(len(logs) - 1) * _standard_error(times, variances, drift)
    return Interval(math.exp(centre), math.exp(centre - half), math.exp(centre + half))


def expected_half_width(times_s: Sequence[float], spread: float, drift: Drift) -> float:
    """The half width (relative) to expect of at least two launches at these times, for a plan or an advice.

    `spread` is the standard deviation of the logarithms of such launches.
    """
    times, launches = np.asarray(times_s, dtype=float), len(times_s)
    shared = _SHARES * (launches * _mean_correlations(times, drift.drift_times_s) - 1) / (launches - 1)
    return math.expm1(t_975(launches - 1) * _standard_error(times, spread**2 / (1 - shared), drift))


def _standard_error(times_s: np.ndarray, variances: np.ndarray, drift: Drift) -> float:
    """Standard error of the mean of a point's logarithms, for its `variances` (T, S) of a launch.

    For a drift time and a share: variance of noise / launches + variance of drift * mean of exp(-lag / drift time) over
    all pairs, a launch with itself included. The variance of drift is the mean of the point's own and that of all
    records, weighted by the drift's degrees of freedom in the launches and by `_WORTH`: launches within one slow minute
    do not show how far the device's speed moves. Squared errors are averaged by the drift's weights.
    """
    freedom = _freedom(times_s, drift.drift_times_s)
    drifting = (freedom * _SHARES * variances + _WORTH * drift.variances) / (freedom + _WORTH)
    noise = (1 - _SHARES) * variances / len(times_s)
    squared = noise + drifting * _mean_correlations(times_s, drift.drift_times_s)
    return math.sqrt(float((drift.weights * squared).sum()))


def _fit(times_s: np.ndarray, logs: np.ndarray, drift_times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Restricted log likelihood, at the best variance, and the variance of a launch, both (T, S), of n launches.

    With the residual q = y'inv(K)y - (1'inv(K)y)^2 / 1'inv(K)1:
    variance = q / (n - 1), which has n - 1 degrees of freedom;
    log likelihood = -(log det K + log 1'inv(K)1 + (n - 1) log q) / 2 (Harville 1974, up to a constant).
    One eigendecomposition of exp(-lag / drift time) serves all shares.
    """
    count = len(logs)
    lags = np.abs(times_s[:, None] - times_s)
    values, vectors = np.linalg.eigh(np.exp(-lags / drift_times_s[:, None, None]))
    turned_ones = vectors.sum(axis=1)[:, None]
    turned_logs = ((logs - logs.mean()) @ vectors)[:, None]
    eigenvalues = 1 - _SHARES[:, None] + _SHARES[:, None] * np.maximum(values, 0)[:, None]
    ones = (turned_ones**2 / eigenvalues).sum(axis=2)
    cross = (turned_ones * turned_logs / eigenvalues).sum(axis=2)
    residual = np.maximum((turned_logs**2 / eigenvalues).sum(axis=2) - cross**2 / ones, 0)
    log_likelihood = np.log(eigenvalues).sum(axis=2) + np.log(ones)
    log_likelihood += (count - 1) * np.log(np.maximum(residual, _NO_SPREAD))
    return -log_likelihood / 2, residual / (count - 1)


def _mean_correlations(times_s: np.ndarray, drift_times_s: np.ndarray) -> np.ndarray:
    """Mean of exp(-lag / drift time) over all pairs of launches, a launch with itself included: (T, 1)."""
    lags = np.abs(times_s[:, None] - times_s)
    return np.exp(-lags / drift_times_s[:, None, None]).mean(axis=(1, 2))[:, None]


def _freedom(times_s: np.ndarray, drift_times_s: np.ndarray) -> np.ndarray:
    """Degrees of freedom of the drift in launches, between 0 and their number less one: (T, 1).

    Effective sample size, 1 / mean correlation, less one for the mean.
    """
    return 1 / _mean_correlations(times_s, drift_times_s) - 1
