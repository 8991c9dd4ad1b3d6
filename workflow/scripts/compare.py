"""Compare these results with an earlier state of them. The exit status is 1 if anything became worse."""

import argparse
import sys
from pathlib import Path

from joulesweep import cli
from joulesweep.analysis.compare.job import compare


def main(arguments: argparse.Namespace) -> None:
    """Compare, and say by the exit status whether anything became worse."""
    if compare(arguments.job, arguments.merged, arguments.out):
        sys.exit(1)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument(
    "--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="models, and the folder to compare with"
)
parser.add_argument("--merged", type=Path, required=True, metavar="DIR", help="the merged tables of now")
parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the comparison to write")

if __name__ == "__main__":
    cli.run(main, parser)
