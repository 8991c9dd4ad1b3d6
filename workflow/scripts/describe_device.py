"""Write down which device this is: machine, processor, system, libraries, governor, meter."""

import argparse
import json
from pathlib import Path

from joulesweep import cli
from joulesweep.measure import same_machine
from joulesweep.measure.device import describe
from joulesweep.system.files import replace_text
from joulesweep.system.machine import description


def main(arguments: argparse.Namespace) -> None:
    """Write device.json, unless the one that is there is of another machine."""
    same_machine.check(arguments.out.parent)
    about = describe.with_peaks(describe.describe(arguments.job), description(arguments.out.parent))
    replace_text(arguments.out, json.dumps(about, indent=1) + "\n")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, help="JSON object, or @FILE: what to describe")
parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="device.json")

if __name__ == "__main__":
    cli.run(main, parser)
