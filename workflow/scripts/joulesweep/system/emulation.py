"""Whether the instructions of this process are translated for another kind of processor, as in a container of another architecture."""

import platform
from pathlib import Path

from joulesweep.system.command import answer


def emulator(root: Path = Path("/")) -> str:
    """The program that translates, such as `qemu-aarch64` or `Rosetta 2`; empty where the processor runs them itself.

    On Linux, QEMU answers /proc/self/exe with the program that it runs, but leaves /proc/thread-self/exe, which is itself.
    On macOS, `sysctl.proc_translated` is 1 in a translated process (developer.apple.com, "About the Rosetta translation
    environment").
    """
    if platform.system() == "Darwin":
        return "Rosetta 2" if answer("sysctl", "-n", "sysctl.proc_translated") == "1" else ""
    try:
        shown, run = ((root / "proc" / entry / "exe").readlink() for entry in ("self", "thread-self"))
    except OSError:
        return ""
    return "" if shown == run else run.name
