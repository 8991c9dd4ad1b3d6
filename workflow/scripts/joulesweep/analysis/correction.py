"""Stub while the trial runs."""

from joulesweep.analysis.launches import Launch


def corrected(seen):
    raise NotImplementedError
