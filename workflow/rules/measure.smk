# What is measured on this device. A measuring job takes every core of the run, so that nothing runs beside it; that no
# other run measures at the same time is the device lock's business. `exec`: the job is then Snakemake's own child and
# dies with it. `update`: a table stays until the new one replaces it, also where two runs overlap.


rule describe_device:
    output:
        update(f"{RESULTS}/devices/{{device}}/device.json"),
        update(touch(made_here("describe_device", "{device}"))),
    log:
        f"{RESULTS}/logs/describe_device/{{device}}.log",
    priority: 3  # in a few seconds: it says in which power mode the rest was measured
    threads: ALL_CORES  # it measures what the processor does at most
    params:
        job=job("describe_device"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/describe_device.py --job @{params.job:q} --out {output[0]:q} --log {log:q}"


rule evaluate:
    input:
        manifest=lambda wildcards: MANIFEST[wildcards.model],
    output:
        table=update(f"{RESULTS}/devices/{{device}}/accuracy/{{model}}.csv"),
        made=update(touch(made_here("evaluate", "{device}", "{model}"))),
    log:
        f"{RESULTS}/logs/evaluate/{{device}}/{{model}}.log",
    threads: ALL_CORES
    params:
        job=job("evaluate"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/evaluate.py --job @{params.job:q} --manifest {input.manifest:q} "
        "--out {output.table:q} --log {log:q}"


rule latency:
    input:
        manifests=list(MANIFEST.values()),
    output:
        tables=update(expand(f"{HERE}/latency/{{model}}.csv", model=CONFIG.models)),
        made=update(touch(made_here("latency", DEVICE))),
    log:
        f"{RESULTS}/logs/latency/{DEVICE}.log",
    priority: 2  # first what people wait for
    threads: ALL_CORES
    params:
        job=job("latency"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/latency.py --job @{params.job:q} --manifests {input.manifests:q} "
        "--out {HERE:q}/latency --log {log:q}"


rule time_shares:
    input:
        manifests=list(MANIFEST.values()),
    output:
        tables=update(expand(f"{HERE}/time_shares/{{model}}.csv", model=CONFIG.models)),
        made=update(touch(made_here("time_shares", DEVICE))),
    log:
        f"{RESULTS}/logs/time_shares/{DEVICE}.log",
    threads: ALL_CORES
    params:
        job=job("time_shares"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/time_shares.py --job @{params.job:q} --manifests {input.manifests:q} "
        "--out {HERE:q}/time_shares --log {log:q}"


rule energy:
    input:
        manifests=list(MANIFEST.values()),
    output:
        tables=update(expand(f"{HERE}/energy/{{model}}.csv", model=CONFIG.models)),
        made=update(touch(made_here("energy", DEVICE))),
    log:
        f"{RESULTS}/logs/energy/{DEVICE}.log",
    priority: 1
    threads: ALL_CORES
    params:
        job=job("energy"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/energy.py --job @{params.job:q} --manifests {input.manifests:q} "
        "--out {HERE:q}/energy --samples {HERE:q}/samples/energy --log {log:q}"
