"""What Snakemake says on the console, as a person needs it: one line when a job begins, one when it failed.

Snakemake's own log in `.snakemake/log` keeps everything, and so does the console where `--verbose` asks for it.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from joulesweep.errors import shortened

_NEVER_SHOWN = {
    "run_info", "workflow_started", "shellcmd", "job_started", "job_finished", "resources_info", "progress", "rulegraph",
    "group_info", "debug_dag",
}  # fmt: skip
# What Snakemake says without naming an event.
_CHATTER = (
    "Building DAG", "Select jobs", "Using shell", "Complete log", "Elapsed time", "Shutting down", "host:",
    "This was a dry-run", "Some jobs were triggered", "Rules with", "Reasons:", "Job stats", "Assuming unrestricted",
    "Will exit after", "Exiting because a job", "Removing output files", "Trying to restart", "Cancelling snakemake",
    "Terminating processes",
    "Reloading", "Forcing", "Conda environments", "None", "Touching output", "Cannot restore",
    "RuleException:\nCalledProcessError",
    # of the executor for Slurm
    "SLURM run ID", "Provided remote nodes", "No SLURM account", "No account was given", "Unable to guess SLURM account",
    "No job memory information", "Cleaning up SLURM log files", "Could not retrieve node information",
)  # fmt: skip
_ADVICE = (
    " Failed nodes will be excluded",
    " Detailed failure reason",
    " sbatch call:",
)  # of the executor for Slurm; of no use here
_LONGEST_REASON = 200  # characters of what an executor says of a job that failed
_RENAMED = {"Nothing to be done": "Nothing to do: everything is up to date."}


class Console(logging.Formatter):
    """A formatter of Snakemake's records, and the filter that goes with it.

    `begins` makes a line of the start of a job, from its rule's name and its wildcards; empty where none is wanted. `stopped`
    says whether the run was stopped, and that was said: then nothing more is.
    """

    def __init__(self, begins: Callable[[str, Mapping[str, str]], str], stopped: Callable[[], bool]) -> None:
        super().__init__()
        self._begins, self._stopped = begins, stopped
        self._concerns: dict[Any, str] = {}  # the values of the wildcards of each job, which only its start names

    def attach(self, logger: logging.Logger) -> None:
        """Take the place of Snakemake's handler that writes to the console, which adds empty lines."""
        for handler in list(logger.handlers):
            if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
                logger.removeHandler(handler)
                plain = logging.StreamHandler(handler.stream)
                plain.addFilter(lambda record: bool(self.format(record)))
                plain.setFormatter(self)
                logger.addHandler(plain)

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record; empty where it is nothing for a person."""
        event = getattr(getattr(record, "event", None), "value", "")
        text = str(record.msg or "").strip()
        if event in _NEVER_SHOWN or self._stopped():
            return ""
        if event == "job_info":
            wildcards = getattr(record, "wildcards", None) or {}
            self._concerns[getattr(record, "jobid", None)] = "".join(f" {value}" for value in wildcards.values())
            return self._begins(_rule(record), wildcards)
        if event == "job_error":
            concerns = self._concerns.get(getattr(record, "jobid", None), "")
            return f"joulesweep: {_rule(record)}{concerns} failed{_reason(record)}; its log is {', '.join(getattr(record, 'log', []))}"
        for beginning, line in _RENAMED.items():
            if text.startswith(beginning):
                return line
        if (
            text.startswith(_CHATTER)
            or " missing provenance" in text
            or "At least one job did not complete" in text
            or record.levelno < logging.INFO
        ):
            return ""
        return text


def _rule(record: logging.LogRecord) -> str:
    return getattr(record, "rule_name", "")


def _reason(record: logging.LogRecord) -> str:
    """What an executor says of a job that failed, in brackets; empty where it says nothing."""
    words = " ".join((getattr(record, "rule_msg", None) or "").split())
    for beginning in _ADVICE:
        words = words.partition(beginning)[0]
    return f" ({shortened(words.rstrip('.'), _LONGEST_REASON)})" if words else ""
