"""Evaluate one model on labelled data, in each of its runtimes."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.accuracy.job import evaluate

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to evaluate")
parser.add_argument("--manifest", type=Path, required=True, metavar="FILE", help="the manifest that the export wrote")
parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the table of accuracy to write")

if __name__ == "__main__":
    cli.run(lambda given: evaluate(given.job, given.manifest, given.out), parser)
