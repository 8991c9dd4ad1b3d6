"""ncnn on the CPU in single precision, one example per pass."""

import tarfile
from collections.abc import Callable
from typing import Any

import ncnn
import numpy as np

from joulesweep.errors import Unsupported
from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import base

_HALF = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage", "use_bf16_packed")


class Runtime(base.Runtime):
    """Runs the layers that pnnx wrote. ncnn would use half precision on ARM by itself; here it does not, as the name promises."""

    format = "ncnn"
    precision = "float32"
    compute_device = "cpu"
    profiler = ""
    libraries = ("ncnn",)
    preload = ("ncnn",)

    _net: Any = None
    _weights = b""  # ncnn reads them where they are, so they live as long as the net

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Read both files of the archive: the layers, then the weights.

        Raises:
            Unsupported: the converted model takes other inputs.
            RuntimeError: ncnn cannot read the layers.
        """
        with tarfile.open(artefact.file) as archive:
            layers, self._weights = (_content(archive, member) for member in archive)
        net = ncnn.Net()
        net.opt.num_threads = threads
        for name in _HALF:
            setattr(net.opt, name, False)
        if net.load_param_mem(layers.decode()):
            raise RuntimeError("ncnn cannot read the file that pnnx made; was it made by another version?")
        net.load_model_mem(self._weights)
        self._net = net
        fed, read = list(net.input_names()), list(net.output_names())
        names = inputs.names(artefact.spec)
        if len(fed) != len(names):
            raise Unsupported(f"the converted model takes {len(fed)} inputs, the model {len(names)}")

        def forward(given: dict[str, Any]) -> list[Any]:
            with net.create_extractor() as run:
                for name, declared in zip(fed, names, strict=True):
                    run.input(name, given[declared])
                return [run.extract(name)[1] for name in read]

        return forward

    def prepare(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        """The inputs as ncnn's matrices, without the batch, which ncnn does not have.

        Raises:
            Unsupported: there are several examples.
        """
        if any(len(array) != 1 for array in inputs.values()):
            raise Unsupported("ncnn runs one example per pass")
        return {name: ncnn.Mat(np.ascontiguousarray(array[0])).clone() for name, array in inputs.items()}

    def arrays(self, outputs: Any) -> list[np.ndarray]:
        """The outputs with a batch of one."""
        return [np.array(output)[None] for output in outputs]

    def ran_on(self) -> str:
        """The processor and the precision."""
        return f"ncnn on {self.compute_device}, {self.precision}"


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()
