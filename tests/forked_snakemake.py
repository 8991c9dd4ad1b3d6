"""Runs the real Snakemake in a process that finds it imported: importing it takes as long as planning a run.

Nothing of Joulesweep is imported here, so that Snakemake finds the library of the copy that it runs in.
"""

import atexit
import multiprocessing
import os
import signal
import sys
import tempfile
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
# Beside Snakemake, what it imports when it starts (an executor that is installed), compares a job with the last one, reads a job
# file, or writes its own report.
_FORKS.set_forkserver_preload(
    ["snakemake.cli", "snakemake.report.html_reporter", "snakemake_executor_plugin_slurm", "jsonschema", "pandas"]
)


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status of `snakemake ARGUMENTS` in a folder, and what it printed."""
    with tempfile.NamedTemporaryFile() as printed:
        process = start(folder, Path(printed.name), *arguments)
        process.join()
        return process.exitcode or 0, Path(printed.name).read_text()


def start(folder: Path, printed: Path, *arguments: str) -> BaseProcess:
    """Start `snakemake ARGUMENTS` in a folder and a session of its own; what it prints is added to a file."""
    process = _FORKS.Process(target=_snakemake, args=(str(folder), arguments, str(printed)))
    process.start()
    return process


def _snakemake(folder: str, arguments: tuple[str, ...], printed: str) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    os.chdir(folder)
    with Path(printed).open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.path[:] = [path for path in sys.path if not Path(path, "joulesweep").is_dir()]
    sys.argv = ["snakemake", *arguments]
    from snakemake import cli

    try:
        cli.main(list(arguments))
    finally:
        atexit._run_exitfuncs()  # a process of multiprocessing ends without
