"""Small programs of the system that say what it is."""

import subprocess

_PATIENCE_S = 5


def answer(*command: str) -> str:
    """What a program prints, without the white space around it; empty where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
