"""What runs again after what change: every row of the design's table, with the real Snakemake in a temporary copy."""

import copy
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from joulesweep.launches.columns import LATENCY

from tests.workflow_copy import CNN, MLP, Copy, configuration

pytestmark = [pytest.mark.measuring, pytest.mark.slow]

ANALYSIS = {"merge", "figures", "report"}
LIBRARY = "workflow/scripts/joulesweep"
DEVICE = f"staleness-{os.getpid()}"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which everything has been made."""
    made = Copy(tmp_path_factory.mktemp("finished") / "joulesweep", configuration(DEVICE))
    made.run("--cores", "1", "all")
    return made


@pytest.fixture
def done(finished: Copy, tmp_path: Path) -> Copy:
    return finished.again(tmp_path / "joulesweep")


def _config(**changes: object) -> dict:
    return configuration(DEVICE, **copy.deepcopy(changes))


def _stages(*models: str, but: tuple[str, ...] = ()) -> set[str]:
    stages = [stage for stage in ("export", "count", "evaluate", "latency", "energy") if stage not in but]
    return {f"{stage} {model}" for stage in stages for model in models}


def test_nothing_is_stale_when_nothing_changed_whatever_the_cores(finished):
    assert finished.stale() == set()
    assert finished.stale(cores=4) == set()
    assert finished.stale("report") == set()


def test_comments_docstrings_messages_and_what_is_not_used_make_nothing_stale(done):
    for file in (
        f"{LIBRARY}/measure/latency/launch.py",
        f"{LIBRARY}/runtimes/eager.py",
        f"{LIBRARY}/analysis/merge/job.py",
    ):
        done.append(file, "\n# a comment\n")
    done.edit(f"{LIBRARY}/measure/latency/launch.py", '"""One', '"""Only one')
    done.edit(f"{LIBRARY}/measure/processes/server.py", '"""A server', '"""One server')
    done.edit(f"{LIBRARY}/pipeline/config.py", "the key", "this key")
    done.edit(f"{LIBRARY}/launches/columns.py", "forward passes in", "passes in")
    done.edit(f"{LIBRARY}/cli.py", "joulesweep: %s", "Joulesweep: %s")
    done.append(f"{LIBRARY}/measure/progress.py", "\nWIDTH = 80\n")
    shutil.copy(done.folder / LIBRARY / "runtimes" / "eager.py", done.folder / LIBRARY / "runtimes" / "new_one.py")
    shutil.copy(done.folder / LIBRARY / "meters" / "rapl.py", done.folder / LIBRARY / "meters" / "new_one.py")
    assert done.stale() == set()


def test_a_new_model_is_all_that_is_made(done):
    wide = {**CNN, "source": "python:custom_models/digits.py:cnn_wide", "weights": "random"}
    done.configure(_config(models={"mlp": MLP, "cnn": CNN, "wide": wide}))
    assert done.stale() == _stages("wide") | ANALYSIS


def test_a_removed_model_leaves_the_report_but_not_the_disk_and_counts_again_when_it_comes_back(done):
    done.configure(_config(models={"mlp": MLP}, hypotheses=[]))
    assert done.stale() == ANALYSIS
    before = done.journal("latency", "cnn")
    done.run("--cores", "1", "all")
    merged = done.folder / "results" / "merged" / "latency.csv"
    assert "cnn" not in merged.read_text()
    assert done.journal("latency", "cnn") == before
    done.configure(_config())
    assert done.stale() == ANALYSIS
    done.run("--cores", "1", "all")
    assert "cnn" in merged.read_text()


def test_a_new_point_costs_its_own_launches_alone(done):
    before = done.journal("latency", "cnn")
    done.configure(_config(models={"mlp": MLP, "cnn": {**CNN, "sweeps": {"batch": [1, 2, 4]}}}))
    assert done.stale() == {"count cnn", "latency cnn"} | ANALYSIS
    done.run("--cores", "1", "all")
    after = done.journal("latency", "cnn")
    assert after[: len(before)] == before
    new = [json.loads(line) for line in after[len(before) :]]
    assert {line["key"]["batch"] for line in new} == {2}
    assert len(new) == 3 * len(CNN["runtimes"])
    assert done.stale() == set()


def test_reasons_hypotheses_and_titles_concern_the_report_alone(done):
    models = {"mlp": {**MLP, "why": "it is small"}, "cnn": CNN}
    done.configure(_config(models=models, title="Another title", hypotheses=[]))
    assert done.stale() == {"report"}


@pytest.mark.parametrize(
    ("file", "stale"),
    [
        (f"{LIBRARY}/analysis/merge/job.py", ANALYSIS),
        (f"{LIBRARY}/figures/_scatter.py", {"figures", "report"}),
        (f"{LIBRARY}/analysis/report/hypotheses.py", {"report"}),
        ("workflow/templates/report.md.j2", {"report"}),
    ],
)
def test_analysis_code_concerns_the_analysis_stages_that_use_it(done, file, stale):
    done.append(file, "\n_EXTRA = 1\n")
    assert done.stale() == stale


def test_counting_code_makes_counts_and_measures_nothing(done):
    done.append(f"{LIBRARY}/counters/flops.py", "\n_EXTRA = 1\n")
    assert done.stale() == {"count mlp", "count cnn"} | ANALYSIS


def test_a_runtimes_file_costs_the_launches_of_that_runtime_alone(done):
    before = done.journal("latency", "cnn")
    done.append(f"{LIBRARY}/runtimes/eager.py", "\n_EXTRA = 1\n")
    assert done.stale() == {"evaluate cnn", "latency cnn", "energy cnn"} | ANALYSIS
    done.run("--cores", "1", "all")
    new = [json.loads(line) for line in done.journal("latency", "cnn")[len(before) :]]
    assert {line["key"]["runtime"] for line in new} == {"eager"}


def test_another_version_of_a_runtimes_library_costs_the_stages_that_use_it(done, tmp_path):
    metadata = tmp_path / "newer" / "onnxruntime-99.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime\nVersion: 99.0\n")
    stale = done.stale(PYTHONPATH=str(metadata.parent))
    assert stale >= {f"{stage} {model}" for stage in ("latency", "energy", "evaluate") for model in ("mlp", "cnn")}
    assert not any(job.startswith(("export", "count")) for job in stale)


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("launch.py", ("latency",)),
        ("reference.py", ("latency",)),
        ("sampler.py", ("energy",)),
        ("server.py", ("latency", "energy")),
    ],
)
def test_measuring_code_concerns_the_measuring_stages_that_use_it(done, file, stages):
    done.append(f"{LIBRARY}/measure/{file}", "\n_EXTRA = 1\n")
    assert done.stale() == {f"{stage} {model}" for stage in stages for model in ("mlp", "cnn")} | ANALYSIS


def test_the_users_weights_concern_the_models_that_load_them(done):
    weights = done.folder / "custom_models" / "digits_mlp.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    assert done.stale() == _stages("mlp") | ANALYSIS


def test_the_users_model_file_concerns_the_models_it_builds_and_a_comment_in_it_none(done):
    done.append("custom_models/digits.py", "\n# a comment\n")
    assert done.stale() == set()
    done.append("custom_models/digits.py", "\n_EXTRA = 1\n")
    assert done.stale() == _stages("mlp", "cnn") | ANALYSIS


def test_another_meter_or_other_settings_concern_energy_alone(done):
    energy = {"energy mlp", "energy cnn"}
    done.configure(_config(meters={"cpu-time": {"watts_per_core": 7}}))
    assert done.stale() == energy | {"describe_device"} | ANALYSIS
    done.configure(_config(meters={}))
    assert done.stale() == energy | {"describe_device"} | ANALYSIS


@pytest.mark.parametrize("age_s", [-10 * 86400, 0, 10 * 86400])
def test_another_devices_folder_is_merged_whatever_its_time_stamps(done, age_s):
    """It arrives, then it changes; nothing is measured, and nothing of it is deleted."""
    foreign = done.folder / "results" / "devices" / "other" / "latency" / "mlp.csv"
    foreign.parent.mkdir(parents=True)
    ours = done.folder / "results" / "devices" / DEVICE / "latency" / "mlp.csv"
    foreign.write_text(ours.read_text().replace(DEVICE, "other"))
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
    (done.folder / "results" / "figures" / "latency.png").unlink()
    assert done.stale() == {"figures", "report"}
    (done.folder / "results" / "models" / "mlp" / "layers.csv").unlink()
    assert done.stale() == {"count mlp"} | ANALYSIS


def test_the_report_alone_measures_nothing_and_takes_what_is_there(done):
    (done.folder / "results" / "devices" / DEVICE / "latency" / "mlp.csv").unlink()
    assert done.stale("report") == ANALYSIS
    done.run("--cores", "1", "report")
    assert done.stale("report") == set()
    assert done.stale("all") == {"latency mlp"} | ANALYSIS


def test_a_copied_model_folder_that_fits_is_taken_and_one_that_does_not_is_exported(done, finished, tmp_path):
    """Another device has no record of Snakemake's; the manifest's name says whether the folder fits."""
    other = Copy(tmp_path / "other", _config(device=f"{DEVICE}-other"))
    (other.folder / "results").mkdir()
    (done.folder / "results" / "models").rename(other.folder / "results" / "models")
    assert not any(job.startswith("export") for job in other.stale())
    other.configure(_config(device=f"{DEVICE}-other", models={"mlp": {**MLP, "weights": "random"}}, hypotheses=[]))
    assert "export mlp" in other.stale()
