"""Every counter declares itself, so that the workflow knows what a count depends on without importing it."""

import pytest
from joulesweep import plugins


@pytest.mark.parametrize("name", plugins.names("counters"))
def test_every_counter_declares_what_it_counts_and_needs(name):
    assert plugins.declared("counters", name, "counts") in ("module", "graph")
    assert plugins.declared("counters", name, "check") in (True, False)
    assert isinstance(plugins.declared("counters", name, "libraries"), tuple)


@pytest.mark.parametrize("kind", ["module", "graph"])
def test_what_is_counted_has_a_counter_that_is_no_cross_check(kind):
    counters = [name for name in plugins.names("counters") if plugins.declared("counters", name, "counts") == kind]
    assert not all(plugins.declared("counters", name, "check") for name in counters)
