"""PyTorch on the CPU, the module compiled by torch.compile with its default backend, Inductor."""

import shutil
import sysconfig
from pathlib import Path
from typing import Any

import torch

from joulesweep.errors import Unsupported
from joulesweep.runtimes import eager


class Runtime(eager.Runtime):
    """Runs what Inductor makes of the module. The first pass compiles; the compiled code is kept in torch's own cache for later launches."""

    format = "module"
    precision = "float32"
    compute_device = "cpu"
    profiler = ""
    libraries = ("torch", "safetensors")
    preload = ("torch", "safetensors.torch")

    def adapted(self, module: torch.nn.Module) -> Any:
        """The compiled module. Its shapes are fixed, since a launch has one point.

        Raises:
            Unsupported: there is no C++ compiler, or Python's header files are missing.
        """
        if not any(map(shutil.which, ("g++", "clang++", "c++"))):
            raise Unsupported(
                "torch.compile needs a C++ compiler, and there is none; Debian, Raspberry Pi OS: sudo apt install g++"
            )
        if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
            raise Unsupported(
                "torch.compile needs the header files of Python; Debian, Raspberry Pi OS: sudo apt install python3-dev"
            )
        from torch._inductor import config

        config.compile_threads = 1  # a pool of compiling processes would outlive the first pass
        return torch.compile(module, dynamic=False)

    def ran_on(self) -> str:
        """The backend, and into how many graphs the module was split.

        Raises:
            Unsupported: nothing was compiled, so the passes ran as in eager.
        """
        graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
        if not graphs:
            raise Unsupported("torch.compile compiled nothing of this model; use eager")
        return f"torch on cpu, compiled by Inductor as {graphs} graph{'s' if graphs > 1 else ''}, {self.precision}"
