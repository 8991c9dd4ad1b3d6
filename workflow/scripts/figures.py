"""Draw the figures from the merged tables."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.analysis.draw_figures import draw

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="models and swept axes")
parser.add_argument("--merged", type=Path, required=True, metavar="DIR", help="the merged tables")
parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write the figures")

if __name__ == "__main__":
    cli.run(lambda given: draw(given.job, given.merged, given.out), parser)
