# What is made of the tables, of this device and of others. Measures nothing, and runs wherever Snakemake runs.
# `update`: a product stays until the new one replaces it, also where two runs overlap.

REPORT_TEMPLATE, LAB_TEMPLATE = map(JOBS.template, ("report", "lab_report"))
PAGE_TEMPLATE = JOBS.page_template()


rule merge:
    input:
        # Only this device's tables, and only where they may be measured. What else is read is noticed by its content
        # (`token`): as input, an older time stamp would leave the report stale and one of the future would stop
        # Snakemake.
        lambda wildcards: [] if analysis_only() else [*counted(), *measured(), *described()],
    output:
        [
            report(update(file), category="Tables", labels={"table": Path(file).stem}, caption="../captions/table.rst")
            for file in MERGED
        ],
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
        page=report(
            update(f"{RESULTS}/report.md"),
            category="Report",
            labels={"page": "report"},
            caption="../captions/page.rst",
        ),
        made=update(touch(made_here("report"))),
    log:
        f"{RESULTS}/logs/report.log",
    params:
        job=job("report"),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/report.py --job @{params.job:q} --merged {RESULTS}/merged --figures {FIGURES} "
        "--template {REPORT_TEMPLATE:q} --out {output.page:q} --log {log:q}"


# The same words to explore in a browser: one file, which needs no network.
rule page:
    input:
        merged(),
        FIGURES,
        words=f"{RESULTS}/report.md",
        made=made_here("report"),
    output:
        page=report(
            update(f"{RESULTS}/report.html"),
            category="Report",
            labels={"page": "report to explore"},
            caption="../captions/page.rst",
        ),
        made=update(touch(made_here("page"))),
    log:
        f"{RESULTS}/logs/page.log",
    params:
        job=job("page"),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/page.py --job @{params.job:q} --merged {RESULTS}/merged --report {input.words} "
        "--template {PAGE_TEMPLATE:q} --out {output.page:q} --log {log:q}"


# Not a part of `all`: for those who hand it in. What they wrote into the page is kept, so it is an update too.
rule lab_report:
    input:
        merged(),
        FIGURES,
    output:
        update(f"{RESULTS}/lab_report.md"),
    log:
        f"{RESULTS}/logs/lab_report.log",
    params:
        job=job("lab_report"),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/lab_report.py --job @{params.job:q} --merged {RESULTS}/merged "
        "--figures {FIGURES} --template {LAB_TEMPLATE:q} --out {output:q} --log {log:q}"


# It has no output, so it always runs when it is asked for, and a status that says "worse" takes nothing away.
rule compare:
    input:
        merged(),
    log:
        f"{RESULTS}/logs/compare.log",
    params:
        job=job("compare"),
    shell:
        "exec {sys.executable:q} {SCRIPTS:q}/compare.py --job @{params.job:q} --merged {RESULTS}/merged "
        "--out {RESULTS}/compare.md --log {log:q}"
