"""Find where the time of a pass goes on this device: the share of each kind of layer, for all models at their base points."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.time_shares.job import measure

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to profile")
parser.add_argument(
    "--manifests", type=Path, nargs="+", required=True, metavar="FILE", help="the manifests that the exports wrote"
)
parser.add_argument(
    "--out", type=Path, required=True, metavar="DIR", help="where each model's table lies, with its journal beside it"
)

if __name__ == "__main__":
    cli.run(lambda arguments: measure(arguments.job, arguments.manifests, arguments.out), parser)
