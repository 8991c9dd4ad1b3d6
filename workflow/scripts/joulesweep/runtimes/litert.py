"""LiteRT (formerly TensorFlow Lite) on the CPU; it hands to XNNPACK what XNNPACK can run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from joulesweep.errors import Unsupported
from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import base
from joulesweep.system import library_output

_DELEGATE = "DELEGATE"  # the operator that stands for those that XNNPACK took


class Runtime(base.Runtime):
    """Runs a .tflite file."""

    format = "tflite"
    precision = "float32"
    compute_device = "cpu"
    profiler = ""
    libraries = ("ai-edge-litert",)
    preload = ("ai_edge_litert.interpreter",)

    _interpreter: Any = None

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Read the file; memory is planned when the first pass shows the shapes.

        Raises:
            Unsupported: the file takes other inputs than the model.
        """
        with library_output.in_the_log():
            interpreter = Interpreter(str(artefact.file), num_threads=threads)
        self._interpreter = interpreter
        fed = sorted(interpreter.get_input_details(), key=lambda each: each["name"])  # args_0, args_1, …
        names = inputs.names(artefact.spec)
        if len(fed) != len(names):
            raise Unsupported(f"the converted model takes {len(fed)} inputs, the model {len(names)}")
        places = [each["index"] for each in fed]
        read = [each["index"] for each in interpreter.get_output_details()]
        is_planned = False

        def forward(given: dict[str, np.ndarray]) -> list[np.ndarray]:
            nonlocal is_planned
            if not is_planned:
                with library_output.in_the_log():
                    for place, name in zip(places, names, strict=True):
                        interpreter.resize_tensor_input(place, given[name].shape)
                    interpreter.allocate_tensors()
                is_planned = True
            for place, name in zip(places, names, strict=True):
                interpreter.set_tensor(place, given[name])
            interpreter.invoke()
            return [interpreter.get_tensor(place) for place in read]

        return forward

    def ran_on(self) -> str:
        """How many operators XNNPACK took. LiteRT does not tell in which precision they run, so only that of the file is named."""
        taken, every = delegated(self._interpreter._get_ops_details())
        return f"LiteRT on {self.compute_device}, XNNPACK took {taken} of {every} operators, {self.precision} file"


def delegated(operators: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """How many operators of a file the delegates took, of how many: those between a delegate's inputs and its outputs.

    An operator is a mapping with `op_name` and the numbers of the tensors in `inputs` and `outputs`.
    """
    own = [each for each in operators if each["op_name"] != _DELEGATE]
    maker = {int(tensor): place for place, each in enumerate(own) for tensor in each["outputs"]}
    taken: set[int] = set()
    for delegate in operators:
        if delegate["op_name"] != _DELEGATE:
            continue
        borders = set(map(int, delegate["inputs"]))
        waiting = list(map(int, delegate["outputs"]))
        while waiting:
            tensor = waiting.pop()
            place = maker.get(tensor)
            if place is None or place in taken or tensor in borders:
                continue
            taken.add(place)
            waiting += map(int, own[place]["inputs"])
    return len(taken), len(own)
