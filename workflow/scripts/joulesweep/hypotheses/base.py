"""What a hypothesis covers: one case per device and runtime or variant, each with a verdict and its numbers."""

from dataclasses import dataclass

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"

MODELLED = "modelled energy decides nothing"

WORDS = {
    "latency": "latency",
    "energy": "energy per pass",
    "accuracy": "accuracy",
    "params": "number of parameters",
    "flops": "number of floating-point operations",
    "memory": "peak memory",
}


@dataclass(frozen=True)
class Case:
    """One case: where it was measured, its verdict, why it is undecided (empty otherwise), and the numbers."""

    where: str
    verdict: str
    why: str
    numbers: str


def undecided(where: str, why: str, numbers: str) -> Case:
    """A case that decides nothing, and why."""
    return Case(where, UNDECIDED, why, numbers)
