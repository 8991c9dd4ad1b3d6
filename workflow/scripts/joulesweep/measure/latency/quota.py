"""How many launches the points of a job still get: a first stage each, then what its spread asks for and the minutes allow.

What a point gets beyond the first stage depends on how many points share the minutes. So the journal keeps that a point has
all its launches: a model that is added or removed later costs it nothing.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.measure import missing
from joulesweep.measure.points import Point

_LAUNCH_S = 0.5  # of a small model on a laptop, where no journal says better


class Quota:
    """The launches of the points of one job, by its settings, its limits and the journals of its models."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        limits: Mapping[str, Any],
        journals: Mapping[str, Journal],
        by_model: Mapping[str, Sequence[Point]],
    ) -> None:
        self._settings, self._limits, self._journals = settings, limits, journals
        count = sum(point.artefact is not None for points in by_model.values() for point in points)
        self._point_s = 60 * settings["minutes"] / max(1, count)

    def is_complete(self, point: Point) -> bool:
        """Whether a run with these settings has given a point all launches that it was to get, or can give it none."""
        if point.artefact is None:
            return True
        launches = self._launches(point)
        return missing.is_given_up(launches, self._limits) or (
            not self._missing(point) and bool(self._journals[point.model].lines(self._complete_key(point)))
        )

    def missing_s(self, points: Sequence[Point]) -> float:
        """About how many seconds the missing launches of some points take."""
        first_s = sum(self._missing(point) * self._launch_s(point) for point in points)
        return max(first_s, self._point_s * sum(not self.is_complete(point) for point in points))

    def missing_in_first_stage(self, points: Sequence[Point]) -> list[int]:
        """Launches of the first stage that each point misses."""
        return [self._missing(point) for point in points]

    def missing_beyond(self, points: Sequence[Point]) -> list[int]:
        """Launches beyond a whole first stage that each point misses; points that need few leave time to the others.

        What was made counts in the time, so that a run that was killed ends with the launches of one that was not.
        """
        waiting = [place for place, point in enumerate(points) if not self.is_complete(point)]
        wanted = [
            missing.wanted_beyond(self._launches(points[place]), self._settings, self._limits) for place in waiting
        ]
        launch_s = [self._launch_s(points[place]) for place in waiting]
        left_s = self._point_s * len(waiting) - self._settings["launches"] * sum(launch_s)
        counts = [0] * len(points)
        for place, share in zip(waiting, missing.affordable(wanted, launch_s, left_s), strict=True):
            launches = self._launches(points[place])
            counts[place] = missing.missing_beyond(launches, share, self._settings, self._limits)
        return counts

    def complete(self, points: Sequence[Point]) -> None:
        """Keep in the journal which points have all their launches."""
        for point in points:
            if not self.is_complete(point) and not self._missing(point):
                self._journals[point.model].append(self._complete_key(point), {})

    def _launches(self, point: Point) -> list[LatencyLaunch]:
        return self._journals[point.model].launches(point.key, LatencyLaunch)

    def _missing(self, point: Point) -> int:
        if point.artefact is None:
            return 0
        return missing.missing_in_first_stage(self._launches(point), self._settings, self._limits)

    def _launch_s(self, point: Point) -> float:
        """Seconds per launch of a point, estimated from the first stage."""
        first = self._launches(point)[: self._settings["launches"]]
        return statistics.median([launch.wall_s for launch in first] or [_LAUNCH_S])

    def _complete_key(self, point: Point) -> dict[str, Any]:
        return {**point.key, "complete": [self._settings[name] for name in ("launches", "precision", "minutes")]}
