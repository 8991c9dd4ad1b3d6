"""Analysis: reads the tables that were measured, merges them, draws and writes. Runs where Snakemake runs."""
