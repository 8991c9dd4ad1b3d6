"""Runs the real Snakemake in a process that finds it imported: importing it takes as long as planning a run.

Nothing of Joulesweep is imported here, so that Snakemake finds the library of the copy that it runs in.
"""

import atexit
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["snakemake.cli", "snakemake.report.html_reporter", "jsonschema"])


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status of `snakemake ARGUMENTS` in a folder, and what it printed."""
    with tempfile.NamedTemporaryFile() as printed:
        process = _FORKS.Process(target=_snakemake, args=(str(folder), arguments, printed.name))
        process.start()
        process.join()
        status = process.exitcode
        process.close()
        return status or 0, Path(printed.name).read_text()


def _snakemake(folder: str, arguments: tuple[str, ...], printed: str) -> None:
    os.chdir(folder)
    with Path(printed).open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.path[:] = [path for path in sys.path if not Path(path, "joulesweep").is_dir()]
    sys.argv = ["snakemake", *arguments]
    from snakemake import cli

    try:
        cli.main(list(arguments))
    finally:
        atexit._run_exitfuncs()  # a process of multiprocessing ends without
