"""OpenVINO on the CPU in single precision, from the ONNX file."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import openvino

from joulesweep.errors import Unsupported
from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import base

_DEVICE = "CPU"
# OpenVINO would use half precision by itself where the processor has it; here it does not, as the name promises.
_PRECISION = "f32"
_NO_KERNEL = ("Parameter", "Result", "Constant", "Input", "Output")


class Runtime(base.Runtime):
    """Compiles the ONNX file for this processor and runs one request at a time."""

    format = "onnx"
    precision = "float32"
    compute_device = "cpu"
    profiler = ""
    libraries = ("openvino",)
    preload = ("openvino",)

    _compiled: Any = None

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Read and compile the file, one stream with these threads."""
        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _PRECISION,
        }
        compiled = core.compile_model(str(artefact.file), _DEVICE, settings)
        self._compiled = compiled
        request = compiled.create_infer_request()
        fed = inputs.match_inputs(artefact.spec, [port.get_any_name() for port in compiled.inputs])

        def forward(given: dict[str, np.ndarray]) -> list[np.ndarray]:
            outputs = request.infer({name: given[declared] for name, declared in fed.items()}, share_inputs=True)
            return list(outputs.values())

        return forward

    def ran_on(self) -> str:
        """The device, and the precision in which the operators of the compiled graph run.

        Raises:
            Unsupported: it is another device, or another precision than single.
        """
        devices = self._compiled.get_property("EXECUTION_DEVICES")
        hint = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if list(devices) != [_DEVICE] or hint != _PRECISION:
            raise Unsupported(f"OpenVINO ran on {', '.join(devices)} in {hint}, not on {_DEVICE} in {_PRECISION}")
        kernels = Counter(
            precision
            for node in self._compiled.get_runtime_model().get_ordered_ops()
            if (precision := _info(node, "runtimePrecision")) and _info(node, "layerType") not in _NO_KERNEL
        )
        named = ", ".join(f"{count} kernels in {name}" for name, count in kernels.most_common())
        return f"OpenVINO on {', '.join(devices)}, {named}" if named else f"OpenVINO on {', '.join(devices)}, {hint}"


def _info(node: Any, name: str) -> str:
    """What the runtime noted of a node of its compiled graph; empty where it noted nothing."""
    try:
        return str(node.get_rt_info()[name].astype(str))
    except (KeyError, RuntimeError, AttributeError):
        return ""
