"""What every runtime offers. Its literals are read without importing it: each runtime's own file states them."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from joulesweep.model.manifest import Artefact


class Runtime(ABC):
    """One way of running a model.

    Attributes:
        format: the format of the artefact that it loads: the name of a file in `formats/`.
        precision: of its arithmetic, as its name promises it: a key of `TOLERANCES` in `model/faithfulness.py`.
        compute_device: where passes run: cpu, cuda, mps. It decides which reference tells how fast that is at a moment.
        profiler: what splits the time of its passes into parts: the name of a file in `profilers/`, or empty where nothing can.
        libraries: distributions whose versions matter to its figures.
        preload: modules that a server of measuring processes imports beforehand; they start no thread.
    """

    format: ClassVar[str]
    precision: ClassVar[str]
    compute_device: ClassVar[str]
    profiler: ClassVar[str]
    libraries: ClassVar[tuple[str, ...]]
    preload: ClassVar[tuple[str, ...]]

    @abstractmethod
    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """The forward pass only, without gradients, on this many threads: what `prepare` returns in, outputs out.

        Raises:
            Unsupported: it would run elsewhere, or in another precision, than the runtime's name says.
        """

    def prepare(self, inputs: dict[str, np.ndarray]) -> Any:
        """The inputs by name, in the runtime's own arrays: here those of numpy."""
        return inputs

    def arrays(self, outputs: Any) -> list[np.ndarray]:
        """The outputs of a pass as arrays of numpy, which here they are; those in tuples and dictionaries in their order."""
        return list(outputs)

    @abstractmethod
    def ran_on(self) -> str:
        """Where the passes ran, in words: backend, how much of the model it took, precision of its kernels.

        Called after a pass. Where the library does not tell the precision of its kernels, that of the file is named as such:
        `float32 file`.

        Raises:
            Unsupported: they ran elsewhere, or in another precision, than the runtime's name says.
        """

    def synchronize(self) -> None:  # noqa: B027 - on a CPU a pass has ended when it returns
        """Wait until the device has done all passes that were started."""

    def pass_s(self, forward: Callable[[Any], Any], prepared: Any) -> float:
        """Do one pass and wait for its end; its time in seconds."""
        start = time.perf_counter_ns()
        forward(prepared)
        self.synchronize()
        return (time.perf_counter_ns() - start) * 1e-9
