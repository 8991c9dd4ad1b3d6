"""Labelled data: one file a data set."""
