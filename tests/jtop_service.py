"""Runs the real jtop service of jetson-stats against an emulated board; a dependency here, none of it is copied.

Started as a script, by `Service`. The service reads /fake_sys when JTOP_TESTING is set, needs root and a group `jtop`, and
asks the machine what board it is, which is answered here.
"""

import fcntl
import grp
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from tests.jetson_board import Chip, devices, lay_out

FAKE = Path("/fake_sys")
SOCKET = Path("/run/jtop.sock")
CHIPS = FAKE / "bus/i2c/devices"
LOCK = Path("/tmp/joulesweep-jtop-test.lock")

BOARD = {
    "Model": "NVIDIA Jetson (emulated)",
    "Module": "emulated",
    "SoC": "emulated",
    "699-level Part Number": "",
    "P-Number": "",
    "Serial Number": "",
    "CUDA Arch BIN": "",
    "L4T": "36.4.3",
    "Jetpack": "6.2",
}


def why_not() -> str:
    """Why the service cannot be run here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the jtop service needs Linux and root"
    if find_spec("jtop") is None:
        return "jetson-stats is not installed; it comes with workflow/envs/measuring.txt"
    if shutil.which("groupadd") is None:
        return "no groupadd to make the group jtop: sudo apt install passwd"
    if FAKE.exists() and not (FAKE / "joulesweep").exists():
        return f"{FAKE} is somebody else's"
    return ""


class Service:
    """The running service of one board; only one at a time on a machine."""

    def __init__(self, chips: tuple[Chip, ...], watts: float, version: str = "") -> None:
        self._chips, self._watts, self._version = chips, watts, version
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Service":
        self._lock = LOCK.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._new_group = not _has_group()
        if self._new_group:
            subprocess.run(["groupadd", "jtop"], check=True)
        try:
            self._lay_out()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(FAKE, ignore_errors=True)
        SOCKET.unlink(missing_ok=True)
        if self._new_group:
            subprocess.run(["groupdel", "jtop"], check=False)
        self._lock.close()
        LOCK.unlink(missing_ok=True)

    def start(self) -> None:
        """Start the service and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._version],
            env={**os.environ, "JTOP_TESTING": "True", "PYTHONPATH": str(Path(__file__).parents[1])},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while not _answers():
            assert self._process.poll() is None, "the jtop service ended"
            assert time.monotonic() < end, "the jtop service does not start"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill it with all its processes, as a crash would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _lay_out(self) -> None:
        shutil.rmtree(FAKE, ignore_errors=True)
        for folder in (
            "devices/system/cpu/cpu0",
            "class/power_supply",
            "class/devfreq",
            "class/hwmon",
            "kernel/debug/clk",
        ):
            (FAKE / folder).mkdir(parents=True)
        (FAKE / "joulesweep").touch()
        (FAKE / "stat").write_text("cpu  1 0 1 1 0 0 0 0 0 0\ncpu0 1 0 1 1 0 0 0 0 0 0\n")
        lay_out(devices(CHIPS), self._chips, self._watts)


def _has_group() -> bool:
    try:
        grp.getgrnam("jtop")
    except KeyError:
        return False
    return True


def _answers() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(SOCKET))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    import jtop.core.config
    import jtop.service

    jtop.service.get_hardware = lambda: BOARD
    jtop.core.config.get_config_service = lambda *_: str(FAKE / "config")
    (FAKE / "config").mkdir(exist_ok=True)
    if sys.argv[1]:
        jtop.service.get_var = lambda *_: sys.argv[1]
    jtop.service.JtopServer(force=True).loop_for_ever()
