"""Write the report as one HTML page from the merged tables and the report in Markdown."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.analysis.page.job import page

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="models, limits, title")
parser.add_argument("--merged", type=Path, required=True, metavar="DIR", help="the merged tables")
parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="the report in Markdown")
parser.add_argument("--template", type=Path, required=True, metavar="FILE", help="the template of the page")
parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the page to write")

if __name__ == "__main__":
    cli.run(
        lambda arguments: page(arguments.job, arguments.merged, arguments.report, arguments.template, arguments.out),
        parser,
    )
