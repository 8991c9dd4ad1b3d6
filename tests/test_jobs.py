"""What runs again after what change: a stage is stale exactly when its job differs. Compared over a copy of the library.

That a changed job makes Snakemake run the stage, and what depends on it, is shown by a few real runs in
`test_staleness.py`.
"""

import copy
import json
import os
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from joulesweep.errors import UserError
from joulesweep.pipeline import probe
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.jobs import MEASURING, OF_A_MODEL, OF_THE_DEVICE, Jobs
from joulesweep.pipeline.plan import Plan

from tests.digits_model import ROOT, write_graph
from tests.workflow_copy import CNN, configuration

MLP = {
    "source": "python:custom_models/digits.py:mlp",
    "input": {"shape": [1, 8, 8]},
    "runtimes": ["onnxruntime"],
    "weights": "custom_models/digits_mlp.safetensors",
    "data": "digits",
}
LIBRARY = "workflow/scripts/joulesweep"
LAUNCHING = ("latency", "energy", "time_shares")
MEASURED = ("evaluate", *LAUNCHING)
ANSWER = {
    "versions": {"numpy": "2.4.6", "torch": "2.14.1", "onnx": "1.20", "onnxruntime": "1.32.0", "onnxscript": "0.5"},
    "meter": {"name": "cpu-time", "reason": "", "settings": {}, "usable": True, "slow": False, "launch_s": 3.0},
}


class Tree:
    """A copy of the library and of the users' models, a configuration, and what the measuring interpreter answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = configuration("jobs-test", models={"mlp": MLP, "cnn": CNN})
        self.answer = copy.deepcopy(ANSWER)
        for part in ("workflow", "custom_models"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))

    def append(self, file: str, text: str = "\n_EXTRA = 1\n") -> None:
        (self.folder / file).write_text((self.folder / file).read_text() + text)

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert old in text, f"{file} holds no {old!r}"
        (self.folder / file).write_text(text.replace(old, new))

    def jobs(self) -> Jobs:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.config, sort_keys=False))
        return Jobs(config.load(path), self.folder / "workflow" / "scripts", self.folder / "results", self.answer)

    def digests(self) -> dict[str, str]:
        """The identity of every job, by stage and model, and the name of each manifest."""
        jobs = self.jobs()
        models = [(stage, model) for stage in OF_A_MODEL for model in jobs.config.models]
        found = {f"{stage} {model}": jobs.digest(stage, model) for stage, model in models}
        found |= {f"manifest {model}": str(jobs.manifest(model)) for model in jobs.config.models}
        return found | {stage: jobs.digest(stage) for stage in OF_THE_DEVICE if stage != "doctor"}

    def launch_code(self, stage: str, model: str) -> dict[str, str]:
        """What a launch's key holds of the code, for each runtime."""
        return self.jobs().of(stage)["models"][model]["code_digest"]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    made = Tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    return made


def _changed(tree: Tree, change: Callable[[], Any]) -> set[str]:
    before = tree.digests()
    change()
    after = tree.digests()
    return {name for name in after if after[name] != before.get(name)} - ON_DEMAND


def _of(*models: str, stages: tuple[str, ...] = ("export", "count", *MEASURED)) -> set[str]:
    return {stage if stage in MEASURING else f"{stage} {model}" for stage in stages for model in models}


ALL = _of("mlp", "cnn") | {"manifest mlp", "manifest cnn"}
ANALYSIS = {"merge", "figures", "report", "page"}
ON_DEMAND = {"lab_report", "compare"}  # no part of `all`: test_what_is_made_on_demand… shows when they change


def test_the_same_again_is_the_same(tree):
    assert _changed(tree, lambda: None) == set()


def test_comments_docstrings_messages_and_what_is_not_used_make_nothing_stale(tree):
    def change() -> None:
        for file in ("measure/latency/launch.py", "runtimes/eager.py", "analysis/merge/job.py"):
            tree.append(f"{LIBRARY}/{file}", "\n# a comment\n")
        tree.edit(f"{LIBRARY}/measure/latency/launch.py", '"""One', '"""Only one')
        tree.edit(f"{LIBRARY}/measure/processes/server.py", '"""A server', '"""One server')
        tree.edit(f"{LIBRARY}/pipeline/configuration/config.py", "the key", "this key")
        tree.edit(f"{LIBRARY}/launches/columns.py", "forward passes in", "passes in")
        tree.edit(f"{LIBRARY}/cli.py", "joulesweep: %s", "Joulesweep: %s")
        tree.append(f"{LIBRARY}/measure/progress.py", "\nWIDTH = 80\n")
        for plugin in ("runtimes/eager.py", "meters/rapl.py", "sources/python.py", "datasets/digits.py"):
            file = tree.folder / LIBRARY / plugin
            shutil.copy(file, file.with_name("new_one.py"))

    assert _changed(tree, change) == set()


def test_a_new_model_is_all_that_is_made(tree):
    wide = {**CNN, "source": "python:custom_models/digits.py:cnn_wide", "weights": "random"}
    changed = _changed(tree, lambda: tree.config.update(models={"mlp": MLP, "cnn": CNN, "wide": wide}))
    assert changed == _of("wide") | {"manifest wide"} | ANALYSIS


def test_a_removed_model_concerns_the_stages_of_all_models_only(tree):
    """Those that measure find that nothing is missing."""
    changed = _changed(tree, lambda: tree.config.update(models={"mlp": MLP}, hypotheses=[]))
    assert changed == ANALYSIS | set(LAUNCHING)


def test_a_new_point_concerns_its_model_and_no_key_of_a_launch(tree):
    def sweep(*batches: int) -> None:
        tree.config["models"] = {"mlp": MLP, "cnn": {**CNN, "sweeps": {"batch": list(batches)}}}

    sweep(1, 4)
    key = tree.launch_code("latency", "cnn")
    assert _changed(tree, lambda: sweep(1, 2, 4)) == {"count cnn", "latency", "report"}
    assert tree.launch_code("latency", "cnn") == key


def test_reasons_hypotheses_limits_titles_and_the_order_of_models_concern_what_shows_them_only(tree):
    models = {"mlp": {**MLP, "why": "it is small"}, "cnn": CNN}
    change = {"models": models, "title": "Another title", "hypotheses": []}
    assert _changed(tree, lambda: tree.config.update(change)) == {"report", "page"}
    assert _changed(tree, lambda: tree.config.update(choose={"max_latency_ms": 20})) == {"report", "page"}
    assert _changed(tree, lambda: tree.config.update(models={"cnn": CNN, "mlp": models["mlp"]})) == {
        "figures",
        "report",
        "page",
    }


def test_the_settings_of_a_measuring_stage_concern_it_and_the_report(tree):
    launches = {**tree.config["latency"], "launches": 7}
    changed = _changed(tree, lambda: tree.config.update(latency=launches))
    assert changed == _of("mlp", "cnn", stages=("latency",)) | {"report"}
    changed = _changed(tree, lambda: tree.config.update(energy={**tree.config["energy"], "window_s": 2}))
    assert changed == _of("mlp", "cnn", stages=("energy",)) | {"report"}


@pytest.mark.parametrize(
    ("file", "stale"),
    [
        ("analysis/merge/job.py", {"merge"}),
        ("analysis/statistics/correction.py", {"merge"}),
        ("figures/_style.py", {"figures"}),
        ("figures/latency.py", {"figures"}),
        ("analysis/report/verdicts.py", {"report"}),
        ("analysis/page/variants.py", {"page"}),
        ("../../templates/page/page.css", {"page"}),
        ("../../templates/page/plots.js", {"page"}),
        ("../../templates/report.md.j2", {"report"}),
    ],
)
def test_analysis_code_concerns_the_analysis_stages_that_use_it(tree, file, stale):
    assert _changed(tree, lambda: tree.append(f"{LIBRARY}/{file}")) == stale


def test_what_is_made_on_demand_changes_with_what_it_shows_and_nothing_else_with_it(tree):
    def demanded(change: Callable[[], Any]) -> set[str]:
        before = tree.digests()
        change()
        after = tree.digests()
        return {name for name in ON_DEMAND | {"report"} if after[name] != before[name]}

    assert demanded(lambda: tree.config.update(lab={"group": "Seven"})) == {"lab_report", "report"}
    assert demanded(lambda: tree.config.update(choose={"min_accuracy": 90})) == {"lab_report", "report"}
    assert demanded(lambda: tree.config.update(baseline="old_results")) == {"compare"}
    assert demanded(lambda: tree.append(f"{LIBRARY}/analysis/compare/changes.py")) == {"compare"}
    assert demanded(lambda: tree.append(f"{LIBRARY}/../../templates/lab_report.md.j2")) == {"lab_report"}
    assert demanded(lambda: tree.append(f"{LIBRARY}/hypotheses/less_than.py")) == {"lab_report", "report"}
    assert demanded(lambda: tree.append(f"{LIBRARY}/hypotheses/stays.py")) == set()  # no claim here is of this kind


def test_counting_code_makes_counts_and_measures_nothing(tree):
    changed = _changed(tree, lambda: tree.append(f"{LIBRARY}/counters/flops.py"))
    assert changed == _of("mlp", "cnn", stages=("count",))


def test_a_runtimes_file_concerns_the_launches_of_that_runtime_only(tree):
    before = tree.launch_code("latency", "cnn")
    changed = _changed(tree, lambda: tree.append(f"{LIBRARY}/runtimes/eager.py"))
    assert changed == _of("cnn", stages=MEASURED)
    after = tree.launch_code("latency", "cnn")
    assert after["eager"] != before["eager"]
    assert after["onnxruntime"] == before["onnxruntime"]


def test_a_sources_file_concerns_what_is_built_by_it(tree):
    before = {stage: tree.launch_code(stage, "cnn") for stage in LAUNCHING}
    changed = _changed(tree, lambda: tree.append(f"{LIBRARY}/sources/python.py"))
    assert changed == ALL - {"evaluate mlp"}  # mlp runs as ONNX only
    for stage, keys in before.items():
        assert tree.launch_code(stage, "cnn")["eager"] != keys["eager"]
        assert tree.launch_code(stage, "cnn")["onnxruntime"] == keys["onnxruntime"]


def test_another_version_of_a_library_concerns_the_stages_that_use_it(tree):
    changed = _changed(tree, lambda: tree.answer["versions"].update(onnxruntime="99.0"))
    assert changed == _of("mlp", "cnn", stages=MEASURED) | {"describe_device"}
    changed = _changed(tree, lambda: tree.answer["versions"].update({"scikit-learn": "9"}))
    assert changed == _of("mlp", "cnn", stages=("evaluate",)) | {"describe_device"}


LAUNCH_CODE = [
    ("measure/latency/launch.py", ("latency",)),
    ("measure/latency/sustained.py", ("latency",)),
    ("measure/latency/reference.py", ("latency",)),
    ("measure/latency/torch_reference.py", ("latency",)),
    ("measure/energy/launch.py", ("energy",)),
    ("measure/energy/sampler.py", ("energy",)),
    ("measure/time_shares/launch.py", ("time_shares",)),
    ("measure/processes/server.py", LAUNCHING),
    ("measure/processes/server_process.py", LAUNCHING),
    ("model/inputs.py", LAUNCHING),
]


@pytest.mark.parametrize(("file", "stages"), LAUNCH_CODE)
def test_launch_code_is_in_the_key_of_the_launches_that_run_it(tree, file, stages):
    before = {stage: tree.launch_code(stage, "cnn") for stage in LAUNCHING}
    tree.append(f"{LIBRARY}/{file}")
    for stage, keys in before.items():
        after = tree.launch_code(stage, "cnn")
        assert all((after[runtime] != keys[runtime]) == (stage in stages) for runtime in keys)


def test_the_meters_file_is_in_the_key_of_energys_launches_and_another_meters_is_not(tree):
    before = tree.launch_code("energy", "cnn")
    tree.append(f"{LIBRARY}/meters/rapl.py")
    assert tree.launch_code("energy", "cnn") == before
    changed = _changed(tree, lambda: tree.append(f"{LIBRARY}/meters/cpu_time.py"))
    assert changed == _of("mlp", "cnn", stages=("energy",))
    assert tree.launch_code("energy", "cnn") != before


TABLE_CODE = [
    ("uncertainty/interval.py", set(LAUNCHING)),
    ("schema.py", set(LAUNCHING)),
    ("launches/selection.py", set(LAUNCHING)),
    ("launches/latency_row.py", {"latency"}),
    ("launches/energy_row.py", {"energy"}),
    ("launches/time_shares/rows.py", {"time_shares"}),
    ("launches/journal.py", set(LAUNCHING)),
    ("launches/table_file.py", set(LAUNCHING)),
    ("measure/points.py", set(LAUNCHING)),
    ("measure/lock.py", set(LAUNCHING)),
    ("measure/energy/traces/power_trace.py", {"energy"}),
]


@pytest.mark.parametrize(("file", "stages"), TABLE_CODE)
def test_table_code_derives_tables_again_and_is_in_no_key_of_a_launch(tree, file, stages):
    """A new column, flag or interval costs seconds and measures nothing."""
    before = {stage: tree.launch_code(stage, "cnn") for stage in LAUNCHING}
    changed = _changed(tree, lambda: tree.append(f"{LIBRARY}/{file}"))
    assert changed & set(MEASURING) == stages
    assert {stage: tree.launch_code(stage, "cnn") for stage in before} == before


def test_the_users_weights_concern_the_models_that_load_them(tree):
    weights = tree.folder / "custom_models" / "digits_mlp.safetensors"
    changed = _changed(tree, lambda: weights.write_bytes(weights.read_bytes() + b" "))
    assert changed == _of("mlp") | {"manifest mlp", "report"}


def test_the_users_model_file_concerns_the_models_it_builds_and_a_comment_in_it_none(tree):
    assert _changed(tree, lambda: tree.append("custom_models/digits.py", "\n# a comment\n")) == set()
    assert _changed(tree, lambda: tree.append("custom_models/digits.py")) == ALL | {"report"}


def test_changed_data_concern_the_evaluation_and_the_report_and_nothing_else(tree):
    folder = tree.folder / "digits" / "rose"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"one")
    data = {"set": "images", "folder": "digits", "channels": 1}
    int8 = {**CNN, "runtimes": ["onnxruntime", "onnxruntime-int8"], "data": data}
    tree.config["models"] = {"mlp": MLP, "cnn": int8}
    stale = {"evaluate cnn", "report"}
    assert _changed(tree, lambda: (folder / "a.png").write_bytes(b"another")) == stale
    assert _changed(tree, lambda: data.update(resize=8)) == stale
    assert _changed(tree, lambda: data.update(examples=1)) == stale
    assert _changed(tree, lambda: int8.update(metric="f1")) == stale
    assert _changed(tree, lambda: int8.update(data="digits")) == stale | {"export cnn", "manifest cnn"}


def test_what_int8_is_calibrated_with_is_part_of_its_artefact(tree):
    train = tree.folder / "train.npz"
    (tree.folder / "test.npz").write_bytes(b"one")
    train.write_bytes(b"one")
    data = {"set": "npz", "file": "test.npz", "train": "train.npz"}
    cnn = {**CNN, "runtimes": ["onnxruntime", "onnxruntime-int8"], "data": data}
    tree.config["models"] = {"mlp": MLP, "cnn": cnn}
    assert _changed(tree, lambda: train.write_bytes(b"another")) == {"export cnn", "manifest cnn", "report"}
    assert _changed(tree, lambda: (tree.folder / "test.npz").write_bytes(b"another")) == {"evaluate cnn", "report"}
    tree.config["models"]["cnn"] = {**cnn, "runtimes": ["onnxruntime"]}
    assert _changed(tree, lambda: train.write_bytes(b"a third")) == {"report"}


def test_code_of_data_sets_and_metrics_concerns_the_models_that_use_them(tree):
    assert _changed(tree, lambda: tree.append(f"{LIBRARY}/datasets/digits.py")) == _of(
        "mlp", "cnn", stages=("evaluate",)
    )
    assert _changed(tree, lambda: tree.append(f"{LIBRARY}/metrics/top_1.py")) == _of("mlp", "cnn", stages=("evaluate",))
    assert _changed(tree, lambda: tree.append(f"{LIBRARY}/metrics/f1.py")) == set()
    assert _changed(tree, lambda: tree.append(f"{LIBRARY}/datasets/images.py")) == set()


def test_another_meter_or_other_settings_concern_energy_and_the_devices_description(tree):
    energy = _of("mlp", "cnn", stages=("energy",)) | {"describe_device"}
    assert _changed(tree, lambda: tree.answer["meter"].update(settings={"watts_per_core": 7})) == energy
    assert _changed(tree, lambda: tree.answer["meter"].update(name="none", usable=False)) == energy


def test_why_a_usable_meter_was_taken_concerns_no_energy(tree):
    assert _changed(tree, lambda: tree.answer["meter"].update(reason="for another reason")) == {"describe_device"}


def test_what_a_log_holds_concerns_energy(tree):
    log = tree.folder / "meter {0}.csv"
    log.write_text("time,power\n")
    tree.answer["meter"] |= {"name": "log", "settings": {"file": str(log)}}
    assert _changed(tree, lambda: log.write_text("time,power\n1,2\n")) == _of("mlp", "cnn", stages=("energy",))


def test_a_failure_of_the_meter_makes_the_next_run_measure_what_was_lost(tree):
    journal = tree.folder / "results" / "devices" / "jobs-test" / "energy" / "cnn.jsonl"
    journal.parent.mkdir(parents=True)
    assert _changed(tree, lambda: journal.write_text('{"status": "no_meter"}\n')) == {"energy"}


def test_a_library_that_nothing_here_uses_concerns_no_stage_when_it_appears(tree):
    """As when `make test` installs timm into the environment of `make all`."""
    unused = {"timm": "1", "transformers": "5", "jetson-stats": "7", "torchvision": "1"}
    assert _changed(tree, lambda: tree.answer["versions"].update(unused)) == set()
    changed = _changed(tree, lambda: tree.answer["versions"].update(pthflops="2"))
    assert changed == _of("mlp", "cnn", stages=("count",)) | {"describe_device"}


def test_only_what_every_counter_can_do_without_is_optional(tree):
    job = tree.jobs().doctor()
    assert job["optional"] == ["ptflops", "pthflops"]
    assert {"numpy", "psutil", "threadpoolctl", "tqdm", "torch", "scikit-learn"} <= set(job["distributions"])


def test_the_measuring_interpreter_is_the_one_that_set_up_made_for_it(tree, monkeypatch):
    """On a Jetson, Snakemake runs under another Python than NVIDIA's torch."""
    assert probe.interpreter(tree.jobs().config) == sys.executable
    monkeypatch.setattr(sys, "prefix", str(tree.folder))
    python = tree.folder / "measuring" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert probe.interpreter(tree.jobs().config) == str(python)
    tree.config["python"] = "/usr/bin/python3"
    assert probe.interpreter(tree.jobs().config) == "/usr/bin/python3"


# Artefacts are found by what they are.


def _export(tree: Tree, model: str, formats: list[str], sizes: tuple[int, ...] = (8,)) -> Path:
    """A manifest as an export of the present specification writes it, and its path."""
    from joulesweep.model.manifest import Entry, Manifest

    jobs = tree.jobs()
    job = jobs.export(model)
    path = jobs.manifest(model)
    entries = {form: [Entry(f"{form}-{size}", {"size": size}, "d", 1, 1) for size in sizes] for form in formats}
    code = dict(job["formats"])
    Manifest(model, job["spec_digest"], "m", "i", job["model"], path.parent, entries, code=code).write(path)
    return path


def test_a_device_that_lists_fewer_runtimes_takes_the_artefacts_that_are_there(tree):
    tree.config["hypotheses"] = []
    path = _export(tree, "cnn", ["module", "onnx", "outputs"])
    for runtimes in (["onnxruntime"], ["eager"], ["onnxruntime", "eager"]):
        tree.config["models"] = {"mlp": MLP, "cnn": {**CNN, "runtimes": runtimes}}
        assert tree.jobs().manifest("cnn") == path


def test_what_is_not_there_is_exported_under_another_name(tree):
    path = _export(tree, "cnn", ["module", "onnx", "outputs"])
    tree.config["models"] = {"mlp": MLP, "cnn": {**CNN, "runtimes": ["eager", "onnxruntime", "onnxruntime-int8"]}}
    assert tree.jobs().manifest("cnn") != path
    tree.config["models"] = {"mlp": MLP, "cnn": {**CNN, "sweeps": {"size": [16]}}}
    assert tree.jobs().manifest("cnn") != path
    tree.config["models"] = {"mlp": MLP, "cnn": {**CNN, "weights": "random"}}
    assert tree.jobs().manifest("cnn") != path


def test_a_damaged_manifest_is_none(tree):
    path = _export(tree, "cnn", ["module"])
    path.write_text("{")
    assert tree.jobs().manifest("cnn") != path.with_name("x")
    assert tree.jobs().of("latency")


# What the two interpreters lack.


def test_what_the_measuring_interpreter_lacks_is_said_with_the_plan(tree):
    tree.answer["versions"] |= dict.fromkeys((*probe.ALWAYS, "scikit-learn", "safetensors"), "1.0")
    assert tree.jobs().missing == []
    assert "lacks" not in Plan(tree.jobs(), [("count", "cnn")]).text
    del tree.answer["versions"]["onnxruntime"]
    line = f"{probe.interpreter(tree.jobs().config)} lacks onnxruntime: what needs it becomes a row that says so"
    assert line in Plan(tree.jobs(), [("count", "cnn")]).text
    assert line not in Plan(tree.jobs(), [("report", None)]).text


@pytest.mark.parametrize("stage", sorted({*OF_A_MODEL, *OF_THE_DEVICE} - {*MEASURING, "doctor"}))
def test_every_stage_that_makes_something_is_in_the_plan_and_in_the_progress(tree, stage):
    model = "cnn" if stage in OF_A_MODEL else None
    plan = Plan(tree.jobs(), [(stage, model)])
    assert stage in plan.text
    assert plan.begins(stage, model).startswith(f"[1 of 1] {stage}")


def test_models_that_are_onnx_files_lack_no_torch(tree):
    tree.answer["versions"] = dict.fromkeys((*probe.ALWAYS, "onnx", "onnxruntime", "scikit-learn"), "1.0")
    assert {"torch", "onnxscript"} <= {*tree.jobs().missing}
    write_graph(tree.folder / "mlp.onnx")
    tree.config["models"] = {"mlp": {"source": "onnx:mlp.onnx", "runtimes": ["onnxruntime"], "data": "digits"}}
    tree.config["hypotheses"] = []
    assert tree.jobs().missing == []


def test_a_meter_that_is_named_and_cannot_be_read_is_said_with_the_plan(tree):
    assert "not read" not in Plan(tree.jobs(), [("energy", None)]).text
    tree.answer["meter"] = {**tree.answer["meter"], "name": "plug", "usable": False, "reason": "10.0.0.5: no answer"}
    assert "  energy is not read now: plug: 10.0.0.5: no answer\n" in Plan(tree.jobs(), [("energy", None)]).text
    assert "not read" not in Plan(tree.jobs(), [("latency", None)]).text
    tree.answer["meter"]["name"] = "none"
    assert "not read" not in Plan(tree.jobs(), [("energy", None)]).text


def test_what_snakemakes_interpreter_lacks_is_one_line(tree, monkeypatch):
    tree.jobs().check_analysis()
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: version({"jinja2": "no-such-package"}.get(name, name)))
    with pytest.raises(UserError, match=r"which runs Snakemake, lacks jinja2: activate \.venv"):
        tree.jobs().check_analysis()


# Jobs as a person asks for them.


@pytest.mark.parametrize(
    ("stage", "model", "words"),
    [
        ("latncy", "cnn", "there is no stage 'latncy'; choose one of export, count"),
        ("count", None, "count needs a model; choose one of mlp, cnn"),
        ("count", "net", "count needs a model; choose one of mlp, cnn"),
        ("latency", "cnn", "latency is one job for all models; leave 'cnn' out"),
        ("merge", "cnn", "merge is one job for all models; leave 'cnn' out"),
    ],
)
def test_a_job_that_cannot_be_is_one_line(tree, stage, model, words):
    with pytest.raises(UserError, match=words):
        tree.jobs().of(stage, model)


def test_every_job_can_be_written_as_json(tree):
    jobs = tree.jobs()
    for stage, model in [*((stage, "cnn") for stage in OF_A_MODEL), *((stage, None) for stage in MEASURING)]:
        assert json.loads(json.dumps(jobs.of(stage, model))) == jobs.of(stage, model)
    assert os.fspath(jobs.manifest("cnn")).startswith(str(tree.folder))


def test_the_points_of_a_job_name_no_axis_that_the_model_does_not_have(tmp_path):
    """So that a new axis makes nothing stale."""
    jobs = Tree(tmp_path).jobs()
    for job in (jobs.count("mlp"), jobs.latency()["models"]["mlp"], jobs.energy()["models"]["mlp"]):
        assert all(None not in point.values() and "frames" not in point for point in job["points"])
