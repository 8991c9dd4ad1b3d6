"""Make the artefacts of one model: weights, ONNX, ONNX with 8 bits; and the manifest that describes them."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.export.job import export

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to export")
parser.add_argument(
    "--manifest", type=Path, required=True, metavar="FILE", help="the manifest to write; artefacts lie beside it"
)


def main(given: argparse.Namespace) -> None:
    """Run one export."""
    export(given.job, given.manifest)


if __name__ == "__main__":
    cli.run(main, parser)
