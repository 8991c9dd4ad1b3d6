"""Make the artefacts of one model: weights, ONNX, ONNX with 8 bits; and the manifest that describes them."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.export.job import export, killed

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="what to export")
parser.add_argument(
    "--manifest", type=Path, required=True, metavar="FILE", help="the manifest to write; artefacts lie beside it"
)


if __name__ == "__main__":
    cli.run(
        lambda arguments: export(arguments.job, arguments.manifest),
        parser,
        lambda arguments, ending: killed(arguments.job, arguments.manifest, ending),
    )
