"""Have a model measured anew on a device: its launches so far, or those of one runtime, are superseded and kept."""

import argparse
from pathlib import Path

from joulesweep import cli
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.remeasure import supersede

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model", required=True, metavar="NAME", help="a model of the configuration")
parser.add_argument("--runtime", metavar="NAME", help="only what this runtime ran; otherwise all")
parser.add_argument("--device", metavar="NAME", help="a device of the configuration; otherwise this one")
parser.add_argument("--configfile", type=Path, default=Path("config.yaml"), metavar="FILE", help="config.yaml")
parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="results")


def main(arguments: argparse.Namespace) -> None:
    """Mark the journals and remove the tables that were made of them."""
    device = {"device": arguments.device} if arguments.device else None
    settings = config.load(arguments.configfile, device, arguments.results)
    supersede(settings, arguments.results, arguments.model, arguments.runtime)


if __name__ == "__main__":
    cli.run(main, parser)
