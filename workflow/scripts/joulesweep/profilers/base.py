"""What every profiler offers. Its literals are read without importing it: each profiler's own file states them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from joulesweep.launches.time_shares.launch import Part
from joulesweep.model.manifest import Artefact

# Does one pass as often as it likes; returns how often.
Repeat = Callable[[Callable[[], float]], int]


class Profiler(ABC):
    """One way of splitting the time of a pass into its parts.

    Attributes:
        splits_by: what the parts are: module (of torch), or operator (of the runtime's graph).
    """

    splits_by: ClassVar[str]

    @abstractmethod
    def parts(
        self, runtime: Any, artefact: Artefact, threads: int, inputs: Mapping[str, np.ndarray], repeat: Repeat
    ) -> list[Part]:
        """Load the artefact so that its parts can be timed, and let `repeat` do the passes that count.

        Args:
            runtime: a fresh object of the runtime.
            inputs: the arrays of one pass, by name.
            repeat: is handed the function that does one pass and returns its seconds. It calls it as often as it likes.

        Returns:
            The parts with the mean of these passes; their seconds add up to no more than the pass.
        """
