# What is measured on this device. A measuring job takes every core of the run, so that nothing runs beside it; that no
# other run measures at the same time is the device lock's business. `exec`: the job is then Snakemake's own child and
# dies with it. `update`: a table stays until the new one replaces it, also where two runs overlap.


rule describe_device:
    output:
        f"{RESULTS}/devices/{{device}}/device.json",
    log:
        f"{RESULTS}/logs/describe_device/{{device}}.log",
    params:
        job=STAGES.describe_device(),
    shell:
        "exec {STAGES.python:q} {SCRIPTS:q}/describe_device.py --job {params.job:q} --out {output:q} --log {log:q}"


rule evaluate:
    input:
        manifest=lambda wildcards: MANIFEST[wildcards.model],
    output:
        update(f"{RESULTS}/devices/{{device}}/accuracy/{{model}}.csv"),
    log:
        f"{RESULTS}/logs/evaluate/{{device}}/{{model}}.log",
    threads: ALL_CORES
    params:
        job=lambda wildcards: STAGES.evaluate(wildcards.model),
    shell:
        "exec {STAGES.python:q} {SCRIPTS:q}/evaluate.py --job {params.job:q} --manifest {input.manifest:q} "
        "--out {output:q} --log {log:q}"


rule latency:
    input:
        manifest=lambda wildcards: MANIFEST[wildcards.model],
    output:
        update(f"{RESULTS}/devices/{{device}}/latency/{{model}}.csv"),
    log:
        f"{RESULTS}/logs/latency/{{device}}/{{model}}.log",
    threads: ALL_CORES
    params:
        job=lambda wildcards: STAGES.latency(wildcards.model),
    shell:
        "exec {STAGES.python:q} {SCRIPTS:q}/latency.py --job {params.job:q} --manifest {input.manifest:q} "
        "--out {output:q} --log {log:q}"


rule energy:
    input:
        manifest=lambda wildcards: MANIFEST[wildcards.model],
    output:
        update(f"{RESULTS}/devices/{{device}}/energy/{{model}}.csv"),
    log:
        f"{RESULTS}/logs/energy/{{device}}/{{model}}.log",
    threads: ALL_CORES
    params:
        job=lambda wildcards: STAGES.energy(wildcards.model),
        samples=lambda wildcards: f"{HERE}/samples/energy/{wildcards.model}.jsonl",
    shell:
        "exec {STAGES.python:q} {SCRIPTS:q}/energy.py --job {params.job:q} --manifest {input.manifest:q} "
        "--out {output:q} --samples {params.samples:q} --log {log:q}"
