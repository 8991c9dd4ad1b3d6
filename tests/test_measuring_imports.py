"""The measuring side needs Python 3.10, numpy, psutil, threadpoolctl, tqdm and one runtime; nothing of the analysis."""

import ast
import subprocess
import sys

import pytest

from tests.digits_model import ROOT

PACKAGE = ROOT / "workflow" / "scripts" / "joulesweep"
ROOMS = ("measure", "meters", "power_logs", "launches", "datasets", "metrics")
NEEDS_TORCH = {"joulesweep.measure.latency.torch_reference"}  # imported where a runtime computes on a GPU
MODULES = sorted(
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    for room in ROOMS
    for file in (PACKAGE / room).rglob("*.py")
    if file.stem != "__init__"
)
CODE = """
import importlib, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {
            "torch", "scipy", "pandas", "sklearn", "matplotlib", "jinja2", "onnx", "safetensors", "PIL", "tokenizers"
        }:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)
sys.meta_path.insert(0, Absent())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_measuring_imports_neither_torch_nor_anything_of_the_analysis():
    modules = [name for name in MODULES if name not in NEEDS_TORCH]
    modules += ["joulesweep.runtimes.onnxruntime", "joulesweep.runtimes.onnxruntime_int8"]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *modules], cwd=PACKAGE.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("room", [*ROOMS, "model", "runtimes", "sources"])
def test_measuring_uses_no_syntax_that_python_3_10_lacks(room):
    for file in (PACKAGE / room).rglob("*.py"):
        ast.parse(file.read_text(encoding="utf-8"), str(file), feature_version=(3, 10))
