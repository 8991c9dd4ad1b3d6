"""Measure one model's latency on this device, at every point of its sweep."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.latency.job import measure

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to measure")
parser.add_argument("--manifest", type=Path, required=True, metavar="FILE", help="the manifest that the export wrote")
parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table; the journal lies beside it")

if __name__ == "__main__":
    cli.run(lambda given: measure(given.job, given.manifest, given.out), parser)
