"""What each stage is given, and thereby when it is stale: its part of the configuration, its code, its libraries.

Snakemake compares a rule's params with those of the last run, so a stage's job holds all that its result depends on and
nothing else. Runs under Snakemake's interpreter; what the measuring one has installed is asked of it once.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from joulesweep import digest, plugins, products
from joulesweep.errors import UserError
from joulesweep.launches import merge_inputs
from joulesweep.pipeline.config import Config

MERGED_TABLES = ("counts", "latency", "energy", "accuracy", "devices", "problems")

# Distributions that a stage uses beside those of the runtime and the source.
_EXPORT = {"module": ("torch",), "onnx": ("torch", "onnx", "onnxscript"), "onnx-int8": ("torch", "onnxruntime")}
_ANALYSIS = {
    "merge": ("pandas", "numpy"),
    "figures": ("pandas", "numpy", "matplotlib"),
    "report": ("pandas", "numpy", "scipy", "jinja2"),
}


class Stages:
    """The jobs of every stage for one configuration.

    Raises (in any method):
        UserError: a plug-in is unknown, or the measuring interpreter cannot be asked.
    """

    def __init__(self, config: Config, scripts: Path, results: Path) -> None:
        self.config, self.scripts, self.results = config, scripts, results

    @property
    def python(self) -> str:
        """The interpreter of the measuring side; on a Jetson, set-up makes an environment for it inside Snakemake's."""
        python = self.config.values["python"]
        if python != "auto":
            return python
        measuring = Path(sys.prefix) / "measuring" / "bin" / "python"
        return str(measuring) if measuring.exists() else sys.executable

    def probe(self) -> None:
        """Ask the measuring interpreter now, where a complaint about it is still one line."""
        _ = self._probed

    def has_data(self, model: str) -> bool:
        """Whether the model names labelled data, so that accuracy can be found."""
        return self.config.models[model]["data"] is not None

    def manifest(self, model: str) -> str:
        """Path of the manifest of a model's artefacts; its name changes with what they are made of."""
        return str(self.results / "models" / model / f"manifest-{self._spec_digest(model)[:12]}.json")

    def export(self, model: str) -> str:
        """The job that makes a model's artefacts."""
        formats = self._formats(model)
        libraries = [name for form in formats for name in _EXPORT[form]] + self._source_libraries(model)
        points = self.config.count_points(model)
        return _json(
            model=self._export_spec(model),
            formats=formats,
            values={axis: _distinct(point[axis] for point in points) for axis in self.config.models[model]["axes"]},
            spec_digest=self._spec_digest(model),
            versions=self._versions(libraries),
        )

    def count(self, model: str) -> str:
        """The job that counts a model's parameters and FLOPs."""
        counters = self._counters(model)
        return _json(
            model=self._part(model, "runtimes"),
            points=self.config.count_points(model),
            code_digest=self._code(
                "count", *(plugins.file("counters", name) for name in counters), self._source_file(model)
            ),
            versions=self._versions([*self._counting_libraries(model), *self._source_libraries(model)]),
        )

    def evaluate(self, model: str) -> str:
        """The job that finds a model's accuracy on its labelled data."""
        data = self.config.models[model]["data"]
        return _json(
            device=self.config.device,
            model=self._part(model, "runtimes", "data"),
            threads=self.config.values["threads"],
            **self._by_runtime(
                model, "evaluate", plugins.file("datasets", data), plugins.declared("datasets", data, "libraries")
            ),
        )

    def latency(self, model: str) -> str:
        """The job that measures a model's latency."""
        return _json(
            device=self.config.device,
            model=self._part(model, "runtimes"),
            points=self.config.latency_points(model),
            settings=self.config.latency,
            reference_digest=digest.of_code(self.scripts / "joulesweep" / "measure" / "latency" / "reference.py"),
            **self._by_runtime(model, "latency"),
        )

    def energy(self, model: str) -> str:
        """The job that measures a model's energy, with the meter that this device has.

        It holds how often the meter failed in the middle of measuring, so that what was lost then is measured by the next
        run; and what the log holds that is joined to the launches. Why a usable meter was taken is no part of it.
        """
        meter = {key: self._probed["meter"][key] for key in ("name", "reason", "settings", "usable")}
        meter["reason"] = "" if meter["usable"] else meter["reason"]
        log = meter["settings"].get("file")
        folder = "power_logs" if meter["name"] in plugins.names("power_logs") else "meters"
        files = [] if meter["name"] == "none" else [plugins.file(folder, meter["name"])]
        return _json(
            device=self.config.device,
            model=self._part(model, "runtimes"),
            points=self.energy_points(model),
            settings=self.config.energy,
            meter=meter,
            meter_failures=self._meter_failures(model),
            log_digest=digest.of_file(Path(log)) if log and Path(log).is_file() else "",
            **self._by_runtime(model, "energy", *files),
        )

    def energy_points(self, model: str) -> list[dict[str, Any]]:
        """The points at which energy is measured, fewer where the meter is slow."""
        return self.config.energy_points(model, self._probed["meter"]["slow"])

    @property
    def energy_launch_s(self) -> float:
        """About how long one launch of an energy measurement is."""
        return self._probed["meter"]["launch_s"]

    def _meter_failures(self, model: str) -> int:
        journal = self.results / "devices" / self.config.device / "energy" / f"{model}.jsonl"
        return journal.read_bytes().count(b'"status": "no_meter"') if journal.is_file() else 0

    def describe_device(self) -> str:
        """The job that describes this device."""
        return _json(
            device=self.config.device,
            meter=self._probed["meter"],
            versions=self._versions(self._needed),
            code_digest=self._code("describe_device"),
        )

    def doctor(self) -> str:
        """The job that tells a person what this device can measure."""
        return _json(**self._probe_job(self._needed), optional=self._optional)

    def merge(self) -> str:
        """The job that brings the tables of all devices together."""
        models = {name: {"runtimes": spec["runtimes"]} for name, spec in self.config.models.items()}
        return _json(device=self.config.device, models=models, **self._analysis("merge"))

    def draw(self) -> str:
        """The job that draws the figures."""
        models = {name: {"runtimes": spec["runtimes"]} for name, spec in self.config.models.items()}
        files = [plugins.file("figures", name) for name in plugins.names("figures")]
        return _ordered_json(
            device=self.config.device, models=models, axes=self.config.axes, **self._analysis("figures", *files)
        )

    def figures_token(self, listing: Path) -> str:
        """A text that changes when a figure is no longer as it was drawn."""
        return products.token(listing)

    def report(self, template: Path) -> str:
        """The job that writes the report."""
        return _ordered_json(
            device=self.config.device,
            models=self.config.models,
            axes=self.config.axes,
            hypotheses=self.config.values["hypotheses"],
            title=self.config.values["title"],
            config_digest=self.config.digest,
            template_digest=digest.of_file(template),
            **self._analysis("report"),
        )

    def token(self) -> str:
        """A text that changes when the tables are no longer those that the last merge read."""
        return merge_inputs.token(self.results, self.results / "merged")

    def _part(self, model: str, *more: str) -> dict[str, Any]:
        """The part of a model's specification that says what it is, and what else the stage uses."""
        spec = self.config.models[model]
        return {key: spec[key] for key in ("name", "source", "inputs", "axes", "weights", "content", *more)}

    def _export_spec(self, model: str) -> dict[str, Any]:
        return self._part(model, *(["data"] if "onnx-int8" in self._formats(model) else []))

    @cache  # noqa: B019 - one object lives as long as the process
    def _spec_digest(self, model: str) -> str:
        code = self._code("export", self._source_file(model))
        return digest.of_text(_json(model=self._export_spec(model), formats=self._formats(model), code=code))

    def _formats(self, model: str) -> list[str]:
        return _distinct(plugins.declared("runtimes", name, "format") for name in self.config.models[model]["runtimes"])

    def _scheme(self, model: str) -> str:
        return self.config.models[model]["source"].partition(":")[0]

    def _source_file(self, model: str) -> Path:
        return plugins.file("sources", self._scheme(model))

    def _source_libraries(self, model: str) -> list[str]:
        return list(plugins.declared("sources", self._scheme(model), "libraries"))

    def _counters(self, model: str) -> list[str]:
        """The counters for what a model is: a torch module, or a graph."""
        kind = plugins.declared("sources", self._scheme(model), "count_from")
        return [name for name in plugins.names("counters") if plugins.declared("counters", name, "counts") == kind]

    def _counting_libraries(self, model: str) -> list[str]:
        return [
            name for counter in self._counters(model) for name in plugins.declared("counters", counter, "libraries")
        ]

    def _by_runtime(self, model: str, stage: str, *files: Path | tuple[str, ...]) -> dict[str, Any]:
        """Code digests and library versions of each runtime of a model."""
        extra = [name for names in files if isinstance(names, tuple) for name in names]
        code, versions = {}, {}
        for runtime in self.config.models[model]["runtimes"]:
            libraries = [*plugins.declared("runtimes", runtime, "libraries"), *extra]
            plugin_files = [plugins.file("runtimes", runtime), *(file for file in files if isinstance(file, Path))]
            if plugins.declared("runtimes", runtime, "format") == "module":
                libraries += self._source_libraries(model)
                plugin_files.append(self._source_file(model))
            code[runtime] = self._code(stage, *plugin_files)
            versions[runtime] = self._versions(libraries)
        return {"code_digest": code, "versions": versions}

    def _code(self, stage: str, *files: Path) -> str:
        return digest.of_code(self.scripts / f"{stage}.py", *files)

    def _analysis(self, stage: str, *files: Path) -> dict[str, Any]:
        versions = {name: metadata.version(name) for name in _ANALYSIS[stage]}
        return {"code_digest": self._code(stage, *files), "versions": versions}

    def _versions(self, libraries: Iterable[str]) -> dict[str, str]:
        """Versions under the measuring interpreter; a library that is missing there is absent here."""
        return {
            name: self._probed["versions"][name] for name in sorted({*libraries}) if name in self._probed["versions"]
        }

    @property
    def _needed(self) -> list[str]:
        """Every distribution that some stage of this configuration uses."""
        names = {"numpy", "psutil", "threadpoolctl", "tqdm"}
        for model, spec in self.config.models.items():
            names.update(self._source_libraries(model), self._counting_libraries(model))
            names.update(name for form in self._formats(model) for name in _EXPORT[form])
            for runtime in spec["runtimes"]:
                names.update(plugins.declared("runtimes", runtime, "libraries"))
            if spec["data"]:
                names.update(plugins.declared("datasets", spec["data"], "libraries"))
        return sorted(names)

    @property
    def _optional(self) -> list[str]:
        """Those that only cross-checks of the counts use."""
        counters = {name for model in self.config.models for name in self._counters(model)}
        checks = {name for name in counters if plugins.declared("counters", name, "check")}
        of_checks, of_counters = (
            {library for name in names for library in plugins.declared("counters", name, "libraries")}
            for names in (checks, counters - checks)
        )
        return sorted(of_checks - of_counters)

    @property
    def _known(self) -> list[str]:
        """Every distribution that some configuration may use: what a device has does not depend on what it is asked."""
        names = {"numpy", *(name for libraries in _EXPORT.values() for name in libraries)}
        for kind in ("sources", "runtimes", "datasets", "counters"):
            for name in plugins.names(kind):
                names.update(plugins.declared(kind, name, "libraries"))
        return sorted(names)

    def _probe_job(self, distributions: list[str]) -> dict[str, Any]:
        values = self.config.values
        return {
            "device": self.config.device,
            "distributions": distributions,
            "meter": values["meter"],
            "meters": values["meters"],
        }

    @cached_property
    def _probed(self) -> dict[str, Any]:
        """What the measuring interpreter has installed, and the meter that this device offers."""
        command = [self.python, str(self.scripts / "probe.py"), "--job", _json(**self._probe_job(self._known))]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        except OSError as error:
            raise UserError(
                f"python: {self.python!r} cannot be started: {error.strerror}; name the interpreter of the measuring side, or auto"
            ) from error
        except subprocess.CalledProcessError as error:
            raise UserError(error.stderr.strip().splitlines()[-1].removeprefix("joulesweep: ")) from error
        return json.loads(answer.stdout)


def _json(**values: Any) -> str:
    return json.dumps(values, sort_keys=True)


def _ordered_json(**values: Any) -> str:
    """For what is shown to people: models in the order of the configuration."""
    return json.dumps(values)


def _distinct(values: Iterable[Any]) -> list[Any]:
    return [value for value in dict.fromkeys(values) if value is not None]
