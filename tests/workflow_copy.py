"""A temporary copy of the workflow with a small configuration, and the real Snakemake run in it."""

import os
import re
import shutil
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import yaml

from tests import forked_snakemake
from tests.digits_model import ROOT, write_graph

PARTS = ("Snakefile", "config.yaml", "custom_models", "profiles", "workflow")

MLP = {"source": "onnx:mlp.onnx", "runtimes": ["onnxruntime"], "data": "digits"}
CNN = {
    "source": "python:custom_models/digits.py:cnn",
    "input": {"shape": [1, 8, 8]},
    "runtimes": ["eager", "onnxruntime"],
    "weights": "custom_models/digits_cnn.safetensors",
    "data": "digits",
}


def configuration(name: str, **changes: Any) -> dict[str, Any]:
    """Two small models with the fewest launches that are allowed."""
    return {
        "device": name,
        "threads": 1,
        "models": {"mlp": MLP, "cnn": CNN},
        "meter": "cpu-time",  # by name: another test may run an emulated meter at this moment
        "meters": {"cpu-time": {"watts_per_core": 5}},
        "latency": {"launches": 3, "busy_retries": 0, "precision": 1.0, "minutes": 0},
        "energy": {"points": "ends", "launches": 2, "window_s": 0.5},
        "hypotheses": [{"metric": "latency", "of": "mlp", "less_than": "cnn"}],
    } | changes


class Copy:
    """A copy in a folder of its own."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part)
            else:
                shutil.copy(source, folder / part)
        write_graph(folder / "mlp.onnx")
        self.configure(config)

    @classmethod
    def there(cls, folder: Path) -> "Copy":
        """The copy that lies in a folder."""
        copy = object.__new__(cls)
        copy.folder, copy.config = folder, yaml.safe_load((folder / "config.yaml").read_text())
        return copy

    def again(self, folder: Path) -> "Copy":
        """The same as it stands now, results and time stamps too, in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Copy.there(folder)

    def configure(self, config: dict[str, Any]) -> None:
        """Write another configuration."""
        self.config = config
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} holds no {old!r}"
        path.write_text(text.replace(old, new))

    def append(self, file: str, text: str) -> None:
        """Add to the end of a file."""
        path = self.folder / file
        path.write_text(path.read_text() + text)

    def command(self, *arguments: str) -> list[str]:
        """A Snakemake command line."""
        return [sys.executable, "-m", "snakemake", *arguments]

    def run(self, *arguments: str, fails: bool | None = False, **environment: str) -> str:
        """Run Snakemake; returns what it printed. With `fails=None` either exit status is right."""
        if environment:
            done = subprocess.run(
                self.command(*arguments),
                cwd=self.folder,
                env=os.environ | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            status, printed = done.returncode, done.stdout
        else:
            status, printed = forked_snakemake.run(self.folder, *arguments)
        assert fails is None or (status != 0) == fails, printed
        return printed

    def start(self, *arguments: str) -> BaseProcess:
        """Start Snakemake; what it prints is added to the file `printed`."""
        return forked_snakemake.start(self.folder, self.printed, *arguments)

    @property
    def printed(self) -> Path:
        """The file with what started runs have printed."""
        return self.folder / "printed"

    def stale(self, target: str = "all", cores: int = 1, **environment: str) -> set[str]:
        """What a run would do now, by the plan that a dry run prints: `stage model`, or `stage` where it is one of all models."""
        printed = self.run("-n", "--cores", str(cores), "--", target, **environment)
        found = set()
        for line in re.findall(r"^  (?:.+?: .+)$", printed, re.MULTILINE):
            model, _, stages = line.strip().partition(": ")
            for stage in re.sub(r" \(.*?\)", "", stages).split(", "):
                found.add(stage if model == "all models" else f"{stage} {model}")
        return found

    def journal(self, stage: str, model: str) -> list[str]:
        """The lines of one journal, but those that say that a point has all its launches."""
        path = self.folder / "results" / "devices" / self.config["device"] / stage / f"{model}.jsonl"
        return [line for line in path.read_text().splitlines() if '"complete"' not in line] if path.exists() else []
