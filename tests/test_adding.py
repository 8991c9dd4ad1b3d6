"""The examples of docs/adding.md work when they are put into a copy of the library, as the page says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import synthetic
from tests.digits_model import ROOT, digits_spec, export_job

PAGE = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")


def _example(folder: str, name: str = "[a-z0-9_]+") -> tuple[str, str]:
    """The file that a part of the page names, and its text."""
    part = re.search(rf"`({folder}/{name}\.py)`[^`]*?```python\n(.*?)```", PAGE, re.DOTALL)
    assert part
    return part[1], part[2]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the scripts with every example in its place."""
    scripts = tmp_path_factory.mktemp("adding") / "scripts"
    shutil.copytree(ROOT / "workflow" / "scripts", scripts, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "workflow" / "schemas", scripts.parent / "schemas")
    examples = [
        _example(folder) for folder in ("meters", "runtimes", "formats", "datasets", "metrics", "figures", "hypotheses")
    ]
    for name, text in (*examples, _example("runtimes", "exported_program")):
        (scripts / "joulesweep" / name).write_text(text, encoding="utf-8")
    counter = re.search(r"```python\n(\"\"\"A cross-check that.*?)```", PAGE, re.DOTALL)
    assert counter
    (scripts / "joulesweep" / "counters" / "thousand.py").write_text(counter[1], encoding="utf-8")
    return scripts


def _run(library: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(library)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_meter_is_listed_and_reads_watts(library, tmp_path):
    (tmp_path / "power").write_text("2500000\n")
    code = f"""
from joulesweep import plugins
assert "ina219" in plugins.names("meters")
meter = plugins.load("meters", "ina219")({{"file": {str(tmp_path / "power")!r}}})
assert meter.available().usable and plugins.declared("meters", "ina219", "SETTINGS")
print(meter.describe().unit, meter.read().values[0])
"""
    assert _run(library, code) == "W 2.5"


def test_the_runtime_declares_its_literals_and_inherits_the_rest(library):
    pytest.importorskip("onnxruntime")
    code = """
from joulesweep import plugins
name = "onnxruntime-arena-off"
assert name in plugins.names("runtimes")
plugins.load("runtimes", name)()
print(plugins.declared("runtimes", name, "format"), plugins.declared("runtimes", name, "libraries"))
"""
    assert _run(library, code) == "onnx ('onnxruntime',)"


@pytest.mark.slow
def test_the_format_is_made_and_its_runtime_computes_the_model(library, tmp_path):
    pytest.importorskip("torch")
    job = export_job(digits_spec(), ["exported-program", "outputs"])
    code = f"""
from pathlib import Path
from joulesweep.export.job import export
from joulesweep.measure.processes.prepare import prepare_pass
point = {{"batch": 1, "size": 8, "threads": 1}}
manifest = export({job!r}, Path({str(tmp_path / "manifest-0.json")!r}))
artefact = manifest.artefact("exported-program", point)
prepared = prepare_pass({{"artefact": artefact, "runtime": "exported-program", "point": point}})
print(manifest.errors, prepared.compared.max_error <= prepared.compared.tolerance, prepared.runtime.ran_on())
"""
    assert _run(library, code) == "{} True torch.export on cpu, float32"


def test_the_data_set_is_configured_and_has_two_parts_that_share_nothing(library, tmp_path):
    pytest.importorskip("sklearn")
    model = {"source": "torchvision:resnet18", "input": {"shape": [13]}, "runtimes": ["eager"]}
    model["data"] = {"set": "wine", "test": 60}
    (tmp_path / "config.yaml").write_text(json.dumps({"models": {"net": model}}))
    code = f"""
from pathlib import Path
from joulesweep import plugins
from joulesweep.pipeline.configuration import config
data = config.load(Path({str(tmp_path / "config.yaml")!r})).models["net"]["data"]
wine = plugins.load("datasets", "wine")(data["settings"])
rows = [part.read(place)["measurements"].tobytes() for part in (wine.test(), wine.train()) for place in range(len(part))]
print(len(wine.test()), len(wine.train()), len(set(rows)), wine.test().read(0)["measurements"].shape)
"""
    assert _run(library, code) == "60 118 178 (13,)"


def test_the_metric_is_judged_by_its_root_and_has_an_interval(library):
    code = """
import numpy as np
from joulesweep import plugins
metric = plugins.load("metrics", "rmse")()
scores = np.array([metric.score(np.array([output]), 1.0) for output in (1.0, 4.0, -3.0, 1.0)])
found = metric.estimate(scores)
print(found.value, found.low < found.value < found.high, plugins.declared("metrics", "rmse", "higher_is_better"))
"""
    assert _run(library, code) == "2.5 True False"


def test_the_counter_counts(library):
    code = """
from joulesweep import plugins
print(plugins.load("counters", "thousand")().point(None, {"batch": 1}), plugins.declared("counters", "thousand", "check"))
"""
    assert _run(library, code) == "{'macs_formula': 1000} True"


def test_the_hypothesis_is_accepted_and_judged(library, tmp_path):
    entry = re.search(r"```yaml\n(  is_below:.*?)```", PAGE, re.DOTALL)
    assert entry
    schema = library.parent / "schemas" / "config.schema.yaml"
    last = '      - {$ref: "#/$defs/grows"}\n'
    text = schema.read_text(encoding="utf-8").replace(last, last + last.replace("grows", "is_below"))
    schema.write_text(f"{text}\n{entry[1]}", encoding="utf-8")
    model = {"source": "torchvision:resnet18", "input": {"shape": [3, 64, 64]}, "runtimes": ["eager"]}
    claim = {"metric": "memory", "of": "resnet18", "is_below": 100}
    (tmp_path / "config.yaml").write_text(json.dumps({"models": {"resnet18": model}, "hypotheses": [claim]}))
    code = f"""
import pandas
from pathlib import Path
from joulesweep import plugins
from joulesweep.pipeline.configuration import config
(claim,) = config.load(Path({str(tmp_path / "config.yaml")!r})).values["hypotheses"]
judged = plugins.load("hypotheses", "is-below")(claim)
rows = [{{"device": "pi", "model": "resnet18", "runtime": "eager", "memory": memory}} for memory in (9e7, 2e8)]
print(judged.sentence(), [case.verdict for case in judged.cases(None, pandas.DataFrame(rows))])
"""
    assert _run(library, code) == "The peak memory of resnet18 is below 100 MB ['supported', 'refuted']"


@pytest.mark.slow
def test_the_figure_is_drawn(library, tmp_path):
    from joulesweep.analysis.merge.job import merge

    job = synthetic.job(models=["resnet18", "digits_mlp"], axes=[])
    synthetic.tree(tmp_path, models=["resnet18", "digits_mlp"])
    merge(job, tmp_path, tmp_path / "merged")
    code = f"""
from pathlib import Path
from joulesweep import plugins
from joulesweep.analysis.draw_figures import draw
assert "parameters-vs-latency" in plugins.names("figures")
plugins.names = lambda *_: ["parameters-vs-latency"]
draw({job!r}, Path({str(tmp_path)!r}) / "merged", Path({str(tmp_path)!r}) / "figures" / "figures.json", "")
"""
    _run(library, code)
    assert (tmp_path / "figures" / "parameters_vs_latency.png").is_file()
