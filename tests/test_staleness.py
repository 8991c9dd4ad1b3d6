"""What runs again with the real Snakemake. What makes a job change is shown in `test_jobs.py`: here, that a changed job
makes its stage run and exactly what depends on it, that results are judged by content, and what is measured then."""

import copy
import csv
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from joulesweep.launches.columns import LATENCY
from joulesweep.launches.table_file import write_table

from tests.workflow_copy import CNN, MLP, Copy, configuration

pytestmark = pytest.mark.slow

ANALYSIS = {"merge", "figures", "report"}
LIBRARY = "workflow/scripts/joulesweep"
DEVICE = "tests"


@pytest.fixture
def done(finished: Copy, tmp_path: Path) -> Copy:
    return finished.again(tmp_path / "joulesweep")


def _config(**changes: object) -> dict:
    return configuration(DEVICE, **copy.deepcopy(changes))


def _journals(copied: Copy) -> dict[str, list[str]]:
    return {
        f"{stage} {model}": copied.journal(stage, model) for stage in ("latency", "energy") for model in ("mlp", "cnn")
    }


def test_nothing_is_stale_when_nothing_changed_whatever_the_cores(finished):
    assert finished.stale() == set()
    assert finished.stale(cores=4) == set()
    assert finished.stale("report") == set()


BOTH = ("mlp", "cnn")


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("sources/python.py", ("export", "count", "evaluate", "latency", "energy")),
        ("measure/energy/sampler.py", ("energy",)),
        ("analysis/merge/job.py", ()),
    ],
)
def test_a_changed_job_reaches_its_stage_and_all_that_depends_on_it(done, file, stages):
    done.append(f"{LIBRARY}/{file}", "\n_EXTRA = 1\n")
    assert done.stale() == {f"{stage} {model}" for stage in stages for model in BOTH} | ANALYSIS


def test_figures_and_the_report_are_made_alone_where_only_they_change(done):
    done.append(f"{LIBRARY}/analysis/report/hypotheses/check.py", "\n_EXTRA = 1\n")
    assert done.stale() == {"report"}
    done.append(f"{LIBRARY}/figures/_style.py", "\n_EXTRA = 1\n")
    assert done.stale() == {"figures", "report"}


def test_a_new_model_is_all_that_is_made(done):
    wide = {**CNN, "source": "python:custom_models/digits.py:cnn_wide", "weights": "random"}
    done.configure(_config(models={"mlp": MLP, "cnn": CNN, "wide": wide}))
    stages = ("export", "count", "evaluate", "latency", "energy")
    assert done.stale() == {f"{stage} wide" for stage in stages} | ANALYSIS


def test_a_removed_model_leaves_the_report_but_not_the_disk_and_counts_again_when_it_comes_back(done):
    of_cnn = {"describe_device"}  # the description names the libraries in use: safetensors is no more
    done.configure(_config(models={"mlp": MLP}, hypotheses=[]))
    assert done.stale() == ANALYSIS | of_cnn
    before = done.journal("latency", "cnn")
    done.run("--cores", "1", "all")
    merged = done.folder / "results" / "merged" / "latency.csv"
    assert "cnn" not in merged.read_text()
    assert done.journal("latency", "cnn") == before
    done.configure(_config())
    assert done.stale() == ANALYSIS | of_cnn
    done.run("--cores", "1", "all")
    assert "cnn" in merged.read_text()


def test_a_new_point_and_a_changed_runtime_cost_their_own_launches_only(done):
    before = done.journal("latency", "cnn")
    done.configure(_config(models={"mlp": MLP, "cnn": {**CNN, "sweeps": {"batch": [1, 2, 4]}}}))
    assert done.stale() == {"count cnn", "latency cnn"} | ANALYSIS
    table = f"results/devices/{DEVICE}/latency/cnn.csv"
    done.run("--cores", "1", "--", table)
    after = done.journal("latency", "cnn")
    assert after[: len(before)] == before
    new = [json.loads(line) for line in after[len(before) :]]
    assert {line["key"]["batch"] for line in new} == {2}
    assert len(new) == 3 * len(CNN["runtimes"])
    assert done.stale(table) == set()
    done.append(f"{LIBRARY}/runtimes/eager.py", "\n_EXTRA = 1\n")
    done.run("--cores", "1", "--", table)
    new = [json.loads(line) for line in done.journal("latency", "cnn")[len(after) :]]
    assert {line["key"]["runtime"] for line in new} == {"eager"}


def test_changed_code_of_tables_derives_them_from_the_journals_and_measures_nothing(done):
    """A threshold of a flag, a column or an interval: no journal gains a line."""
    before, table = _journals(done), done.folder / "results" / "devices" / DEVICE / "latency" / "cnn.csv"
    moment = table.stat().st_mtime_ns
    done.append(f"{LIBRARY}/interval.py", "\n_EXTRA = 1\n")
    assert done.stale() == {f"{stage} {model}" for stage in ("latency", "energy") for model in BOTH} | ANALYSIS
    done.run("--cores", "1", "all")
    assert table.stat().st_mtime_ns > moment
    assert _journals(done) == before
    assert done.stale() == set()


def test_another_version_of_a_runtimes_library_costs_the_stages_that_use_it(done, tmp_path):
    metadata = tmp_path / "newer" / "onnxruntime-99.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime\nVersion: 99.0\n")
    stale = done.stale(PYTHONPATH=str(metadata.parent))
    assert stale >= {f"{stage} {model}" for stage in ("latency", "energy", "evaluate") for model in BOTH}
    assert not any(job.startswith(("export", "count")) for job in stale)


@pytest.mark.parametrize("age_s", [-10 * 86400, 10 * 86400])
def test_another_devices_folder_is_merged_whatever_its_time_stamps(done, age_s):
    """It arrives, then it changes; nothing is measured, and nothing of it is deleted."""
    foreign = done.folder / "results" / "devices" / "other" / "latency" / "mlp.csv"
    with (done.folder / "results" / "devices" / DEVICE / "latency" / "mlp.csv").open(newline="") as ours:
        write_table(foreign, LATENCY, [row | {"device": "other"} for row in csv.DictReader(ours)])
    moment = time.time() + age_s
    os.utime(foreign, (moment, moment))
    assert done.stale() == ANALYSIS
    done.run("--cores", "1", "all")
    assert ",other," in (done.folder / "results" / "merged" / "latency.csv").read_text()
    assert done.stale() == set()
    foreign.write_text(",".join(LATENCY.header) + "\n")
    os.utime(foreign, (moment, moment))
    assert done.stale() == ANALYSIS
    assert foreign.exists()


def test_a_lost_product_is_made_again(done):
    (
        done.folder / "results" / "figures" / "parameters_and_flops.png"
    ).unlink()  # one that is drawn whatever was measured
    assert done.stale() == {"figures", "report"}
    (done.folder / "results" / "models" / "mlp" / "layers.csv").unlink()
    assert done.stale() == {"count mlp"} | ANALYSIS


def test_the_report_alone_measures_nothing_and_takes_what_is_there(done):
    (done.folder / "results" / "devices" / DEVICE / "latency" / "mlp.csv").unlink()
    assert done.stale("report") == ANALYSIS
    done.run("--cores", "1", "report")
    assert done.stale("report") == set()
    assert done.stale("all") == {"latency mlp"} | ANALYSIS


def test_a_copied_model_folder_that_fits_is_taken_and_one_that_does_not_is_exported(done, tmp_path):
    """Another device has no record of Snakemake's; the manifest says what is in the folder."""
    other = Copy(tmp_path / "other", _config(device=f"{DEVICE}-other"))
    (other.folder / "results").mkdir()
    (done.folder / "results" / "models").rename(other.folder / "results" / "models")
    assert not any(job.startswith("export") for job in other.stale())
    fewer = {"mlp": MLP, "cnn": {**CNN, "runtimes": ["onnxruntime"]}}
    other.configure(_config(device=f"{DEVICE}-other", models=fewer))
    assert not any(job.startswith("export") for job in other.stale())
    other.configure(_config(device=f"{DEVICE}-other", models={"mlp": {**MLP, "weights": "random"}}, hypotheses=[]))
    assert "export mlp" in other.stale()


def test_results_in_a_fresh_clone_are_judged_anew_and_measured_not_at_all(done):
    """Without Snakemake's records a device folder that arrived, or a changed configuration, is noticed all the same."""
    shutil.rmtree(done.folder / ".snakemake")
    before = _journals(done)
    assert done.stale("report") == ANALYSIS
    done.run("--cores", "1", "all")
    assert _journals(done) == before
    assert done.stale() == set()
