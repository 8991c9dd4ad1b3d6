"""Hypotheses of the configuration: one file per kind, each with `sentence` and `cases`."""
