"""The description of a device: every column, and what the machine says of itself."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from joulesweep.launches.columns import DEVICES
from joulesweep.measure import preflight
from joulesweep.measure.device import describe
from joulesweep.system import emulation

SCRIPT = Path(__file__).parents[1] / "workflow" / "scripts" / "describe_device.py"
JOB = {
    "device": "here",
    "meter": {"name": "none", "reason": "said so", "settings": {}},
    "versions": {"numpy": "2.4.6"},
}


def test_every_column_is_there_with_its_type(tmp_path):
    out = tmp_path / "devices" / "device.json"
    subprocess.run([sys.executable, str(SCRIPT), "--job", json.dumps(JOB), "--out", str(out)], check=True)
    row = json.loads(out.read_text())
    assert list(row) == [*DEVICES.header, "peaks_of"]
    for column in DEVICES.columns:
        unknown = column.name == "max_clock_Hz" and row[column.name] is None
        assert unknown or isinstance(row[column.name], column.type_), column.name
    assert row["meter"] == "none: said so"
    assert row["libraries"] == "numpy=2.4.6"
    assert 1 <= row["cores_physical"] <= row["cores_logical"]


QEMU = shutil.which(f"qemu-{platform.machine()}-static")


@pytest.mark.skipif(QEMU is None, reason="there is no QEMU for programs of this processor (Debian: qemu-user-static)")
def test_an_emulated_processor_is_known_by_its_emulator():
    words = subprocess.run(
        [str(QEMU), os.path.realpath(sys.executable), "-c", "from joulesweep.system.emulation import emulator; print(emulator())"],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert words.stdout == f"{Path(str(QEMU)).name}\n"
    assert emulation.emulator() == ""


@pytest.mark.parametrize(("answer", "program"), [("1\n", "Rosetta 2"), ("0\n", ""), ("", "")])
def test_a_translated_process_of_a_mac_is_known(tmp_path, monkeypatch, answer, program):
    sysctl = tmp_path / "sysctl"
    sysctl.write_text(f"#!/bin/sh\nprintf '{answer}'\n")
    sysctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert emulation.emulator() == program
    sysctl.unlink()
    assert emulation.emulator() == ""


def test_an_emulated_processor_is_said_before_measuring(monkeypatch):
    assert not list(preflight.emulated())
    monkeypatch.setattr(preflight, "emulator", lambda: "qemu-aarch64")
    assert "qemu-aarch64 translates this interpreter's instructions" in next(preflight.emulated())


def _file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_board_is_named_by_its_device_tree(tmp_path):
    _file(tmp_path / "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    _file(tmp_path / "sys/class/dmi/id/product_name", "something else\n")
    assert describe.machine(tmp_path) == "Raspberry Pi 5 Model B Rev 1.0"


def test_a_pc_is_named_by_its_maker_without_what_nobody_filled_in(tmp_path):
    _file(tmp_path / "sys/class/dmi/id/sys_vendor", "LENOVO\n")
    _file(tmp_path / "sys/class/dmi/id/product_name", "20XW\n")
    assert describe.machine(tmp_path) == "LENOVO 20XW"


@pytest.mark.parametrize(
    "unfilled",
    [
        *("To Be Filled By O.E.M.\n", "To be filled by OEM", "Default string", "System Product Name", "Not Specified"),
        *("N/A", "O.E.M.", "INVALID\0", "Unknown", "xxxxxxxx", "None", "Not Applicable", " \t\n", "Undefined"),
    ],
)
def test_what_nobody_filled_in_is_no_part_of_the_name_of_a_pc(tmp_path, unfilled):
    _file(tmp_path / "sys/class/dmi/id/sys_vendor", "LENOVO\n")
    _file(tmp_path / "sys/class/dmi/id/product_name", unfilled)
    assert describe.machine(tmp_path) == "LENOVO"


def test_a_machine_that_says_nothing_has_no_name(tmp_path):
    assert describe.machine(tmp_path) == ""


def test_a_processor_is_named_by_linux_or_by_what_knows_other_systems(tmp_path):
    _file(tmp_path / "proc/cpuinfo", "processor\t: 0\nmodel name\t: AMD Ryzen 7 7840U\nstepping\t: 1\n")
    assert describe.cpu(tmp_path) == "AMD Ryzen 7 7840U"
    _file(tmp_path / "proc/cpuinfo", "processor\t: 0\nCPU part\t: 0xd0b\n")
    assert describe.cpu(tmp_path) == describe.cpu(tmp_path / "nothing")
