"""The folder whose configuration and results are worked on: that of the project, or another one, as that of an example."""

import shlex
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[4]  # where `make` is typed


def directory_option() -> str:
    """What a `make` command needs at its end to work on the folder in which this process runs; empty for that of the project."""
    folder = Path.cwd()
    if folder == _PROJECT:
        return ""
    named = folder.relative_to(_PROJECT) if folder.is_relative_to(_PROJECT) else folder
    return f" DIRECTORY={shlex.quote(str(named))}"
