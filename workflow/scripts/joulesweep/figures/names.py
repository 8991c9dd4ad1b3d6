"""Which figures there are. Standard library only: the Snakefile declares them while it is parsed."""

from collections.abc import Sequence


def names(axes: Sequence[str]) -> list[str]:
    """Names of all figures, without ending, for the axes that are swept; the same whatever was measured."""
    return [
        "parameters_and_flops",
        "latency",
        *(f"latency_{axis}" for axis in axes),
        "energy",
        *(f"energy_{axis}" for axis in axes),
        "latency_vs_energy",
        "latency_vs_parameters",
        "latency_vs_flops",
        "accuracy_vs_latency",
    ]
