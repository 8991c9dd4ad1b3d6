"""Have a model measured anew: what its journals hold so far is kept, and superseded."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.journal import Journal

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument(
    "journals", type=Path, nargs="+", metavar="JSONL", help="results/devices/*/{latency,energy}/MODEL.jsonl"
)
parser.add_argument("--runtime", help="only what this runtime measured")


def main(given: argparse.Namespace) -> None:
    """Append a superseding line to every journal that exists."""
    for path in given.journals:
        if path.exists():
            Journal(path).supersede(given.runtime)


if __name__ == "__main__":
    cli.run(main, parser)
