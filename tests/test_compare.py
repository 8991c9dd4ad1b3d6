"""Two states of the results: what changed beyond its noise is named, what did not is not, and the status says which."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joulesweep.analysis.compare.job import compare
from joulesweep.analysis.merge.job import merge
from joulesweep.errors import UserError
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table

from tests import synthetic
from tests.digits_model import ROOT

MODELS = ["resnet18", "digits_mlp", "vit_tiny"]


def _state(
    folder: Path, factor: float = 1.0, half: float = 0.02, device: str = "laptop", latency_flags: str = ""
) -> Path:
    """Results of three models in one runtime, all `factor` times as slow as at first."""
    for place, model in enumerate(MODELS):
        seconds = 0.01 * (place + 1) * factor
        latency = synthetic.latency_row(device, model, "eager", seconds, half, flags=latency_flags)
        energy = synthetic.energy_row(device, model, "eager", 10 * seconds)
        energy |= {"power_W": energy["energy_J"] / latency["raw_s"]}
        write_table(folder / f"devices/{device}/latency/{model}.csv", columns.LATENCY, [latency])
        write_table(folder / f"devices/{device}/energy/{model}.csv", columns.ENERGY, [energy])
    return folder


def _compared(before: Path, after: Path, **job: Any) -> tuple[bool, str]:
    """Whether anything became worse, and the page."""
    job = synthetic.job(models=MODELS, **{"baseline": str(before), **job})
    merge(job, after, after / "merged")
    worse = compare(job, after / "merged", after / "compare.md")
    return worse, (after / "compare.md").read_text(encoding="utf-8")


def test_equal_states_differ_in_nothing(tmp_path):
    worse, page = _compared(_state(tmp_path / "a"), _state(tmp_path / "b"))
    assert not worse
    assert "**0 figures worse, 0 better, 9 unchanged beyond noise.**" in page
    assert "What differs besides" not in page


def test_what_became_slower_and_hungrier_is_named_with_its_ratio_and_fails(tmp_path, caplog):
    caplog.set_level("INFO")
    worse, page = _compared(_state(tmp_path / "a"), _state(tmp_path / "b", factor=1.5))
    assert worse
    assert (
        "| resnet18 @ eager on laptop at the base point | 10.0 ms ± 2.0 % | 15.0 ms ± 2.0 % | 1.50 \\[1.4".replace(
            "\\", ""
        )
        in page
    )
    assert page.count("**slower**") == page.count("**hungrier**") == 3
    assert (
        "latency of resnet18 @ eager on laptop at the base point: slower: 15.0 ms ± 2.0 %, before 10.0 ms"
        in caplog.text
    )


def test_what_became_better_is_named_and_does_not_fail(tmp_path):
    worse, page = _compared(_state(tmp_path / "a"), _state(tmp_path / "b", factor=0.5))
    assert not worse
    assert page.count("**faster**") == 3


def test_a_change_within_the_noise_of_its_point_is_none(tmp_path):
    _, page = _compared(_state(tmp_path / "a", half=0.2), _state(tmp_path / "b", factor=1.2, half=0.2))
    assert "**slower**" not in page


def test_what_no_longer_runs_is_worse_and_named_with_its_reason(tmp_path):
    before, after = _state(tmp_path / "a"), _state(tmp_path / "b")
    row = synthetic.failed(synthetic.latency_row("laptop", "resnet18", "eager", 0.01), "oom", "killed by SIGKILL")
    write_table(after / "devices/laptop/latency/resnet18.csv", columns.LATENCY, [row])
    worse, page = _compared(before, after)
    assert worse
    assert (
        "| resnet18 @ eager on laptop at the base point | 10.0 ms ± 2.0 % | oom: killed by SIGKILL | – | **fails** |"
        in page
    )
    assert "latency of resnet18 @ eager on laptop is not compared" not in page


def test_an_interval_that_does_not_hold_the_drift_of_days_is_said(tmp_path):
    _, page = _compared(_state(tmp_path / "a", latency_flags="drift_unseen"), _state(tmp_path / "b"))
    assert "**Some intervals hold for the minutes of their run only**" in page


@pytest.mark.slow
def test_the_script_fails_only_where_something_is_worse(tmp_path):
    before, slower = _state(tmp_path / "a"), _state(tmp_path / "b", factor=1.5)
    for baseline, now, status in ((before, slower, 1), (slower, before, 0)):
        job = synthetic.job(models=MODELS, baseline=str(baseline))
        merge(job, now, now / "merged")
        command = [sys.executable, ROOT / "workflow/scripts/compare.py", "--job", json.dumps(job)]
        files = ["--merged", now / "merged", "--out", now / "compare.md"]
        assert subprocess.run([*command, *files], capture_output=True).returncode == status


@pytest.mark.slow
def test_the_whole_comparison_raises_a_false_alarm_in_at_most_one_of_twenty_cases():
    """Of 28 points with 14 launches each that do not differ; seen as `_change` sees them."""
    import pandas as pd
    from joulesweep.analysis.compare import changes as module
    from joulesweep.uncertainty import interval

    random = np.random.default_rng(4)
    latency = module.METRICS[0]
    alarms = 0
    for _ in range(80):
        raised = False
        for _ in range(28):
            rows = []
            for _ in range(2):
                found = interval.of_launches(list(random.lognormal(0, 0.1, 14)))
                row = {"corrected_s": found.value, "ci_low_s": found.low, "ci_high_s": found.high, "launches": 14}
                rows.append(pd.Series({**row, "model": "m", "runtime": "r", "device": "d"}))
            raised |= bool(module._change(latency, *rows, 28).verdict)
        alarms += raised
    assert alarms / 80 <= 0.12


def test_another_model_under_the_same_name_is_not_compared(tmp_path):
    before, after = _state(tmp_path / "a"), _state(tmp_path / "b")
    for stage, table in (("latency", columns.LATENCY), ("energy", columns.ENERGY)):
        row = getattr(synthetic, f"{stage}_row")("laptop", "resnet18", "eager", 0.5)
        write_table(after / f"devices/laptop/{stage}/resnet18.csv", table, [row | {"model_digest": "another"}])
    worse, page = _compared(before, after)
    assert not worse
    assert "latency of resnet18 @ eager on laptop is not compared: it is another model or input" in page
    assert page.count("| resnet18 @ eager") == 0


def test_figures_that_cannot_be_used_are_said_not_to_be_compared(tmp_path):
    _, page = _compared(_state(tmp_path / "a", latency_flags="wide undetermined"), _state(tmp_path / "b"))
    assert (
        "latency of resnet18 @ eager on laptop, digits_mlp @ eager on laptop and vit_tiny @ eager on laptop is not compared: a figure"
        in page
    )


def test_the_only_device_of_each_side_is_compared_whatever_it_is_called(tmp_path):
    worse, page = _compared(_state(tmp_path / "a", device="orin.30W"), _state(tmp_path / "b", 2.0, device="orin.15W"))
    assert worse
    assert "resnet18 @ eager on orin.15W at the base point" in page


def test_modelled_energy_is_not_compared(tmp_path):
    states = [synthetic.tree(tmp_path / name, kind="modelled", models=["digits_mlp"]) for name in ("a", "b")]
    job = synthetic.job(models=["digits_mlp"], baseline=str(states[0]))
    merge(job, states[1], states[1] / "merged")
    compare(job, states[1] / "merged", states[1] / "compare.md")
    page = (states[1] / "compare.md").read_text()
    assert "is not compared: it is modelled, that is computed from time" in page
    assert "## Energy" not in page


def test_a_copy_of_the_whole_project_is_found_too(tmp_path):
    before = _state(tmp_path / "old" / "results")
    assert not _compared(tmp_path / "old", _state(tmp_path / "b"))[0]
    assert not (before / "merged").exists()


@pytest.mark.parametrize(
    ("baseline", "words"),
    [
        ("", "compare: name the results to compare with, as in: snakemake compare --config baseline=FOLDER"),
        ("nowhere", "nowhere holds no results: expected a folder with devices/ in it"),
    ],
)
def test_what_cannot_be_compared_with_is_one_line(tmp_path, monkeypatch, baseline, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        _compared(Path(baseline) if baseline else tmp_path, _state(tmp_path / "b"), baseline=baseline)
    assert words in str(caught.value)


def test_states_without_a_common_point_say_why(tmp_path):
    there = _state(tmp_path / "a")
    here = _state(tmp_path / "b")
    for path in (there / "devices/laptop/latency/resnet18.csv", there / "devices/laptop/energy/resnet18.csv"):
        path.unlink()
    shutil.rmtree(here / "devices/laptop/latency")
    shutil.rmtree(here / "devices/laptop/energy")
    with pytest.raises(UserError, match=r"nothing can be compared with .* is not compared: measured only"):
        _compared(there, here)
