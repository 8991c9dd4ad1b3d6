"""What a dry run of the real Snakemake plans; nothing is made."""

import pytest

from tests.workflow_copy import CNN, Copy, configuration

pytestmark = pytest.mark.slow


def test_a_sweep_of_900_batches_in_two_runtimes_is_planned(tmp_path):
    """Its job is longer than a command line can be."""
    cnn = {**CNN, "sweeps": {"batch": list(range(1, 901))}}
    config = configuration("wide", models={"cnn": cnn}, meter="none", meters={}, hypotheses=[])
    copy = Copy(tmp_path / "joulesweep", config)
    printed = copy.run("-n", "--cores", "1", "all")
    assert f"latency ({900 * 2 * config['latency']['launches']} launches" in printed
    assert not (copy.folder / "results").exists()


def test_another_configuration_is_named_after_the_target(tmp_path):
    """Snakemake would take a target behind `--configfile` for another configuration."""
    copy = Copy(
        tmp_path / "joulesweep", configuration("first", models={"cnn": CNN}, meter="none", meters={}, hypotheses=[])
    )
    (copy.folder / "config.yaml").rename(copy.folder / "x.yaml")
    assert "export" in copy.run("-n", "--cores", "1", "all", "--configfile", "x.yaml")
