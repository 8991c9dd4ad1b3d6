"""Say in one line of JSON how many launches each model of measuring jobs still needs, and about how many seconds that takes."""

import argparse
import json
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.remaining import remaining

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument(
    "--job",
    type=cli.json_object,
    required=True,
    metavar="JSON|@FILE",
    help="jobs: a list of objects with stage, job, manifests (by model), folder (of the journals) and launch_s",
)


def main(arguments: argparse.Namespace) -> None:
    """Print the answer, in the order of the jobs."""
    answers = [
        remaining(
            entry["stage"],
            entry["job"],
            {model: Path(manifest) for model, manifest in entry["manifests"].items()},
            Path(entry["folder"]),
            entry["launch_s"],
        )
        for entry in arguments.job["jobs"]
    ]
    print(json.dumps(answers))


if __name__ == "__main__":
    cli.run(main, parser)
