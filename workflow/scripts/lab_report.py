"""Write the hand-in of the lab from the merged tables and the figures. What you wrote into it is kept."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.analysis.report.job import lab_report

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument(
    "--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="models, hypotheses, group and members"
)
parser.add_argument("--merged", type=Path, required=True, metavar="DIR", help="the merged tables")
parser.add_argument("--figures", type=Path, required=True, metavar="FILE", help="the list of the figures")
parser.add_argument("--template", type=Path, required=True, metavar="FILE", help="the template of the lab report")
parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the lab report to write")

if __name__ == "__main__":
    cli.run(
        lambda given: lab_report(given.job, given.merged, given.figures, given.template, given.out),
        parser,
    )
