"""Have a model measured anew: everything in these journals, or what one runtime ran, counts no more and is kept."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.errors import UserError
from joulesweep.launches.journal import Journal

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--journals", type=Path, nargs="+", required=True, metavar="JSONL", help="the journals to mark")
parser.add_argument("--runtime", metavar="NAME", help="only what this runtime ran; otherwise all")


def _mark(given: argparse.Namespace) -> None:
    journals = [path for path in given.journals if path.exists()]
    if not journals:
        raise UserError(f"nothing was measured yet: there is no {' and no '.join(map(str, given.journals))}")
    for path in journals:
        Journal(path).again(given.runtime)


if __name__ == "__main__":
    cli.run(_mark, parser)
