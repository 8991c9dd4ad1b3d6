"""Jobs travel from Snakemake to the stages in files: a job may be longer than a command line can be."""

import json
from pathlib import Path

from joulesweep.pipeline.jobs import Jobs
from joulesweep.system.files import replace_text

FOLDER = Path(".snakemake") / "joulesweep" / "jobs"


def path(jobs: Jobs, stage: str, model: str | None = None) -> str:
    """The file of a stage's job; its name holds the job's digest, so it changes exactly when the job does."""
    return str(FOLDER / f"{'-'.join(filter(None, (stage, model)))}-{jobs.digest(stage, model)}.json")


def write(jobs: Jobs, stage: str, model: str | None = None) -> None:
    """Write the file of a stage's job, unless it is there."""
    file = Path(path(jobs, stage, model))
    if not file.is_file():
        replace_text(file, json.dumps(jobs.of(stage, model)) + "\n")
