"""ExecuTorch on the CPU: the operators that XNNPACK took when the program was made run in XNNPACK."""

from collections.abc import Callable
from typing import Any

import torch

from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import eager
from joulesweep.system import library_output


class Runtime(eager.Runtime):
    """Runs a .pte program."""

    format = "executorch"
    precision = "float32"
    compute_device = "cpu"
    profiler = ""
    libraries = ("executorch", "torch")
    preload = ("torch",)

    _note = ""

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Load the program's method `forward`; XNNPACK's threads are shared by all of its operators."""
        # On every machine without the files that Linux has on phones, it says that it looked for them.
        with library_output.in_the_log():
            from executorch.extension.pybindings import portable_lib
            from executorch.runtime import Runtime as Programs

            portable_lib._unsafe_reset_threadpool(threads)
            method = Programs.get().load_program(artefact.file).load_method("forward")
        self._note = artefact.note
        names = inputs.names(artefact.spec)

        def forward(given: dict[str, torch.Tensor]) -> Any:
            with torch.inference_mode():
                return method.execute([given[name] for name in names])

        return forward

    def ran_on(self) -> str:
        """How many operators XNNPACK took. ExecuTorch does not tell in which precision they run, so only that of the file is named."""
        return f"ExecuTorch on {self.compute_device}, {self._note}, {self.precision} file"
