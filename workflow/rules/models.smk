# What is the same on every device: a model's artefacts and its counts.


rule export:
    output:
        # The name holds the digest of what is wanted, so that a copied folder that fits is taken as it is, and one that
        # does not is made anew. `update`: the script itself decides what can be kept.
        update(f"{RESULTS}/models/{{model}}/manifest-{{spec}}.json"),
    log:
        f"{RESULTS}/logs/export/{{model}}-{{spec}}.log",
    params:
        job=job("export"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/export.py --job @{params.job:q} --manifest {output:q} --log {log:q}"


rule count:
    input:
        manifest=lambda wildcards: MANIFEST[wildcards.model],
    output:
        counts=f"{RESULTS}/models/{{model}}/counts.csv",
        layers=f"{RESULTS}/models/{{model}}/layers.csv",
    log:
        f"{RESULTS}/logs/count/{{model}}.log",
    params:
        job=job("count"),
    shell:
        "exec {PYTHON:q} {SCRIPTS:q}/count.py --job @{params.job:q} --manifest {input.manifest:q} "
        "--counts {output.counts:q} --layers {output.layers:q} --log {log:q}"
