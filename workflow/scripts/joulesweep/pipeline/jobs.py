"""The job of each stage: its part of the configuration, its code, its libraries. A stage is stale when its job changes.

A job holds all that the stage's result depends on and nothing else. Everything here follows from the configuration, the
library's files, the answer of the measuring interpreter and the results, so that two jobs can be compared in milliseconds.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from joulesweep import digest, plugins, products
from joulesweep.errors import UserError
from joulesweep.launches import merge_inputs
from joulesweep.model import source
from joulesweep.model.manifest import OUTPUTS, Manifest
from joulesweep.pipeline import code_digest, probe
from joulesweep.pipeline.configuration import config_schema
from joulesweep.pipeline.configuration.config import Config

MERGED_TABLES = (
    "counts",
    "layers",
    "latency",
    "launches",
    "energy",
    "time_shares",
    "accuracy",
    "devices",
    "problems",
)
OF_A_MODEL = ("export", "count", "evaluate")
MEASURING = ("latency", "energy", "time_shares")  # one job for all models, so that their launches are interleaved
OF_THE_DEVICE = ("describe_device", *MEASURING, "merge", "figures", "report", "page", "lab_report", "compare", "doctor")

# Where launch code begins: what runs in the measuring process, what starts that process, the reference beside the passes,
# and what reads the meter. Whatever these files import belongs to it.
_LAUNCH_CODE = {
    "latency": (
        "measure/latency/launch.py",
        "measure/latency/sustained.py",
        "measure/latency/reference.py",
        "measure/processes/server.py",
    ),
    "energy": ("measure/energy/launch.py", "measure/energy/sampler.py", "measure/processes/server.py"),
    "time_shares": ("measure/time_shares/launch.py", "measure/processes/server.py"),
}
_TIME_SHARE_LAUNCHES = 3  # of every variant: the smallest and the largest share show how far to trust the mean
_OF_A_MODULE = ("torch", "onnxscript")  # formats of an ONNX file are made without them
_PAGES = ("report", "lab_report")
_ANALYSIS = {
    "merge": ("pandas", "numpy"),
    "compare": ("pandas", "numpy", "scipy"),
    "figures": ("pandas", "numpy", "matplotlib"),
    **dict.fromkeys(_PAGES, ("pandas", "numpy", "scipy", "jinja2")),
    "page": ("pandas", "numpy", "jinja2", "markdown-it-py", "vl-convert-python"),
}

Job = dict[str, Any]


class Jobs:
    """The jobs for one configuration on this device; `answer` is the measuring interpreter's (`probe.ask`).

    Raises (in any method):
        UserError: a plug-in is unknown.
    """

    def __init__(self, config: Config, scripts: Path, results: Path, answer: Mapping[str, Any]) -> None:
        self.config, self.scripts, self.results, self._answer = config, scripts, results, answer
        self._package = scripts / "joulesweep"

    def check_analysis(self) -> None:
        """Check that Snakemake's own interpreter has what the analysis imports.

        Raises:
            UserError: it lacks something.
        """
        needed = {name for names in _ANALYSIS.values() for name in names}
        if missing := sorted(name for name in needed if not _is_installed(name)):
            raise UserError(
                f"{sys.executable}, which runs Snakemake, lacks {', '.join(missing)}: activate .venv, or let `make all` complete it"
            )

    def of(self, stage: str, model: str | None = None) -> Job:
        """The job of a stage: of one model, or of the device.

        Raises:
            UserError: there is no such stage or model, or the stage has no use for a model or needs one.
        """
        if stage not in (*OF_A_MODEL, *OF_THE_DEVICE):
            raise UserError(f"there is no stage {stage!r}; choose one of {', '.join((*OF_A_MODEL, *OF_THE_DEVICE))}")
        if stage in OF_THE_DEVICE:
            if model is not None:
                raise UserError(f"{stage} is one job for all models; leave {model!r} out")
            return getattr(self, stage)()
        if model not in self.config.models:
            raise UserError(f"{stage} needs a model; choose one of {', '.join(self.config.models)}")
        if stage == "evaluate" and not self.has_data(model):
            raise UserError(f"{model} names no labelled data, so there is nothing to evaluate; add data: to it")
        return getattr(self, stage)(model)

    def digest(self, stage: str, model: str | None = None) -> str:
        """Identity of a job. The order of the models is part of what is shown to people, and of nothing else."""
        return digest.of_text(json.dumps(self.of(stage, model), sort_keys=stage not in ("figures", "page", *_PAGES)))

    def has_data(self, model: str) -> bool:
        """Whether the model names labelled data, so that accuracy can be evaluated."""
        return self.config.models[model]["data"] is not None

    @cache  # noqa: B019 - one object lives as long as the process
    def manifest(self, model: str) -> Path:
        """Path of the manifest of a model's artefacts.

        Where the model's folder holds artefacts of this specification for every format and point, as a copied folder may
        whose configuration listed more runtimes, it is their manifest. Otherwise the name changes with what is wanted.
        """
        folder = self.results / "models" / model
        for path in sorted(folder.glob("manifest-*.json")):
            if self._serves(path, model):
                return path
        wanted = [self._spec_digest(model), self._formats_with_code(model), self._export_values(model)]
        return folder / f"manifest-{digest.of_text(json.dumps(wanted, sort_keys=True))[:12]}.json"

    def export(self, model: str) -> Job:
        """The job that makes a model's artefacts."""
        libraries = [*self._format_libraries(model), *self._source_libraries(model)]
        failed = self._failed(model)
        return {
            "model": {**self._part(model), "calibration": self._calibration(model)},
            "formats": self._formats_with_code(model),
            "failed_at": failed.exported_at if failed and failed.passing else "",
            "values": self._export_values(model),
            "spec_digest": self._spec_digest(model),
            "versions": self._versions([*libraries, *([failed.missing] if failed else [])]),
        }

    def count(self, model: str) -> Job:
        """The job that counts a model's parameters and FLOPs."""
        counters = self._counters(model)
        files = [plugins.file("counters", name, self._package) for name in counters]
        return {
            "model": self._part(model, "runtimes"),
            "points": _stated(self.config.count_points(model)),
            "code_digest": self._code(self._script("count"), *files, self._source_file(model)),
            "versions": self._versions([*self._counting_libraries(model), *self._source_libraries(model)]),
        }

    def evaluate(self, model: str) -> Job:
        """The job that evaluates a model's accuracy on its labelled data."""
        spec = self.config.models[model]
        data = spec["data"]["set"]
        plug_ins = [
            plugins.file(kind, name, self._package) for kind, name in (("datasets", data), ("metrics", spec["metric"]))
        ]
        return {
            "device": self.config.device,
            "model": self._part(model, "runtimes", "data", "metric"),
            "threads": self.config.values["threads"],
            **self._by_runtime(
                model, (self._script("evaluate"), *plug_ins), self._declared("datasets", data, "libraries")
            ),
        }

    def latency(self) -> Job:
        """The job that measures the latency of all models."""
        return {
            "device": self.config.device,
            "models": {model: self._latency_of(model) for model in self.config.models},
            "settings": self.config.latency,
            "reference_digest": self._code(self._package / "measure" / "latency" / "reference.py"),
            "table_code": self._code(self._script("latency")),
        }

    def _latency_of(self, model: str) -> Job:
        return {
            "model": self._part(model, "runtimes"),
            "points": _stated(self.config.latency_points(model)),
            **self._by_runtime(model, self._launch_code("latency")),
        }

    def energy(self) -> Job:
        """The job that measures the energy of all models, with the meter that this device has.

        It holds how often the meter failed in the middle of measuring, so that what was lost then is measured by the next
        run; and what the log holds that is joined to the launches. Why a usable meter was taken is no part of it.
        """
        meter = {key: self._answer["meter"][key] for key in ("name", "reason", "settings", "usable")}
        meter["reason"] = "" if meter["usable"] else meter["reason"]
        log = meter["settings"].get("file")
        meters, logs = (
            [
                plugins.file(kind, name, self._package)
                for name in plugins.names(kind, self._package)
                if name == meter["name"]
            ]
            for kind in ("meters", "power_logs")
        )
        return {
            "device": self.config.device,
            "models": {model: self._energy_of(model, meters) for model in self.config.models},
            "settings": self.config.energy,
            "meter": meter,
            "log_digest": digest.of_file(Path(log)) if log and Path(log).is_file() else "",
            "table_code": self._code(self._script("energy"), *logs),  # a log is joined after the launches
        }

    def _energy_of(self, model: str, meters: Iterable[Path]) -> Job:
        return {
            "model": self._part(model, "runtimes"),
            "points": _stated(self.energy_points(model)),
            "meter_failures": self._meter_failures(model),
            **self._by_runtime(model, (*self._launch_code("energy"), *meters)),
        }

    def energy_points(self, model: str) -> list[dict[str, Any]]:
        """The points at which energy is measured, fewer where the meter is slow."""
        return self.config.energy_points(model, self._answer["meter"]["slow"])

    def time_shares(self) -> Job:
        """The job that finds where the time of a pass goes, for every variant at its base point."""
        limits = {name: self.config.latency[name] for name in ("timeout_s", "memory_bytes")}
        return {
            "device": self.config.device,
            "models": {model: self._time_shares_of(model) for model in self.config.models},
            "settings": {"launches": _TIME_SHARE_LAUNCHES, **limits},
            "table_code": self._code(self._script("time_shares")),
        }

    def _time_shares_of(self, model: str) -> Job:
        return {
            "model": self._part(model, "runtimes"),
            "points": _stated(point for point in self.config.latency_points(model) if point["base"]),
            **self._by_runtime(model, self._launch_code("time_shares"), profiled=True),
        }

    @property
    def has_meter(self) -> bool:
        """Whether this device measures or models energy."""
        return self._answer["meter"]["name"] != "none"

    @property
    def meter_refusal(self) -> str:
        """The meter that is named and cannot be read now, and why; empty where it can, or where there is none."""
        meter = self._answer["meter"]
        return "" if meter["usable"] or not self.has_meter else f"{meter['name']}: {meter['reason']}"

    @property
    def energy_launch_s(self) -> float:
        """About how long one launch of an energy measurement is."""
        return self._answer["meter"]["launch_s"]

    @property
    def missing(self) -> list[str]:
        """Distributions that this configuration uses and the measuring interpreter lacks; those of cross-checks may be missing."""
        return sorted({*self._needed} - {*self._answer["versions"]} - {*self._optional})

    def describe_device(self) -> Job:
        """The job that describes this device."""
        return {
            "device": self.config.device,
            "meter": self._answer["meter"],
            "versions": self._versions(self._needed),
            "code_digest": self._code(self._script("describe_device")),
        }

    def doctor(self) -> Job:
        """The job that says what this device can measure."""
        return {**probe.question(self.config, self._needed), "optional": self._optional}

    def merge(self) -> Job:
        """The job that brings the tables of all devices together."""
        return {"device": self.config.device, "models": self._runtimes, **self._analysis("merge")}

    def figures(self) -> Job:
        """The job that draws the figures."""
        files = [plugins.file("figures", name, self._package) for name in plugins.names("figures", self._package)]
        return {
            "device": self.config.device,
            "models": self._runtimes,
            "axes": self.config.axes,
            **self._analysis("figures", *files),
        }

    def report(self) -> Job:
        """The job that writes the report."""
        return self._page("report")

    def page(self) -> Job:
        """The job that writes the report as an HTML page."""
        files = sorted(self.page_template().parent.iterdir())
        return {
            "device": self.config.device,
            "models": self._runtimes,
            "with_data": [model for model in self.config.models if self.has_data(model)],
            "choose": self.config.values.get("choose", {}),
            "title": self.config.values["title"],
            "template_digest": digest.of_text(" ".join(map(digest.of_file, files))),
            **self._analysis("page"),
        }

    def lab_report(self) -> Job:
        """The job that writes the hand-in of the lab."""
        return {**self._page("lab_report"), "lab": self.config.values["lab"]}

    def compare(self) -> Job:
        """The job that compares the results with an earlier state of them."""
        values = self.config.values
        return {
            **self.merge(),
            "title": values["title"],
            "baseline": values.get("baseline", ""),
            **self._analysis("compare"),
        }

    def template(self, page: str) -> Path:
        """The template of `report` or `lab_report`."""
        return self.scripts.parent / "templates" / f"{page}.md.j2"

    def page_template(self) -> Path:
        """The template of the HTML page; its style and its scripts lie beside it."""
        return self.scripts.parent / "templates" / "page" / "page.html.j2"

    def token(self) -> str:
        """A text that changes when the tables are no longer those that the last merge read."""
        return merge_inputs.token(self.results, self.results / "merged")

    def figures_token(self, listing: Path) -> str:
        """A text that changes when a figure is no longer as it was drawn."""
        return products.token(listing)

    def _part(self, model: str, *more: str) -> dict[str, Any]:
        """The part of a model's specification that says what it is, and what else the stage uses."""
        spec = self.config.models[model]
        return {
            key: spec[key] for key in ("name", "source", "inputs", "axes", "arguments", "weights", "content", *more)
        }

    @property
    def _runtimes(self) -> dict[str, Any]:
        return {name: {"runtimes": spec["runtimes"]} for name, spec in self.config.models.items()}

    @cache  # noqa: B019
    def _spec_digest(self, model: str) -> str:
        """What a model's artefacts are made of, whatever their formats."""
        code = self._code(self._script("export"), self._source_file(model))
        return digest.of_text(json.dumps([self._part(model), code], sort_keys=True))

    def _export_values(self, model: str) -> dict[str, list[Any]]:
        """Values of each input axis that artefacts must serve."""
        points = self.config.count_points(model)
        return {axis: _distinct(point[axis] for point in points) for axis in self.config.models[model]["axes"]}

    def _serves(self, path: Path, model: str) -> bool:
        """Whether a manifest is one of this specification, for every format and point that is wanted."""
        try:
            manifest = Manifest.read(path)
        except UserError:
            return False
        base = self.config.count_points(model)[0]
        points = [base | {axis: value} for axis, values in self._export_values(model).items() for value in values]
        wanted = self._formats_with_code(model)
        if any(manifest.code.get(form) != code for form, code in wanted.items()):
            return False
        return manifest.spec_digest == self._spec_digest(model) and all(
            manifest.answers(form, point) for form in self._formats(model) for point in points or [base]
        )

    def _meter_failures(self, model: str) -> int:
        journal = self.results / "devices" / self.config.device / "energy" / f"{model}.jsonl"
        return journal.read_bytes().count(b'"status": "no_meter"') if journal.is_file() else 0

    def _declared(self, kind: str, name: str, attribute: str) -> Any:
        return plugins.declared(kind, name, attribute, self._package)

    def _formats(self, model: str) -> list[str]:
        """The formats of a model's runtimes, and the outputs with which those of every variant are compared."""
        runtimes = self.config.models[model]["runtimes"]
        return _distinct([*(self._declared("runtimes", name, "format") for name in runtimes), OUTPUTS])

    def _formats_with_code(self, model: str) -> dict[str, str]:
        """Each format that is wanted of a model, with the digest of the code that writes it and of the data that it reads."""
        digests = {}
        for name in self._formats(model):
            made_from = self._declared("formats", name, "made_from")
            files = [plugins.file("formats", part, self._package) for part in (name, made_from) if part]
            data = self.config.models[model]["calibration"] if self._declared("formats", name, "reads_data") else None
            if data:
                files.append(plugins.file("datasets", data["set"], self._package))
            code = self._code(*files)
            digests[name] = digest.of_text(json.dumps([code, data], sort_keys=True)) if data else code
        return digests

    def _calibration(self, model: str) -> Any:
        """The data that a format of a model is made with; None where none is."""
        reads = any(self._declared("formats", form, "reads_data") for form in self._formats(model))
        return self.config.models[model]["calibration"] if reads else None

    def _format_libraries(self, model: str) -> list[str]:
        """Distributions that write the formats of a model, and those of a data set that one of them reads."""
        names = [name for form in self._formats(model) for name in self._declared("formats", form, "libraries")]
        data = self._calibration(model)
        return [*names, *(self._declared("datasets", data["set"], "libraries") if data else ())]

    def _failed(self, model: str) -> Manifest | None:
        """The manifest of a model that could not be made, or of which a format was not made for a reason that may pass."""
        try:
            manifest = Manifest.read(self.manifest(model))
        except UserError:
            return None
        return manifest if manifest.failure or manifest.passing else None

    def _scheme(self, model: str) -> str:
        return source.scheme(self.config.models[model])

    def _source_file(self, model: str) -> Path:
        return plugins.file("sources", self._scheme(model), self._package)

    def _source_libraries(self, model: str) -> list[str]:
        return list(self._declared("sources", self._scheme(model), "libraries"))

    def _count_from(self, model: str) -> str:
        """What a model is to counters and formats: a torch module, or a graph."""
        return str(self._declared("sources", self._scheme(model), "count_from"))

    def _counters(self, model: str) -> list[str]:
        """The counters for what a model is: a torch module, or a graph."""
        kind = self._count_from(model)
        names = plugins.names("counters", self._package)
        return [name for name in names if self._declared("counters", name, "counts") == kind]

    def _counting_libraries(self, model: str) -> list[str]:
        return [name for counter in self._counters(model) for name in self._declared("counters", counter, "libraries")]

    def _by_runtime(
        self, model: str, files: Iterable[Path], libraries: Iterable[str] = (), profiled: bool = False
    ) -> Job:
        """Code digests and library versions of each runtime of a model: of these files and the plug-ins it uses.

        Its profiler belongs to them where passes are `profiled`.
        """
        code, versions = {}, {}
        for runtime in self.config.models[model]["runtimes"]:
            names = [*self._declared("runtimes", runtime, "libraries"), *libraries]
            plugin_files = [plugins.file("runtimes", runtime, self._package)]
            if profiled and (profiler := self._declared("runtimes", runtime, "profiler")):
                plugin_files.append(plugins.file("profilers", profiler, self._package))
            if self._declared("runtimes", runtime, "format") == "module":
                names += self._source_libraries(model)
                plugin_files.append(self._source_file(model))
            code[runtime] = self._code(*files, *plugin_files)
            versions[runtime] = self._versions(names)
        return {"code_digest": code, "versions": versions}

    def _page(self, page: str) -> Job:
        values = self.config.values
        files = [self._hypothesis_file(claim) for claim in values["hypotheses"]]
        return {
            "device": self.config.device,
            "devices": list(self.config.devices) or [self.config.device],
            "models": self.config.models,
            "axes": self.config.axes,
            "hypotheses": values["hypotheses"],
            "choose": values.get("choose", {}),
            "title": values["title"],
            "config_digest": self.config.digest,
            "template_digest": digest.of_file(self.template(page)),
            **self._analysis(page, *dict.fromkeys(files)),
        }

    def _hypothesis_file(self, claim: Mapping[str, Any]) -> Path:
        return plugins.file("hypotheses", config_schema.kind_of(claim).replace("_", "-"), self._package)

    def _script(self, stage: str) -> Path:
        return self.scripts / f"{stage}.py"

    def _launch_code(self, stage: str) -> tuple[Path, ...]:
        return tuple(self._package / name for name in _LAUNCH_CODE[stage])

    @cache  # noqa: B019
    def _code(self, *files: Path) -> str:
        return code_digest.of_code(*files, scripts=self.scripts)

    def _analysis(self, stage: str, *files: Path) -> Job:
        versions = {name: metadata.version(name) for name in _ANALYSIS[stage]}
        return {"code_digest": self._code(self._script(stage), *files), "versions": versions}

    def _versions(self, libraries: Iterable[str]) -> dict[str, str]:
        """Versions under the measuring interpreter; a library that is missing there is absent here."""
        versions = self._answer["versions"]
        return {name: versions[name] for name in sorted({*libraries}) if name in versions}

    @property
    def _needed(self) -> list[str]:
        """Every distribution that some stage of this configuration uses."""
        names = {*probe.ALWAYS}
        for model, spec in self.config.models.items():
            names.update(self._source_libraries(model), self._counting_libraries(model))
            needless = _OF_A_MODULE if self._count_from(model) == "graph" else ()
            names.update({*self._format_libraries(model)} - {*needless})
            for runtime in spec["runtimes"]:
                names.update(self._declared("runtimes", runtime, "libraries"))
            if spec["data"]:
                names.update(self._declared("datasets", spec["data"]["set"], "libraries"))
        return sorted(names)

    @property
    def _optional(self) -> list[str]:
        """Those that only cross-checks of the counts use."""
        counters = {name for model in self.config.models for name in self._counters(model)}
        checks = {name for name in counters if self._declared("counters", name, "check")}
        of_checks, of_counters = (
            {library for name in names for library in self._declared("counters", name, "libraries")}
            for names in (checks, counters - checks)
        )
        return sorted(of_checks - of_counters)


def _stated(points: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Points without the axes that the model does not have: a new axis makes no other model's job stale."""
    return [{name: value for name, value in point.items() if value is not None} for point in points]


def _distinct(values: Iterable[Any]) -> list[Any]:
    return [value for value in dict.fromkeys(values) if value is not None]


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
