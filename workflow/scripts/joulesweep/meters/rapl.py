"""RAPL: energy counters of x86 processors, as Linux's powercap shows them.

A package zone includes its cores and its integrated graphics, but not its memory, which some machines count in a zone
`dram` below it. A zone `psys` covers the platform and includes the packages, so it is never added to them. The zones of
`intel-rapl-mmio` are the same packages seen by another way: they stand in only where `intel-rapl` has none.
"""

import math
import platform
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from joulesweep.meters import base
from joulesweep.system.sysfs import text

_ROOT = "/sys/class/powercap"
_INTERFACES = ("intel-rapl", "intel-rapl-mmio")

SETTINGS = {
    "root": "folder of the powercap tree, instead of /sys/class/powercap",
    "zone": "psys: the platform zone instead of the packages, where the board has wired it",
}


@dataclass(frozen=True)
class _Zone:
    rail: str
    folder: Path

    def joules(self) -> float:
        return int((self.folder / "energy_uj").read_text()) * 1e-6

    def wrap_joules(self) -> float:
        """The counter's range; infinite where the kernel does not say, so that a step backwards is refused."""
        try:
            return int((self.folder / "max_energy_range_uj").read_text()) * 1e-6 or math.inf
        except (OSError, ValueError):
            return math.inf


class Meter(base.Meter):
    """The sum of all packages and of their memory; or, on wish, the platform zone `psys` alone."""

    def available(self) -> base.Availability:
        """Usable where every zone's counter can be read and has ever moved."""
        if not self._zones:
            return base.Availability(
                False,
                f"no RAPL package below {self._root}; on an x86 processor since 2012, and in no virtual machine: "
                "sudo modprobe intel_rapl_msr",
                present=platform.machine() in ("x86_64", "i686"),
            )
        try:
            counters = [zone.joules() for zone in self._zones]
        except PermissionError:
            return base.Availability(
                False,
                "the counters are readable by root alone; until the next boot this allows it: "
                f"sudo chmod a+r {self._root}/intel-rapl*/energy_uj",
            )
        except (OSError, ValueError) as error:
            return base.Availability(False, f"a counter below {self._root} cannot be read: {error}; see dmesg")
        if not any(counters):
            return base.Availability(
                False,
                "every counter is 0: this machine shows RAPL but does not count, as virtual ones do; use the host",
            )
        return base.Availability(True, f"reads {' + '.join(zone.rail for zone in self._zones)}")

    def describe(self) -> base.Description:
        """Counters that the processor updates about every millisecond."""
        psys = self._zones[0].rail == "psys"
        memory = "and their memory" if any(zone.rail.endswith("dram") for zone in self._zones) else "without memory"
        return base.Description(
            kind="measured",
            unit="J",
            rails=tuple(zone.rail for zone in self._zones),
            scope="machine" if psys else "processor",
            covers="the platform, as far as its maker wired it"
            if psys
            else f"processor packages {memory}; no disk, fan or power supply",
            update_s=0.001,
            settle_s=0.05,
            window_s=1.0,
            wrap_J=tuple(zone.wrap_joules() for zone in self._zones),
        )

    def read(self) -> base.Reading:
        """All counters, stamped in the middle of reading them."""
        if not self._zones:
            raise OSError(f"no RAPL package below {self._root}")
        before = time.monotonic_ns()
        values = tuple(zone.joules() for zone in self._zones)
        return base.Reading((before + time.monotonic_ns()) // 2, values)

    @property
    def _root(self) -> Path:
        return Path(self.settings.get("root", _ROOT))

    @cached_property
    def _zones(self) -> list[_Zone]:
        """Every package once, each followed by its memory."""
        if self.settings.get("zone") == "psys":
            folders = sorted(self._root.glob(f"{_INTERFACES[0]}:*"))
            return [_Zone("psys", folder) for folder in folders if text(folder / "name") == "psys"]
        packages: dict[str, Path] = {}
        for interface in _INTERFACES:
            for folder in sorted(self._root.glob(f"{interface}:*")):
                name = text(folder / "name")
                if name.startswith("package"):
                    packages.setdefault(name, folder)
        zones = []
        for name, folder in sorted(packages.items()):
            zones.append(_Zone(name, folder))
            parts = sorted(self._root.glob(f"{folder.name}:*"))
            zones += [_Zone(f"{name}/dram", part) for part in parts if text(part / "name") == "dram"]
        return zones
