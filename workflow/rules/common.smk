# Helpers of the rules: which configuration, which products, what a run does when it begins and ends, what it says.
import atexit
import logging
import os
import signal
from functools import partial

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import ExecMode

from joulesweep import products
from joulesweep.cli import IN_WORKFLOW
from joulesweep.pipeline.console import Console
from joulesweep.pipeline.jobs import OF_A_MODEL, OF_THE_DEVICE
from joulesweep.pipeline.plan import Plan
from joulesweep.pipeline.stopping import Stop

# A measuring job takes every core that Snakemake was given; there are none in `--lint`, `--report` and a bare `-n`.
try:
    ALL_CORES = workflow.cores
except WorkflowError:
    ALL_CORES = 1


def config_file():
    """The file of the configuration: `--configfile` replaces config.yaml as a whole.

    Snakemake's `configfile:` would mix the models of both.
    """
    return Path([*workflow.config_settings.configfiles, "config.yaml"][0])


def job(stage):
    """The param of a stage's rule: the file in which its job travels, whose name changes with the job."""
    return lambda wildcards: job_files.path(JOBS, stage, wildcards.get("model"))


def made_here(*names):
    """The name of an empty file that says that this working copy made a product.

    Snakemake compares a job with the last one only where it remembers that one. In a fresh clone into which results were
    copied it remembers none, so every stage runs once more; each finds that nothing is missing, and measures nothing.
    """
    return "/".join((".snakemake/joulesweep/made", *names))


def measured():
    """The tables of this device, for each model one of each stage. A list: of a generator Snakemake loses the first."""
    evaluated = [model for model in CONFIG.models if JOBS.has_data(model)]
    return [
        *(f"{HERE}/{stage}/{model}.csv" for stage in MEASURING for model in CONFIG.models),
        *(f"{HERE}/accuracy/{model}.csv" for model in evaluated),
        *(made_here(stage, DEVICE) for stage in MEASURING),
        *(made_here("evaluate", DEVICE, model) for model in evaluated),
    ]


def described():
    """The description of this device."""
    return [f"{HERE}/device.json", made_here("describe_device", DEVICE)]


def merged():
    """The merged tables, as this working copy merged them."""
    return [*MERGED, TAKEN, made_here("merge")]


def drawn():
    """The folder of the figures, once there is one, as `snakemake --report` shows it.

    Which figures are drawn depends on the data, so they are no outputs; as an input of `all` the folder is shown all the same.
    """
    folder = Path(FIGURES).parent
    labels = {"category": "Figures", "labels": figure_labels, "caption": "workflow/captions/figure.rst"}
    return [report(str(folder), patterns=["{figure}.svg"], **labels)] if folder.is_dir() else []


def figure_labels(wildcards):
    """The title and the note of a figure, from the list of the figures."""
    title, note = products.read(Path(FIGURES))["words"].get(wildcards.figure, (wildcards.figure, ""))
    return {"figure": title, "note": note}


def counted():
    """The counts of every configured model."""
    return expand(f"{RESULTS}/models/{{model}}/counts.csv", model=CONFIG.models)


def analysis_only():
    """Whether only analysis was asked for, as in `snakemake report`: then what is there is taken as it is."""
    targets = workflow.dag_settings.targets
    return bool(targets) and ANALYSIS.issuperset(map(str, targets))


def planned():
    """The stages that this run is about to make, as (rule, model); a rule that only names what is made is none."""
    if workflow.dag is None:  # Snakemake could not even plan
        return []
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)  # after a dry run, all count as finished
    stages = [job for job in jobs if job.rule.name in (*OF_A_MODEL, *OF_THE_DEVICE)]
    return [(job.rule.name, job.wildcards.get("model")) for job in stages]


def set_up_run():
    """Show plain lines instead of Snakemake's, and let a dry run end with the plan."""
    logging.raiseExceptions = False  # on a full disk, what must be written says so once
    settings = workflow.output_settings
    if workflow.exec_mode != ExecMode.DEFAULT or settings.verbose or settings.printshellcmds or settings.debug_dag:
        return
    Console(
        lambda rule, wildcards: PLAN[0].begins(rule, wildcards.get("model")) if PLAN else "", lambda: STOP.asked
    ).attach(logger)
    if settings.dryrun:
        atexit.register(lambda: STOP.asked or print(Plan(JOBS, planned()).text, flush=True))


os.environ[IN_WORKFLOW] = str(os.getpid())
# Ctrl-C reaches every process of a terminal. A stage leaves it to Snakemake, which ends the stages: while Python starts, it
# would answer with a trace.
shell.prefix("set -euo pipefail; trap '' INT; ")
# Until the run begins, a signal ends Snakemake at once.
STOP = Stop()
STOP.listen()
# The plan of the run that has begun; none before.
PLAN = []


onstart:
    for rule, model in planned():
        job_files.write(JOBS, rule, model)
    STOP.listen(partial(signal.getsignal(signal.SIGTERM), signal.SIGTERM, None))
    PLAN.append(Plan(JOBS, planned()))
    if not STOP.asked:
        print(PLAN[0].text, flush=True)
