# What is made of the tables, of this device and of others. Measures nothing, and runs wherever Snakemake runs.


def analysis_only():
    """Whether only analysis was asked for, as in `snakemake report`: then what is there is taken as it is."""
    targets = workflow.dag_settings.targets
    return bool(targets) and ANALYSIS.issuperset(map(str, targets))


rule merge:
    input:
        # Only this device's tables, and only where they may be measured. What else is read is noticed by its content
        # (`token`): as input, an older time stamp would leave the report stale and one of the future would stop
        # Snakemake.
        lambda wildcards: [] if analysis_only() else [*counted(), *measured(), f"{HERE}/device.json"],
    output:
        MERGED,
        TAKEN,
    log:
        f"{RESULTS}/logs/merge.log",
    params:
        job=STAGES.merge(),
        token=STAGES.token(),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/merge.py --job {params.job:q} --results {RESULTS} --out {RESULTS}/merged "
        "--token={params.token:q} --log {log:q}"


rule figures:
    input:
        MERGED,
    output:
        FIGURES,
    log:
        f"{RESULTS}/logs/figures.log",
    params:
        job=STAGES.draw(),
        token=STAGES.figures_token(Path(FIGURES)),  # a lost image is drawn again
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/figures.py --job {params.job:q} --merged {RESULTS}/merged --out {output:q} "
        "--token={params.token:q} --log {log:q}"


rule report:
    input:
        MERGED,
        FIGURES,
    output:
        f"{RESULTS}/report.md",
    log:
        f"{RESULTS}/logs/report.log",
    params:
        job=STAGES.report(TEMPLATE),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/report.py --job {params.job:q} --merged {RESULTS}/merged --figures {FIGURES} "
        "--template {TEMPLATE:q} --out {output:q} --log {log:q}"
