"""How many threads a point gets."""

import os

import psutil


def cores() -> tuple[int, int]:
    """Physical and logical cores that this process may use."""
    everywhere = os.cpu_count() or 1
    logical = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else everywhere
    threads_a_core = everywhere // (psutil.cpu_count(logical=False) or everywhere) or 1
    return max(1, logical // threads_a_core), logical


def number(setting: int | str) -> int:
    """The number that a setting stands for: itself, or all physical cores."""
    return cores()[0] if setting == "physical" else int(setting)
