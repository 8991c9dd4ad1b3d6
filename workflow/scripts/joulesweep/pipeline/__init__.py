"""What is asked for and what is stale; runs under Snakemake's interpreter."""
