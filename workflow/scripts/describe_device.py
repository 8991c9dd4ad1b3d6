"""Write down which device this is: machine, processor, system, libraries, governor, meter."""

import argparse
import json
from pathlib import Path
from typing import Any

from joulesweep import cli
from joulesweep.measure import same_machine
from joulesweep.measure.device import describe
from joulesweep.system.files import replace_text


def main(arguments: argparse.Namespace) -> None:
    """Write device.json, unless the one that is there is of another machine."""
    same_machine.check(arguments.out.parent)
    about = describe.with_peaks(describe.describe(arguments.job), _before(arguments.out))
    replace_text(arguments.out, json.dumps(about, indent=1) + "\n")


def _before(file: Path) -> dict[str, Any]:
    """The last description; empty where there is none that can be read."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, help="JSON object, or @FILE: what to describe")
parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="device.json")

if __name__ == "__main__":
    cli.run(main, parser)
