"""A model in a runtime that takes one labelled example per pass. Runs in the forked child."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.model import inputs
from joulesweep.model.example_inputs import binding
from joulesweep.model.manifest import Artefact
from joulesweep.model.outputs import check_finite


class LoadedModel:
    """An artefact, loaded with this many threads.

    Every pass has batch 1, as at the base point: so a file that takes no other batch can be evaluated, and an example is
    computed as it is when it comes by itself.
    """

    def __init__(self, artefact: Artefact, runtime: str, threads: int) -> None:
        self._spec = artefact.spec
        self._runtime = plugins.load("runtimes", runtime)()
        self._forward = self._runtime.load(artefact, threads)
        self._bind = binding(artefact.spec)

    def prepared(self, example: Mapping[str, np.ndarray]) -> Any:
        """An example in the runtime's own arrays.

        Raises:
            Unsupported: it does not fit the model.
        """
        return self._runtime.prepare(self._bind([example]))

    def prepared_random(self) -> Any:
        """The random inputs on which latency is measured at the base point."""
        return self._runtime.prepare(inputs.make(self._spec, inputs.base_point(self._spec)))

    def output(self, prepared: Any) -> np.ndarray:
        """The first output of a pass, without the batch.

        Raises:
            UserError: an output is not finite.
        """
        outputs = self._runtime.arrays(self._forward(prepared))
        check_finite(outputs)
        first = outputs[0]
        return first[0] if first.ndim and len(first) == 1 else first

    def check_where_it_ran(self) -> None:
        """To be called after a pass.

        Raises:
            Unsupported: it ran elsewhere, or in another precision, than the runtime's name says.
        """
        self._runtime.ran_on()

    def pass_s(self, prepared: Any) -> float:
        """Seconds of one pass."""
        return self._runtime.pass_s(self._forward, prepared)
