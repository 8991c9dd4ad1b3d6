"""ONNX Runtime on the CPU, single precision."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import onnxruntime

from joulesweep.errors import Unsupported
from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import base

_CPU = "CPUExecutionProvider"


class Runtime(base.Runtime):
    """Runs an ONNX file with ONNX Runtime's own optimisations."""

    format = "onnx"
    precision = "float32"
    compute_device = "cpu"
    profiler = "onnxruntime"
    libraries: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    preload: ClassVar[tuple[str, ...]] = ("onnxruntime",)

    provider = _CPU  # the execution provider that is asked for; the CPU's takes what it leaves
    profile_prefix = ""  # where a profile of the session's operators is written; empty for none
    # Once an artefact was loaded: the session, for each of its inputs the declared one that feeds it, and how many operators
    # of the optimised graph each execution provider has, empty where this version does not tell.
    session: onnxruntime.InferenceSession
    fed: Mapping[str, str]
    nodes: Counter[str]

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Open a session; its threads work inside an operator, operators run one after the other.

        Raises:
            Unsupported: this build of ONNX Runtime does not have the execution provider, or it takes none of the model.
        """
        available = onnxruntime.get_available_providers()
        if self.provider not in available:
            raise Unsupported(
                f"{self.provider} was asked for, and this onnxruntime has only {', '.join(available)}; docs/install.md says which "
                "package has it"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors; what a warning says concerns the exporter, not the user
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        if self.profile_prefix:
            options.enable_profiling, options.profile_file_prefix = True, self.profile_prefix
        providers = list(dict.fromkeys([self.provider, _CPU]))
        session = onnxruntime.InferenceSession(str(artefact.file), options, providers=providers)
        self.session, self.nodes = session, _assigned(session)
        self._check_provider()
        self.fed = fed = inputs.match_inputs(artefact.spec, [node.name for node in session.get_inputs()])

        def forward(given: dict[str, np.ndarray]) -> list[np.ndarray]:
            return session.run(None, {name: given[declared] for name, declared in fed.items()})

        return forward

    def _check_provider(self) -> None:
        opened = self.session.get_providers()
        if self.provider not in opened:  # it could not be started, and the session fell back
            raise Unsupported(
                f"{self.provider} was asked for, and the session runs on {', '.join(opened)}: it could not be started"
            )
        if self.nodes and not self.nodes[self.provider]:
            raise Unsupported(
                f"{self.provider} took none of the model's {self.nodes.total()} operators: all would run on the CPU"
            )

    def ran_on(self) -> str:
        """The execution provider, how many operators it has, and the precision of the file."""
        share = f", {self.nodes[self.provider]} of {self.nodes.total()} operators" if self.nodes else ""
        return f"{self.provider}{share}, {self.precision}"


def _assigned(session: onnxruntime.InferenceSession) -> Counter[str]:
    try:
        parts = session.get_provider_graph_assignment_info()
    except AttributeError:  # before 1.24
        return Counter()
    counts: Counter[str] = Counter()
    for part in parts:
        counts[part.ep_name] += len(part.get_nodes())
    return counts
