"""Measure one model's energy on this device, at every point of its sweep."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.energy.job import measure

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to measure")
parser.add_argument("--manifest", type=Path, required=True, metavar="FILE", help="the manifest that the export wrote")
parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table; the journal lies beside it")
parser.add_argument("--samples", type=Path, required=True, metavar="JSONL", help="where the raw power traces are kept")

if __name__ == "__main__":
    cli.run(lambda given: measure(given.job, given.manifest, given.out, given.samples), parser)
