"""Pack what a report needs from the results here, for `make unpack` on another machine."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.transfer import archive

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--artefacts", action="store_true", help="weights and ONNX files too")
parser.add_argument("--configfile", type=Path, default=Path("config.yaml"), metavar="FILE", help="config.yaml")
parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="results")
parser.add_argument("--out", type=Path, metavar="FILE", help="joulesweep-DEVICE.tar.gz, unless named")


def main(arguments: argparse.Namespace) -> None:
    """Write the archive."""
    own = config.load(arguments.configfile, results=arguments.results).device
    out = arguments.out or Path(f"joulesweep-{own}.tar.gz")
    count = archive.pack(arguments.results, out, arguments.artefacts)
    print(f"{out}: {count} files, {out.stat().st_size / 1e6:.1f} MB; on the other machine: make unpack FILE={out.name}")


if __name__ == "__main__":
    cli.run(main, parser)
