"""Write the report from the merged tables and the figures."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.analysis.report.job import report

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument(
    "--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="models, hypotheses, title"
)
parser.add_argument("--merged", type=Path, required=True, metavar="DIR", help="the merged tables")
parser.add_argument("--figures", type=Path, required=True, metavar="FILE", help="the list of the figures")
parser.add_argument("--template", type=Path, required=True, metavar="FILE", help="the template of the report")
parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the report to write")

if __name__ == "__main__":
    cli.run(
        lambda arguments: report(arguments.job, arguments.merged, arguments.figures, arguments.template, arguments.out),
        parser,
    )
