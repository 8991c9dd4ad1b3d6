"""No process outlives the one that started it: whatever dies, and however, nothing goes on measuring unseen."""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_LOOK_S = 0.5


def die_with_parent(parent: int | None = None) -> None:
    """Make this process be killed when its parent ends; `parent` is the parent's pid where the caller knows it.

    On Linux the kernel does it, at once, and a parent that ended before the kernel was asked is noticed afterwards.
    Elsewhere a thread checks twice a second.
    """
    expected = os.getppid() if parent is None else parent
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(expected,), daemon=True).start()
    _end_if_orphaned(expected)


def _watch(parent: int) -> None:
    while True:
        time.sleep(_LOOK_S)
        _end_if_orphaned(parent)


def _end_if_orphaned(parent: int) -> None:
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
