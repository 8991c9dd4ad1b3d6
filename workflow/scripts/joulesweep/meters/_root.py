"""Programs that need root: run as they are by root, else by `sudo -n`, which never asks and so never waits."""

import os
import shutil
import subprocess
from collections.abc import Sequence

_PATIENCE_S = 10.0


def as_root(command: Sequence[str]) -> list[str]:
    """The command that runs this one as root."""
    return [*command] if os.geteuid() == 0 else ["sudo", "-n", *command]


def refusal(command: Sequence[str], program: str) -> str:
    """Why this harmless command cannot be run as root, and the cure; empty where it can."""
    path = shutil.which(program) or program
    cure = f'allow it without a password: echo "$USER ALL=(root) NOPASSWD: {path}" | sudo tee /etc/sudoers.d/joulesweep'
    try:
        answer = subprocess.run(as_root(command), capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except FileNotFoundError:
        return f"{program} needs root, and there is no sudo here; run the workflow where {program} is not needed, or as root"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} cannot be started ({error})"
    if answer.returncode == 0:
        return ""
    said = " ".join((answer.stderr or answer.stdout).split())[:120]
    return f"{program} needs root, and `sudo -n` was refused ({said or f'status {answer.returncode}'}); {cure}"
