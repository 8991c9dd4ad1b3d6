"""What every profiler offers. Its literals are read without importing it: each profiler's own file states them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from joulesweep.launches.time_shares.launch import Part
from joulesweep.model.manifest import Artefact

# Is handed the function that does one pass and returns its seconds. Does it as often as it likes; returns how often.
Repeat = Callable[[Callable[[], float]], int]


class Runs(NamedTuple):
    """Who does the passes: `plain` those without, `profiled` those with the parts timed."""

    plain: Repeat
    profiled: Repeat


class Profiler(ABC):
    """One way of splitting the time of a pass into its parts.

    Attributes:
        splits_by: what the parts are: module (of torch), or operator (of the runtime's graph).
    """

    splits_by: ClassVar[str]

    @abstractmethod
    def parts(
        self, make: Callable[[], Any], artefact: Artefact, threads: int, inputs: Mapping[str, np.ndarray], runs: Runs
    ) -> list[Part]:
        """Load the artefact and let `runs` do the plain passes, then those whose parts are timed.

        Args:
            make: makes an object of the runtime.
            inputs: the arrays of one pass, by name.

        Returns:
            The parts with the mean of the profiled passes; their seconds add up to no more than the pass.
        """
