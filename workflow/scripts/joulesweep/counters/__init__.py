"""Counters of parameters and operations, one file each."""
