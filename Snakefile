# The map: configuration, this device, the rules, and what the targets `all`, `report` and `doctor` stand for.
import re
import sys
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from snakemake.exceptions import WorkflowError

from joulesweep.pipeline import config as configuration
from joulesweep.launches.merge_inputs import FILE
from joulesweep.errors import UserError
from joulesweep.pipeline.plan import plan
from joulesweep.pipeline.jobs import MERGED_TABLES, Stages

TEMPLATE = Path(workflow.basedir) / "workflow" / "templates" / "report.md.j2"
RESULTS = "results"

try:
    # `--configfile` replaces config.yaml as a whole; Snakemake's `configfile:` would mix the models of both.
    CONFIG = configuration.load(
        Path([*workflow.config_settings.configfiles, "config.yaml"][0]), dict(workflow.config_settings.config)
    )
    for warning in CONFIG.warnings:
        print(f"joulesweep: {warning}", file=sys.stderr)
    STAGES = Stages(CONFIG, SCRIPTS, Path(RESULTS))
    MANIFEST = {model: STAGES.manifest(model) for model in CONFIG.models}
    STAGES.probe()
except UserError as error:  # an exception here would show a trace
    sys.exit(f"joulesweep: {error}")

# A measuring job takes every core that Snakemake was given; there are none in `--lint`, `--report` and a bare `-n`.
try:
    ALL_CORES = workflow.cores
except WorkflowError:
    ALL_CORES = 1

DEVICE = CONFIG.device
HERE = f"{RESULTS}/devices/{DEVICE}"
MERGED = expand(f"{RESULTS}/merged/{{table}}.csv", table=MERGED_TABLES)
TAKEN = f"{RESULTS}/merged/{FILE}"
FIGURES = f"{RESULTS}/figures/figures.json"  # which are drawn depends on the data: the list stands for all of them
# Targets that analyse what is there and measure nothing.
ANALYSIS = {"report", "figures", "merge", f"{RESULTS}/report.md", TAKEN, *MERGED, FIGURES}


wildcard_constraints:
    device="|".join(map(re.escape, [DEVICE])),  # never a foreign device: it cannot be measured here
    model="|".join(map(re.escape, CONFIG.models)),


localrules:
    all,
    doctor,


def measured():
    """The tables of this device, one a model and stage. A list: of a generator Snakemake loses the first."""
    stages = {
        model: ["latency", "energy", *(["accuracy"] if STAGES.has_data(model) else [])] for model in CONFIG.models
    }
    return [f"{HERE}/{stage}/{model}.csv" for model in stages for stage in stages[model]]


def counted():
    """The counts of every configured model."""
    return expand(f"{RESULTS}/models/{{model}}/counts.csv", model=CONFIG.models)


rule all:
    default_target: True
    input:
        # Every product is named, so that a lost one is made again.
        list(MANIFEST.values()),
        expand(f"{RESULTS}/models/{{model}}/layers.csv", model=CONFIG.models),
        counted(),
        f"{HERE}/device.json",
        measured(),
        MERGED,
        TAKEN,
        FIGURES,
        f"{RESULTS}/report.md",


rule doctor:
    log:
        f"{RESULTS}/logs/doctor.log",
    params:
        job=STAGES.doctor(),
    shell:
        "exec {STAGES.python:q} {SCRIPTS:q}/doctor.py --job {params.job:q} --log {log:q}"


include: "workflow/rules/models.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/analysis.smk"


onstart:
    print(plan(STAGES, [(job.rule.name, job.wildcards.get("model")) for job in workflow.dag.needrun_jobs()]))
