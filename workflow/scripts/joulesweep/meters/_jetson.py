"""What the rails of Jetson boards mean: which one is the whole, and which add up without overlapping.

The names are those of NVIDIA's device trees (torvalds/linux tegra194-p3668, tegra234-p3701 and p3767; NVIDIA's kernel 4.9
for the older boards). Tools shorten them, so they are compared without the prefixes VDD_, VDDQ_ and POM_.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A rail that holds all others of its board, widest first, and what it covers.
_INPUTS = {
    "VIN": ("machine", "input of the carrier board"),
    "5V_IN": ("module", "5 V input of the module; carrier board's own devices as far as it feeds them"),
    "IN": ("module", "input of the module, without the carrier board"),
}

# Rails that together make up the module where it has no input rail: (names, what the sum leaves out).
_SUMS = (
    # VDDQ_VDD2_1V8AO is fed from VIN_SYS_5V0 (its bus reads 5 V), so it is not added.
    (("GPU_SOC", "CPU_CV", "VIN_SYS_5V0"), "module (AGX Orin): without carrier board, fan and disk"),
    (("GPU", "CPU_SOC_MSS", "VIN_SYS_5V0"), "module (AGX Thor): without carrier board, fan and disk"),
    (("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"), "module (AGX Xavier): without carrier board, fan and disk"),
)


@dataclass(frozen=True)
class Choice:
    """The rails to read, how wide they reach, and what they cover."""

    rails: tuple[str, ...]
    scope: str
    covers: str


def choose(names: Iterable[str], wanted: Sequence[str] | None = None) -> Choice:
    """The rails that make up the board; `wanted` are the user's own instead.

    Raises:
        ValueError: no known set is complete, or a wanted rail is not there; the text says what to do.
    """
    names = list(dict.fromkeys(names))
    if wanted:
        missing = sorted({*wanted} - {*names})
        if missing:
            raise ValueError(f"there is no rail {', '.join(missing)}; there are {_list(names)}")
        return Choice(tuple(wanted), "module", "the rails that the configuration names")
    by_short = {short(name): name for name in names}
    for rail, (scope, covers) in _INPUTS.items():
        if rail in by_short:
            return Choice((by_short[rail],), scope, covers)
    for rails, covers in _SUMS:
        if by_short.keys() >= {*rails}:
            return Choice(tuple(by_short[rail] for rail in rails), "module", f"sum of rails, {covers}")
    raise ValueError(
        f"which of the rails {_list(names)} overlap is not known; name those that do not in config.yaml, as in "
        "'rails: [VDD_CPU, VDD_GPU]'"
    )


def short(name: str) -> str:
    """A rail's name without the prefixes that some tools leave out."""
    return re.sub(r"^(VDDQ_|VDD_|POM_)", "", name.replace(" ", "_"))


def watts(rails: Sequence[str], milliwatts: Mapping[str, float]) -> tuple[float, ...]:
    """Power of these rails in watts.

    Raises:
        ValueError: one of them is missing, so that the sum would be too small.
    """
    missing = [rail for rail in rails if rail not in milliwatts]
    if missing:
        raise ValueError(f"no reading of {', '.join(missing)}")
    return tuple(milliwatts[rail] / 1000 for rail in rails)


def is_jetson(root: Path = Path("/")) -> bool:
    """Whether this machine is one of NVIDIA's boards."""
    try:
        compatible = (root / "proc/device-tree/compatible").read_bytes()
    except OSError:
        compatible = b""
    return b"tegra" in compatible or (root / "etc/nv_tegra_release").exists()


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "(none)"
