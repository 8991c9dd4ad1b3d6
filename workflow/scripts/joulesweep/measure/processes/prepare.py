"""A point ready to be run: its artefact loaded, its inputs made, its first pass done, garbage collection off.

Runs in the forked child; part of every launch's key.
"""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joulesweep import plugins
from joulesweep.measure.processes import memory
from joulesweep.model import faithfulness, inputs
from joulesweep.model.faithfulness import Comparison
from joulesweep.model.manifest import Artefact
from joulesweep.model.outputs import check_finite


@dataclass(frozen=True)
class PreparedPass:
    """What was loaded, and what loading it and running it for the first time took.

    Attributes:
        one_pass: does one pass to its end on the compute device and returns its seconds.
        runtime: the runtime that runs it.
        load_s: seconds that loading the artefact took.
        first_s: seconds of the first pass.
        loaded_bytes: resident memory after loading, inputs included.
        first_peak_bytes: largest resident memory until the end of the first pass.
        compared: how far the outputs of this pass are from the model's own; None where there is nothing to compare with.
    """

    one_pass: Callable[[], float]
    runtime: Any
    load_s: float
    first_s: float
    loaded_bytes: int
    first_peak_bytes: int
    compared: Comparison | None


def prepare_pass(argument: Mapping[str, Any]) -> PreparedPass:
    """Load `artefact` in `runtime` and run it once at `point`, which holds the number of threads.

    Raises:
        Unsupported: the runtime cannot run it where its name says.
        UserError: an output is not finite, or is not that of the model in shape.
    """
    artefact: Artefact = argument["artefact"]
    point = argument["point"]
    arrays = inputs.make(artefact.spec, point)
    runtime = plugins.load("runtimes", argument["runtime"])()
    start = time.perf_counter_ns()
    forward = runtime.load(artefact, point["threads"])
    load_s = (time.perf_counter_ns() - start) * 1e-9
    prepared = runtime.prepare(arrays)
    loaded_bytes = memory.resident()
    memory.reset_peak()
    gc.collect()
    gc.freeze()
    gc.disable()

    outputs: list[Any] = []
    first_s = runtime.pass_s(lambda given: outputs.append(forward(given)), prepared)
    first_peak_bytes = memory.peak()
    arrays_of_first = runtime.arrays(outputs.pop())
    check_finite(arrays_of_first)
    compared = faithfulness.compare(arrays_of_first, artefact, runtime.precision)
    del arrays_of_first
    memory.reset_peak()  # the check had arrays of its own
    return PreparedPass(
        lambda: runtime.pass_s(forward, prepared), runtime, load_s, first_s, loaded_bytes, first_peak_bytes, compared
    )
