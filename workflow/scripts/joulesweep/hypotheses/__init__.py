"""Kinds of hypotheses: one file per kind, named after the key of config.yaml that tells it apart."""
