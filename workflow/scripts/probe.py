"""Say in one line of JSON what the measuring interpreter offers: versions, Python and the meter."""

import argparse
import json
import platform

from joulesweep import cli
from joulesweep.measure.device import libraries
from joulesweep.measure.energy import meter_choice


def main(arguments: argparse.Namespace) -> None:
    """Print the answer."""
    job = arguments.job
    versions = libraries.versions(job["distributions"])
    meter = meter_choice.choose(job["meter"], job["meters"])
    print(json.dumps({"versions": versions, "python": platform.python_version(), "meter": meter}))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, help="JSON object, or @FILE: what to look for")

if __name__ == "__main__":
    cli.run(main, parser)
