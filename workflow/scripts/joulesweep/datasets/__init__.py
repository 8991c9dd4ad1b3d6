"""Labelled data: one file per data set."""
