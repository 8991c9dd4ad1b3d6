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

ANALYSIS = {"merge", "figures", "report", "page"}
LIBRARY = "workflow/scripts/joulesweep"
DEVICE = "tests"
BOTH = ("mlp", "cnn")
STAGES = ("export", "count", "evaluate", "latency", "energy", "time_shares")


def _of(*models: str) -> set[str]:
    """All that is made of models, where every launch of theirs is missing."""
    return {f"{stage} {model}" for stage in STAGES for model in models}


@pytest.fixture
def done(finished: Copy, tmp_path: Path) -> Copy:
    return finished.again(tmp_path / "joulesweep")


def _config(**changes: object) -> dict:
    return configuration(DEVICE, **copy.deepcopy(changes))


def _journals(copied: Copy) -> dict[str, list[str]]:
    return {
        f"{stage} {model}": copied.journal(stage, model)
        for stage in ("latency", "energy", "time_shares")
        for model in ("mlp", "cnn")
    }


def test_nothing_is_stale_when_nothing_changed_whatever_the_cores(finished):
    assert finished.stale(cores=4) == set()
    assert finished.stale("report") == set()


def test_a_changed_job_reaches_its_stage_and_all_that_depends_on_it(done):
    """From the last stage to the first, so that each change adds to what was stale before."""
    for file, stages in (
        ("analysis/report/verdicts.py", {"report", "page"}),
        ("figures/_style.py", {"figures", "report", "page"}),
        ("measure/energy/sampler.py", {f"energy {model}" for model in BOTH} | ANALYSIS),
        (
            "profilers/onnxruntime.py",
            {f"{stage} {model}" for stage in ("energy", "time_shares") for model in BOTH} | ANALYSIS,
        ),
        (
            "sources/python.py",
            _of("cnn") | {f"{stage} {model}" for stage in ("energy", "time_shares") for model in BOTH} | ANALYSIS,
        ),
    ):
        done.append(f"{LIBRARY}/{file}", "\n_EXTRA = 1\n")
        assert done.stale() == stages, file


def test_other_limits_rewrite_the_report_and_nothing_else(done):
    done.configure(done.config | {"choose": {"max_latency_ms": 1000}})
    assert done.stale() == {"report", "page"}
    done.run("--cores", "1", "all")
    assert "latency of at most 1000 ms, at the base point.\n\n- **tests:** " in (
        done.folder / "results" / "report.md"
    ).read_text(encoding="utf-8")
    assert done.stale() == set()


def test_a_new_model_is_all_that_is_made(done):
    wide = {**CNN, "source": "python:custom_models/digits.py:cnn_wide", "weights": "random"}
    done.configure(_config(models={"mlp": MLP, "cnn": CNN, "wide": wide}))
    assert done.stale() == _of("wide") | ANALYSIS


def test_a_removed_model_leaves_the_report_but_not_the_disk_and_counts_again_when_it_comes_back(done):
    of_cnn = {"describe_device", "latency", "energy", "time_shares"}  # the description names the libraries in use
    done.configure(_config(models={"mlp": MLP}, hypotheses=[]))
    assert done.stale() == ANALYSIS | of_cnn
    before = done.journal("latency", "cnn")
    merged, here = "results/merged/latency.csv", f"results/devices/{DEVICE}"
    done.run(
        "--cores",
        "1",
        "--",
        merged,
        *(f"{here}/{name}" for name in ("latency/mlp.csv", "energy/mlp.csv", "time_shares/mlp.csv", "device.json")),
    )
    assert "cnn" not in (done.folder / merged).read_text()
    assert done.journal("latency", "cnn") == before
    done.configure(_config())
    assert done.stale() == ANALYSIS | of_cnn


def test_a_new_point_costs_its_own_launches_only(done):
    """What a changed runtime costs is shown without Snakemake: `test_jobs.py`, `test_latency.py`."""
    before = done.journal("latency", "mlp")
    done.configure(_config(models={"mlp": {**MLP, "sweeps": {"batch": [1, 2]}}, "cnn": CNN}))
    assert done.stale() == {"count mlp", "latency mlp", "energy mlp"} | ANALYSIS  # its base point stays
    table = f"results/devices/{DEVICE}/latency/mlp.csv"
    done.run("--cores", "1", "--", table)
    after = done.journal("latency", "mlp")
    assert after[: len(before)] == before
    new = [json.loads(line) for line in after[len(before) :]]
    assert [line["key"]["batch"] for line in new] == [2] * 3


def test_changed_code_of_tables_derives_them_from_the_journals_and_measures_nothing(done):
    """A threshold of a flag or a column: no journal gains a line. Accuracy has none, so its interval's code evaluates again."""
    before, table = _journals(done), done.folder / "results" / "devices" / DEVICE / "latency" / "cnn.csv"
    moment = table.stat().st_mtime_ns
    done.append(f"{LIBRARY}/launches/selection.py", "\n_EXTRA = 1\n")
    assert done.stale() == {"latency", "energy", "time_shares"} | ANALYSIS
    done.run("--cores", "1", "all")
    assert table.stat().st_mtime_ns > moment
    assert _journals(done) == before
    assert done.stale() == set()


def test_another_version_of_a_runtimes_library_costs_the_stages_that_use_it(done, tmp_path):
    metadata = tmp_path / "newer" / "onnxruntime-99.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime\nVersion: 99.0\n")
    stale = done.stale(PYTHONPATH=str(metadata.parent))
    assert stale >= {f"{stage} {model}" for stage in ("latency", "energy", "time_shares", "evaluate") for model in BOTH}
    assert not any(job.startswith(("export", "count")) for job in stale)


def test_another_devices_folder_is_merged_whatever_its_time_stamps(done):
    """It arrives with a stamp of the future, then it changes and has one of the past; nothing of it is deleted."""
    foreign = done.folder / "results" / "devices" / "other" / "latency" / "mlp.csv"
    with (done.folder / "results" / "devices" / DEVICE / "latency" / "mlp.csv").open(newline="") as ours:
        write_table(foreign, LATENCY, [row | {"device": "other"} for row in csv.DictReader(ours)])
    future, past = time.time() + 10 * 86400, time.time() - 10 * 86400
    os.utime(foreign, (future, future))
    assert done.stale() == ANALYSIS
    merged = "results/merged/latency.csv"
    done.run("--cores", "1", "--", merged)
    assert ",other," in (done.folder / merged).read_text()
    assert done.stale(merged) == set()
    foreign.write_text(",".join(LATENCY.header) + "\n")
    os.utime(foreign, (past, past))
    assert done.stale() == ANALYSIS
    assert foreign.exists()


def test_a_lost_product_is_made_again(done):
    (
        done.folder / "results" / "figures" / "parameters_and_flops.png"
    ).unlink()  # one that is drawn whatever was measured
    assert done.stale() == {"figures", "report", "page"}
    (done.folder / "results" / "models" / "mlp" / "layers.csv").unlink()
    assert done.stale() == {"count mlp"} | ANALYSIS


def test_the_report_alone_measures_nothing_and_takes_what_is_there(done):
    (done.folder / "results" / "devices" / DEVICE / "latency" / "mlp.csv").unlink()
    assert done.stale("report") == ANALYSIS - {"page"}
    done.run("--cores", "1", "report")
    assert done.stale("all") == {"latency"} | ANALYSIS


def test_a_copied_model_folder_that_fits_is_taken_and_one_that_does_not_is_exported(done, tmp_path):
    """Another device has no record of Snakemake's; the manifest says what is in the folder."""
    other = Copy(tmp_path / "other", _config(device=f"{DEVICE}-other"))
    (other.folder / "results").mkdir()
    (done.folder / "results" / "models").rename(other.folder / "results" / "models")
    assert not any(job.startswith("export") for job in other.stale())
    fewer = {"mlp": MLP, "cnn": {**CNN, "runtimes": ["onnxruntime"]}}
    other.configure(_config(device=f"{DEVICE}-other", models=fewer))
    assert not any(job.startswith("export") for job in other.stale())
    other.configure(_config(device=f"{DEVICE}-other", models={"cnn": {**CNN, "weights": "random"}}, hypotheses=[]))
    assert "export cnn" in other.stale()


def test_results_in_a_fresh_clone_are_judged_anew_and_measured_not_at_all(done):
    """Without Snakemake's records a device folder that arrived, or a changed configuration, is noticed all the same."""
    shutil.rmtree(done.folder / ".snakemake")
    before = _journals(done)
    assert done.stale("report") == ANALYSIS - {"page"}
    done.run("--cores", "1", "all")
    assert _journals(done) == before
    assert done.stale() == set()
