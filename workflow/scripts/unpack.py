"""Bring in results that `make pack` packed on another machine; nothing that differs is overwritten."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.transfer import admission, archive

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("file", type=Path, help="the archive")
parser.add_argument("--configfile", type=Path, default=Path("config.yaml"), metavar="FILE", help="config.yaml")
parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="results")


def main(arguments: argparse.Namespace) -> None:
    """Unpack beside the results, check, then move in what may come in."""
    own = config.load(arguments.configfile, results=arguments.results).device
    admission.bring_in(lambda folder: archive.unpack(arguments.file.expanduser(), folder), arguments.results, own)


if __name__ == "__main__":
    cli.run(main, parser)
