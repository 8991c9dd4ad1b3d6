"""Measure the energy of all models on this device, at every point of their sweeps."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.energy.job import measure

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to measure")
parser.add_argument(
    "--manifests", type=Path, nargs="+", required=True, metavar="FILE", help="the manifests that the exports wrote"
)
parser.add_argument(
    "--out", type=Path, required=True, metavar="DIR", help="where each model's table lies, with its journal beside it"
)
parser.add_argument("--samples", type=Path, required=True, metavar="DIR", help="where the raw power traces are kept")

if __name__ == "__main__":
    cli.run(lambda given: measure(given.job, given.manifests, given.out, given.samples), parser)
