# What is made of the tables, of this device and of others. Measures nothing, and runs wherever Snakemake runs.
# `update`: a product stays until the new one replaces it, also where two runs overlap.


rule merge:
    input:
        # Only this device's tables, and only where they may be measured. What else is read is noticed by its content
        # (`token`): as input, an older time stamp would leave the report stale and one of the future would stop
        # Snakemake.
        lambda wildcards: [] if analysis_only() else [*counted(), *measured(), *described()],
    output:
        update(MERGED),
        update(TAKEN),
        update(touch(made_here("merge"))),
    log:
        f"{RESULTS}/logs/merge.log",
    params:
        job=job("merge"),
        token=JOBS.token(),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/merge.py --job @{params.job:q} --results {RESULTS} --out {RESULTS}/merged "
        "--token={params.token:q} --log {log:q}"


rule figures:
    input:
        merged(),
    output:
        update(FIGURES),
    log:
        f"{RESULTS}/logs/figures.log",
    params:
        job=job("figures"),
        token=JOBS.figures_token(Path(FIGURES)),  # a lost image is drawn again
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/figures.py --job @{params.job:q} --merged {RESULTS}/merged --out {output:q} "
        "--token={params.token:q} --log {log:q}"


rule report:
    input:
        merged(),
        FIGURES,
    output:
        page=update(f"{RESULTS}/report.md"),
        made=update(touch(made_here("report"))),
    log:
        f"{RESULTS}/logs/report.log",
    params:
        job=job("report"),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/report.py --job @{params.job:q} --merged {RESULTS}/merged --figures {FIGURES} "
        "--template {JOBS.template:q} --out {output.page:q} --log {log:q}"
