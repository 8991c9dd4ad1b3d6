"""Draw the figures from the merged tables."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.analysis.draw_figures import draw

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="models and swept axes")
parser.add_argument("--merged", type=Path, required=True, metavar="DIR", help="the merged tables")
parser.add_argument(
    "--out", type=Path, required=True, metavar="FILE", help="the list of figures to write; images lie beside it"
)
parser.add_argument("--token", default="", metavar="TEXT", help="what the list says about when it was written")

if __name__ == "__main__":
    cli.run(lambda arguments: draw(arguments.job, arguments.merged, arguments.out, arguments.token), parser)
