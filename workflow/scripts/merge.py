"""Bring the tables of all devices together and name what cannot be taken."""

import argparse
import gc
from pathlib import Path

from joulesweep import cli
from joulesweep.analysis.merge.job import merge

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument(
    "--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="this device and its models"
)
parser.add_argument("--results", type=Path, required=True, metavar="DIR", help="the folder with devices/ and models/")
parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the merged tables")
parser.add_argument("--token", default="", metavar="TEXT", help="kept beside the tables; names what was there to merge")

if __name__ == "__main__":
    gc.disable()  # what is read stays until the end; to look for garbage in it takes a sixth of the time
    cli.run(lambda given: merge(given.job, given.results, given.out, given.token), parser)
