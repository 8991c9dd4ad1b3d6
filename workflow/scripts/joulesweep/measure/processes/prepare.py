"""A point ready to be run: its artefact loaded, its inputs made, garbage collection off."""

import gc
from collections.abc import Callable, Mapping
from typing import Any

from joulesweep import plugins
from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact


def prepare_pass(argument: Mapping[str, Any]) -> Callable[[], float]:
    """A function that does one pass to its end on the device and returns its seconds.

    The argument holds `artefact`, `runtime`, and `point` with its number of threads.
    """
    artefact: Artefact = argument["artefact"]
    point = argument["point"]
    runtime = plugins.load("runtimes", argument["runtime"])()
    forward = runtime.load(artefact, point["threads"])
    prepared = runtime.prepare(inputs.make(artefact.spec, point))
    gc.collect()
    gc.freeze()
    gc.disable()
    return lambda: runtime.pass_s(forward, prepared)
