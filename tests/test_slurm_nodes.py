"""What is said of a cluster's nodes before the first job, by what `sinfo` prints."""

import os
from pathlib import Path

import pytest
from joulesweep.errors import UserError
from joulesweep.pipeline import slurm_nodes

LISTING = """node7|jetson-orin,gpu|idle|none
node8|pi|drain|SD card broken
node8|pi|drain|SD card broken
node9|nano|down*|Not responding
node10|gpu|mix|none
head|(null)|idle|none
"""


def _devices(**constraints: str) -> dict[str, dict[str, str]]:
    return {name: {"constraint": constraint} for name, constraint in constraints.items()}


def test_a_device_whose_node_is_up_needs_no_words_and_one_whose_node_is_not_has_a_line():
    assert slurm_nodes.warnings(_devices(orin="jetson-orin"), LISTING) == []
    drained, down = slurm_nodes.warnings(_devices(orin="jetson-orin", pi="pi", nano="nano"), LISTING)
    assert drained.startswith("pi: its node node8 is drain (SD card broken): its job waits")
    assert down.startswith("nano: its node node9 is down* (Not responding): ")


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("jetson-oren", r"devices\.orin: no node has the feature 'jetson-oren' .*known are gpu, jetson-orin, nano, pi"),
        ("null", "no node has the feature 'null'"),
        ("gpu", "devices.orin: node7, node10 all have the feature 'gpu' .*; a device is one node"),
    ],
)
def test_a_device_is_exactly_one_node(constraint, words):
    with pytest.raises(UserError, match=words) as error:
        slurm_nodes.warnings(_devices(orin=constraint), LISTING)
    assert "\n" not in str(error.value)


def test_an_expression_of_features_is_left_to_slurm():
    assert slurm_nodes.warnings(_devices(orin="jetson-orin&gpu"), LISTING) == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "sinfo is missing: start this on a machine from which jobs are submitted"),
        ("echo 'sinfo: error' >&2; echo 'Unable to contact slurm controller' >&2; exit 1", "answer: Unable to contact"),
        ("exit 1", "Slurm does not answer: status 1"),
    ],
)
def test_a_slurm_that_does_not_answer_is_one_line(script, words, tmp_path: Path, monkeypatch):
    if script is not None:
        (tmp_path / "sinfo").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(UserError, match=words):
        slurm_nodes.ask()
