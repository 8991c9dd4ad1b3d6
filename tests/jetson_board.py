"""Jetson boards emulated in files, in the layouts of their kernels, with rails that draw known power over time."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Chip:
    """One sensor: its driver, its bus address, and its rails in channel order with the share of the power each draws."""

    driver: str
    address: str
    rails: Mapping[str, float]


# Rails as on the boards (facts of the kernels' device trees); the shares are made up.
NANO = (Chip("ina3221x", "6-0040", {"POM_5V_IN": 1.0, "POM_5V_GPU": 0.2, "POM_5V_CPU": 0.4}),)
ORIN_NX = (Chip("ina3221", "1-0040", {"VDD_IN": 1.0, "VDD_CPU_GPU_CV": 0.4, "VDD_SOC": 0.3}),)
AGX_ORIN = (
    Chip("ina3221", "1-0040", {"VDD_GPU_SOC": 0.3, "VDD_CPU_CV": 0.2, "VIN_SYS_5V0": 0.5}),
    Chip("ina3221", "1-0041", {"NC": 0.0, "VDDQ_VDD2_1V8AO": 0.1}),
)
THOR = (
    Chip("ina3221", "2-0040", {"VDD_GPU": 0.3, "VDD_CPU_SOC_MSS": 0.2, "VIN_SYS_5V0": 0.2}),
    Chip("ina238", "2-0044", {"VIN": 1.0}),
)
XAVIER = (
    Chip("ina3221x", "1-0040", {"GPU": 0.1, "CPU": 0.2, "SOC": 0.2}),
    Chip("ina3221x", "1-0041", {"CV": 0.1, "VDDRQ": 0.1, "SYS5V": 0.3}),
)
MILLIVOLTS = 5000


def lay_out(folders: Callable[[Chip], Path], chips: tuple[Chip, ...], watts: float) -> None:
    """Write a board's files; `folders` tells where a chip's folder is (below drivers or below devices)."""
    for chip in chips:
        folder = folders(chip)
        inner = folder / ("iio:device0" if chip.driver == "ina3221x" else "hwmon/hwmon3")
        inner.mkdir(parents=True)
        (folder / "name").write_text(f"{chip.driver}\n")
        for number, rail in enumerate(chip.rails):
            if chip.driver == "ina3221x":
                (inner / f"rail_name_{number}").write_text(f"{rail}\n")
            elif chip.driver == "ina3221":
                (inner / f"in{number + 1}_label").write_text(f"{rail}\n")
        if chip.driver == "ina3221":
            (inner / "in7_label").write_text("sum of shunt voltages\n")
    draw(folders, chips, watts)


def draw(folders: Callable[[Chip], Path], chips: tuple[Chip, ...], watts: float) -> None:
    """Let the board draw these watts from now on, each rail its share."""
    for chip in chips:
        for number, (rail, share) in enumerate(chip.rails.items()):
            folder, milliwatts = folders(chip), round(watts * share * 1000)
            milliamperes = round(milliwatts * 1000 / MILLIVOLTS)
            if chip.driver == "ina3221x":
                inner = folder / "iio:device0"
                _write(inner / f"in_power{number}_input", milliwatts)
                _write(inner / f"in_voltage{number}_input", MILLIVOLTS)
                _write(inner / f"in_current{number}_input", milliamperes)
            else:
                inner = folder / "hwmon/hwmon3"
                if rail == "VIN":
                    _write(inner / "power1_input", milliwatts * 1000)
                _write(inner / f"in{number + 1}_input", MILLIVOLTS)
                _write(inner / f"curr{number + 1}_input", milliamperes)


def drivers(root: Path) -> Callable[[Chip], Path]:
    """Folders as below /sys/bus/i2c/drivers."""
    return lambda chip: root / chip.driver / chip.address


def devices(root: Path) -> Callable[[Chip], Path]:
    """Folders as below /sys/bus/i2c/devices."""
    return lambda chip: root / chip.address


class Drawing:
    """A board that draws `watts(time.monotonic_ns())`, rewritten every 20 ms."""

    def __init__(self, folders: Callable[[Chip], Path], chips: tuple[Chip, ...], watts: Callable[[int], float]) -> None:
        self._folders, self._chips, self._watts = folders, chips, watts
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Drawing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            draw(self._folders, self._chips, self._watts(time.monotonic_ns()))


def _write(file: Path, value: int) -> None:
    """In one piece, so that no reader sees half a number."""
    fresh = file.with_name(f".{file.name}")
    fresh.write_text(f"{value}\n")
    fresh.replace(file)
