# A Slurm cluster whose nodes share this folder: `snakemake --profile profiles/slurm`, which docs/slurm.md explains. Every step
# is a run of the plain workflow on the machine that it concerns, which decides there what is stale: artefacts and report are
# made on this machine, and what is measured of a device is measured on its node, in one Slurm job.
import json
import re
import shlex
import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.settings.types import ExecMode

ROOT = Path(workflow.basedir).resolve().parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from joulesweep.errors import UserError
from joulesweep.pipeline import slurm_nodes
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.console import Console
from joulesweep.pipeline.jobs import MEASURING

# Empty files that order the steps. They make no step current: the profile forces every one (`forceall`).
DONE = ".snakemake/joulesweep/slurm"
# A node takes the artefacts as they are: its libraries may be others, and it would export again.
ON_THE_NODE = ("measured", "describe_device", "evaluate", *MEASURING)
FILES = [str(file) for file in workflow.config_settings.configfiles]
SETTINGS = dict(workflow.config_settings.config)

try:
    DEVICES = config.load(Path([*FILES, "config.yaml"][0]), SETTINGS).devices
    if not DEVICES:
        raise UserError("the configuration names no devices; docs/slurm.md shows how: devices: {pi: {}, orin: {}}")
    if workflow.exec_mode == ExecMode.DEFAULT:
        for warning in slurm_nodes.warnings(DEVICES, slurm_nodes.ask()):
            print(f"joulesweep: {warning}", file=sys.stderr)
except UserError as error:  # an exception here would show a trace
    sys.exit(f"joulesweep: {error}")


def plain(target, cores, *options, **settings):
    """The command of the plain workflow for a target; `settings` replace top-level keys of the configuration."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--profile", "none"]
    command += ["--executor", "local", "--cores", cores, *options]
    command += ["--configfile", *FILES] if FILES else []
    if replaced := SETTINGS | settings:
        command += ["--config", *(f"{key}={json.dumps(value)}" for key, value in replaced.items())]
    return shlex.join(map(str, [*command, "--", target]))


def begins(rule, wildcards):
    """The line that says that a step begins; the plain workflow says it of its own stages."""
    return f"{rule} on {wildcards['device']}, by Slurm" if wildcards else ""


if workflow.exec_mode == ExecMode.DEFAULT and not workflow.output_settings.verbose:
    Console(begins, lambda: False).attach(logger)


onsuccess:
    print("The report is results/report.md; results/report.html is the same to explore in a browser")


onerror:
    print(
        "joulesweep: not every step succeeded; what was measured is kept, and the same command goes on; "
        "snakemake --cores 1 page writes a report of what is there",
        file=sys.stderr,
    )


wildcard_constraints:
    device="|".join(map(re.escape, DEVICES)),


localrules:
    all,
    artefacts,
    report,


rule all:
    default_target: True
    input:
        f"{DONE}/report",


rule artefacts:
    output:
        update(touch(f"{DONE}/artefacts")),
    params:
        command=lambda wildcards, threads: plain("artefacts", threads),
    shell:
        "exec {params.command}"


rule measure:
    input:
        f"{DONE}/artefacts",
    output:
        update(touch(f"{DONE}/measured/{{device}}")),
    log:
        "results/logs/measure/{device}.log",
    resources:
        constraint=lambda wildcards: DEVICES[wildcards.device]["constraint"],
        cpus_per_task=-1,  # no number: the step then has all cores of its node, and not one
    params:
        command=lambda wildcards: plain("measured", "all", "--allowed-rules", *ON_THE_NODE, device=wildcards.device),
    shell:
        "exec {params.command} > {log:q} 2>&1"


rule report:
    input:
        expand(f"{DONE}/measured/{{device}}", device=DEVICES),
    output:
        update(touch(f"{DONE}/report")),
    params:
        command=plain("page", 1),
    shell:
        "exec {params.command}"
