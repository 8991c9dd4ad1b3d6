"""Write down which device this is: machine, processor, system, libraries, governor, meter."""

import argparse
import json
from pathlib import Path

from joulesweep import cli
from joulesweep.measure.device import describe
from joulesweep.system.files import replace_text


def main(arguments: argparse.Namespace) -> None:
    """Write device.json."""
    replace_text(arguments.out, json.dumps(describe.describe(arguments.job), indent=1) + "\n")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, help="JSON object, or @FILE: what to describe")
parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="device.json")

if __name__ == "__main__":
    cli.run(main, parser)
