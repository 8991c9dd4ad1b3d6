"""Tell a person what this device can measure, and what would make it measure more."""

import argparse

from joulesweep import cli
from joulesweep.measure.device import doctor


def main(arguments: argparse.Namespace) -> None:
    """Print the findings as they come."""
    for line in doctor.lines(arguments.job):
        print(line, flush=True)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, help="JSON object, or @FILE: the same as the probe's")

if __name__ == "__main__":
    cli.run(main, parser)
