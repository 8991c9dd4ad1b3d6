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
from collections.abc import Hashable, Iterable, Iterator, Sequence
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
_AT_ONCE = 1_000_000  # correlations in memory at the same time

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
    return with_intervals(records)[0]


def with_intervals(records: Sequence[Record]) -> tuple[Drift, list[Interval]]:
    """The drift that the records of points show, as `estimate` has it, and the interval of each point by this drift."""
    spans_s = [float(np.ptp(times)) for times, _ in records if len(times)]
    longest_s = max(spans_s, default=0.0)
    steps = max(0, math.floor(math.log(max(_BEYOND * longest_s, _SHORTEST_S) / _SHORTEST_S, _STEP)))
    drift_times_s = _SHORTEST_S * _STEP ** np.arange(steps + 1)
    log_likelihood = np.zeros((len(drift_times_s), len(_SHARES)))
    variances = np.zeros_like(log_likelihood)
    freedom = np.full((len(drift_times_s), 1), _NO_SPREAD)
    fits = list(_fits(records, drift_times_s))
    for fit in fits:
        differing = fit.logs.var(axis=1) >= _NO_SPREAD
        own_freedom = _freedom(fit.correlations[differing])
        log_likelihood += fit.log_likelihood[differing].sum(axis=0)
        variances += (own_freedom * _SHARES * fit.variances[differing]).sum(axis=0)
        freedom += own_freedom.sum(axis=0)
    weights = np.exp(log_likelihood - log_likelihood.max())
    drift = Drift(drift_times_s, weights / weights.sum(), variances / freedom, longest_s)
    return drift, _intervals(records, fits, drift)


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
    records = [(times_s, seconds)]
    return _intervals(records, _fits(records, drift.drift_times_s), drift)[0]


def expected_half_width(times_s: Sequence[float], spread: float, drift: Drift) -> float:
    """The half width (relative) to expect of at least two launches at these times, for a plan or an advice.

    `spread` is the standard deviation of the logarithms of such launches.
    """
    times, launches = np.asarray(times_s, dtype=float), len(times_s)
    correlations = _correlations(times, drift.drift_times_s).mean(axis=(-2, -1))[..., None]
    shared = _SHARES * (launches * correlations - 1) / (launches - 1)
    return math.expm1(
        t_975(launches - 1) * float(_standard_errors(launches, correlations, spread**2 / (1 - shared), drift))
    )


@dataclass(frozen=True)
class _Fit:
    """What P records of n launches each say at T drift times and S shares; together they take a fraction of the time.

    `places` are theirs among all records, `logs` (P, n) the logarithms of the seconds, `correlations` (P, T, 1) the mean of
    exp(-lag / drift time) over all pairs of launches. See `_fit` for `log_likelihood` and `variances`, (P, T, S).
    """

    places: Sequence[int]
    logs: np.ndarray
    correlations: np.ndarray
    log_likelihood: np.ndarray
    variances: np.ndarray


def _intervals(records: Sequence[Record], fits: Iterable[_Fit], drift: Drift) -> list[Interval]:
    """The interval of each record."""
    found = [Interval(seconds[0] if len(seconds) else math.nan, math.nan, math.nan) for _, seconds in records]
    for fit in fits:
        launches = fit.logs.shape[1]
        halves = t_975(launches - 1) * _standard_errors(launches, fit.correlations, fit.variances, drift)
        for place, centre, half in zip(fit.places, fit.logs.mean(axis=1).tolist(), halves.tolist(), strict=True):
            found[place] = Interval(math.exp(centre), math.exp(centre - half), math.exp(centre + half))
    return found


def _fits(records: Sequence[Record], drift_times_s: np.ndarray) -> Iterator[_Fit]:
    """What all records say that have two launches or more."""
    by_length: dict[int, list[int]] = {}
    for place, (times_s, _) in enumerate(records):
        by_length.setdefault(len(times_s), []).append(place)
    for length, places in by_length.items():
        if length < 2:
            continue
        at_once = max(1, _AT_ONCE // (len(drift_times_s) * length**2))
        for first in range(0, len(places), at_once):
            part = places[first : first + at_once]
            correlations = _correlations(np.array([records[place][0] for place in part], dtype=float), drift_times_s)
            logs = np.log(np.array([records[place][1] for place in part], dtype=float))
            yield _Fit(part, logs, correlations.mean(axis=(-2, -1))[..., None], *_fit(correlations, logs))


def _standard_errors(launches: int, correlations: np.ndarray, variances: np.ndarray, drift: Drift) -> np.ndarray:
    """Standard error of the mean of so many launches' logarithms (...), for the `variances` (..., T, S) of a launch.

    For a drift time and a share: variance of noise / launches + variance of drift * mean of exp(-lag / drift time) over
    all pairs, a launch with itself included. The variance of drift is the mean of the point's own and that of all
    records, weighted by the drift's degrees of freedom in the launches and by `_WORTH`: launches within one slow minute
    do not show how far the device's speed moves. Squared errors are averaged by the drift's weights. `correlations` (..., T, 1)
    are the mean of exp(-lag / drift time).
    """
    freedom = _freedom(correlations)
    drifting = (freedom * _SHARES * variances + _WORTH * drift.variances) / (freedom + _WORTH)
    noise = (1 - _SHARES) * variances / launches
    return np.sqrt((drift.weights * (noise + drifting * correlations)).sum(axis=(-2, -1)))


def _fit(correlations: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Restricted log likelihood, at the best variance, and the variance of a launch, both (..., T, S), of n launches (..., n).

    `correlations` (..., T, n, n) are those of the drift.

    With the residual q = y'inv(K)y - (1'inv(K)y)^2 / 1'inv(K)1:
    variance = q / (n - 1), which has n - 1 degrees of freedom;
    log likelihood = -(log det K + log 1'inv(K)1 + (n - 1) log q) / 2 (Harville 1974, up to a constant).
    One eigendecomposition of exp(-lag / drift time) serves all shares.
    """
    count = logs.shape[-1]
    values, vectors = np.linalg.eigh(correlations)
    turned_ones = vectors.sum(axis=-2)[..., None, :]
    turned_logs = (logs - logs.mean(axis=-1, keepdims=True))[..., None, None, :] @ vectors
    eigenvalues = 1 - _SHARES[:, None] + _SHARES[:, None] * np.maximum(values, 0)[..., None, :]
    ones = (turned_ones**2 / eigenvalues).sum(axis=-1)
    cross = (turned_ones * turned_logs / eigenvalues).sum(axis=-1)
    residual = np.maximum((turned_logs**2 / eigenvalues).sum(axis=-1) - cross**2 / ones, 0)
    log_likelihood = np.log(eigenvalues).sum(axis=-1) + np.log(ones)
    log_likelihood += (count - 1) * np.log(np.maximum(residual, _NO_SPREAD))
    return -log_likelihood / 2, residual / (count - 1)


def _correlations(times_s: np.ndarray, drift_times_s: np.ndarray) -> np.ndarray:
    """exp(-lag / drift time) of all pairs of launches, a launch with itself included: (..., T, n, n)."""
    lags = np.abs(times_s[..., :, None] - times_s[..., None, :])
    return np.exp(-lags[..., None, :, :] / drift_times_s[:, None, None])


def _freedom(mean_correlations: np.ndarray) -> np.ndarray:
    """Degrees of freedom of the drift in launches, between 0 and their number less one.

    Effective sample size, 1 / mean correlation, less one for the mean.
    """
    return 1 / mean_correlations - 1
