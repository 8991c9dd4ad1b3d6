"""Print the job that a stage gets, as its script takes it: job.py latency > job.json; latency.py --job @job.json."""

import argparse
import json
from pathlib import Path

from joulesweep import cli
from joulesweep.pipeline import probe
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.jobs import OF_A_MODEL, OF_THE_DEVICE, Jobs

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("stage", metavar="STAGE", help=f"one of {', '.join((*OF_A_MODEL, *OF_THE_DEVICE))}")
parser.add_argument(
    "model",
    metavar="MODEL",
    nargs="?",
    help=f"as the configuration names it; only for {', '.join(OF_A_MODEL)}, and with --manifest",
)
parser.add_argument("--configfile", type=Path, default=Path("config.yaml"), metavar="FILE", help="the configuration")
parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="the results (results)")
parser.add_argument("--manifest", action="store_true", help="print the path of the model's manifest instead")


def main(arguments: argparse.Namespace) -> None:
    """Print the job as one line of JSON."""
    scripts, configured = Path(__file__).resolve().parent, config.load(arguments.configfile, results=arguments.results)
    jobs = Jobs(configured, scripts, arguments.results, probe.ask(configured, scripts, arguments.results))
    if arguments.manifest:
        jobs.of("export", arguments.model)  # is there such a model?
        print(jobs.manifest(arguments.model))
    else:
        print(json.dumps(jobs.of(arguments.stage, arguments.model)))


if __name__ == "__main__":
    cli.run(main, parser)
