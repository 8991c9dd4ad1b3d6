"""The rest before a sample of the reference. Runs in the forked child; part of every launch's key."""

import time

REST_S = 0.01  # a runtime's threads spin after a pass, and would share the cores with what is timed next


def rest() -> None:
    """Do nothing for `REST_S`, without sleeping: a core that sleeps may lower its clock, or be lent to somebody else.

    The reference of a GPU rests in the same way: its core queues the work, and a lower clock of that core would be
    taken for a slower GPU.
    """
    end = time.perf_counter() + REST_S
    while time.perf_counter() < end:
        pass
