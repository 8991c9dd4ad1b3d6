"""Count one model's parameters and FLOPs, in all and for each of its layers."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.counting.job import count, killed

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to count")
parser.add_argument("--manifest", type=Path, required=True, metavar="FILE", help="the manifest that the export wrote")
parser.add_argument("--counts", type=Path, required=True, metavar="CSV", help="the table of counts to write")
parser.add_argument("--layers", type=Path, required=True, metavar="CSV", help="the table of layers to write")


def paths(arguments: argparse.Namespace) -> tuple[Path, Path, Path]:
    """The manifest to read, and the two tables to write."""
    return arguments.manifest, arguments.counts, arguments.layers


if __name__ == "__main__":
    cli.run(
        lambda arguments: count(arguments.job, *paths(arguments)),
        parser,
        lambda arguments, ending: killed(arguments.job, *paths(arguments), ending),
    )
