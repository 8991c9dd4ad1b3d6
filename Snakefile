# The map: configuration, this device, the rules, and what the targets `all`, `artefacts`, `measured`, `report`, `lab_report`,
# `compare` and `doctor` stand for.
import re
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.8")

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from joulesweep.errors import UserError
from joulesweep.launches.merge_inputs import FILE
from joulesweep.pipeline import job_files, probe
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.jobs import MEASURING, MERGED_TABLES, Jobs

RESULTS = "results"


include: "workflow/rules/common.smk"


try:
    CONFIG = config.load(config_file(), dict(workflow.config_settings.config), Path(RESULTS))
    for warning in CONFIG.warnings:
        print(f"joulesweep: {warning}", file=sys.stderr)
    JOBS = Jobs(CONFIG, SCRIPTS, Path(RESULTS), probe.ask(CONFIG, SCRIPTS, Path(RESULTS)))
    JOBS.check_analysis()
    MANIFEST = {model: str(JOBS.manifest(model)) for model in CONFIG.models}
except UserError as error:  # an exception here would show a trace
    sys.exit(f"joulesweep: {error}")

PYTHON = probe.interpreter(CONFIG)
DEVICE = CONFIG.device
HERE = f"{RESULTS}/devices/{DEVICE}"
MERGED = expand(f"{RESULTS}/merged/{{table}}.csv", table=MERGED_TABLES)
TAKEN = f"{RESULTS}/merged/{FILE}"
FIGURES = f"{RESULTS}/figures/figures.json"  # which are drawn depends on the data: the list stands for all of them
# Targets that analyse what is there and measure nothing.
PAGES = {f"{RESULTS}/{page}" for page in ("report.md", "report.html", "lab_report.md")}
ANALYSIS = {"report", "page", "lab_report", "compare", "figures", "merge", *PAGES, TAKEN, *MERGED, FIGURES}


wildcard_constraints:
    device="|".join(map(re.escape, [DEVICE])),  # never a foreign device: it cannot be measured here
    model="|".join(map(re.escape, CONFIG.models)),


localrules:
    all,
    artefacts,
    compare,
    doctor,
    measured,


rule all:
    default_target: True
    input:
        # Every product is named, so that a lost one is made again.
        list(MANIFEST.values()),
        expand(f"{RESULTS}/models/{{model}}/layers.csv", model=CONFIG.models),
        counted(),
        described(),
        measured(),
        merged(),
        FIGURES,
        drawn(),
        f"{RESULTS}/report.md",
        made_here("report"),
        f"{RESULTS}/report.html",
        made_here("page"),


# What is the same on every device, and what is measured on this one: `workflow/slurm.smk` makes the first once for all.
rule artefacts:
    input:
        list(MANIFEST.values()),
        counted(),


rule measured:
    input:
        described(),
        measured(),


rule doctor:
    log:
        f"{RESULTS}/logs/doctor.log",
    params:
        job=lambda wildcards: job_files.path(JOBS, "doctor"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/doctor.py --job @{params.job:q} --log {log:q}"


include: "workflow/rules/models.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/analysis.smk"


set_up_run()
