"""The configuration: read, checked, completed. Every complaint is one line that names the file, the key, and what to do.

Runs under Snakemake's interpreter. What it makes is plain data: each stage gets the part that concerns it as JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from joulesweep import digest, plugins
from joulesweep.axes import AXES, INPUT_AXES
from joulesweep.errors import UserError, shortened
from joulesweep.pipeline.configuration import (
    choice_specs,
    config_schema,
    device_name,
    device_specs,
    hypothesis_specs,
    model_specs,
    read_yaml,
)

_LONGEST_PATH = 120  # characters of a file's name in a message

# Settings that were renamed: a configuration that was written before still means what it meant.
_FORMER_NAMES = {("latency", "again"): "busy_retries", ("latency", "target"): "precision"}


@dataclass(frozen=True)
class Config:
    """A checked and completed configuration; `warnings` are lines about what no run of it can show.

    `device` is the name of this device (see `device_name`).
    """

    values: dict[str, Any]
    models: dict[str, dict[str, Any]]
    device: str
    warnings: tuple[str, ...] = ()

    @property
    def devices(self) -> dict[str, dict[str, Any]]:
        """The devices of a cluster, by name, each with the `constraint` of its node and what is written for it."""
        return self.values["devices"]

    @property
    def latency(self) -> dict[str, Any]:
        """Settings of the latency stage: minutes, relative precision, launches, limits."""
        return self.values["latency"]

    @property
    def energy(self) -> dict[str, Any]:
        """Settings of the energy stage; `points` is excluded because it selects points instead of configuring a launch."""
        return {key: value for key, value in self.values["energy"].items() if key != "points"}

    def latency_points(self, model: str) -> list[dict[str, Any]]:
        """The points of one model: every runtime at the base point, then each axis varied separately."""
        spec = self.models[model]
        return [{"runtime": runtime, **point} for runtime in spec["runtimes"] for point in _points(spec)]

    def energy_points(self, model: str, slow: bool = False) -> list[dict[str, Any]]:
        """The points at which energy is measured: all, or the base point and the end of the batch sweep.

        With `points: auto` it is the ends where the meter is slow.
        """
        points = self.latency_points(model)
        selection = self.values["energy"]["points"]
        if selection == "all" or (selection == "auto" and not slow):
            return points
        base = _base(self.models[model])
        ends = [base, {**base, "batch": max(self.models[model]["sweeps"].get("batch", [1]))}]
        return [point for point in points if {axis: point[axis] for axis in AXES} in ends]

    def count_points(self, model: str) -> list[dict[str, Any]]:
        """The points at which FLOPs are counted: those of the sweep, whatever the number of threads."""
        points: dict[tuple, dict[str, Any]] = {}
        for point in _points(self.models[model]):
            counted = {name: value for name, value in point.items() if name != "threads"}
            points.setdefault(tuple(counted[axis] for axis in AXES if axis != "threads"), counted)
        return list(points.values())

    @property
    def axes(self) -> list[str]:
        """Axes that some model varies, in the order of the tables' columns."""
        return [axis for axis in AXES if any(len(_values(spec, axis)) > 1 for spec in self.models.values())]

    @cached_property
    def digest(self) -> str:
        """Identity of the configuration as a whole, for the report; what it is compared with is no part of it."""
        values = {key: value for key, value in self.values.items() if key != "baseline"}
        return digest.of_text(json.dumps([values, self.models], sort_keys=True))


def load(path: Path, overrides: Mapping[str, Any] | None = None, results: Path = Path("results")) -> Config:
    """Read, check and complete a configuration file; `overrides` replace its top-level keys.

    In `results` lies what this device measured before, perhaps under a former name.

    Raises:
        UserError: the file cannot be read or says something that cannot be; the first complaint, in one line.
    """
    try:
        written = read_yaml.read(path)
        if written is None:
            raise UserError("the file is empty; docs/configuration.md shows the smallest one")
        if not isinstance(written, dict):
            raise UserError(f"expected keys such as 'models:', found {type(written).__name__}")
        written |= overrides or {}
        renamed = _rename_former(written)
        config_schema.check(written)
        values = config_schema.with_defaults(written)
        values["devices"] = device_specs.completed(values["devices"])
        for name in ("", *values["devices"]):
            _check_meters(device_specs.on_device(values, name), f"devices.{name}." if name else "")
        device, about_device = device_name.choose(values["device"], results)
        values = device_specs.on_this_device(values, device_name.names(values["device"], device))
        models = model_specs.completed(values)
        values["hypotheses"] = hypothesis_specs.completed(values["hypotheses"], models)
        choose = values.get("choose", {})
        choice_specs.check(choose)
    except UserError as error:
        raise UserError(shortened(f"{_name(path)}: {error}")) from error
    warnings = [
        *renamed,
        *about_device,
        *model_specs.warnings(values, models),
        *hypothesis_specs.warnings(
            values["hypotheses"], models, "" if values["meter"] == "none" else values["energy"]["points"]
        ),
        *choice_specs.warnings(choose, models, values["meter"]),
    ]
    return Config(values, models, device, tuple(shortened(f"{_name(path)}: {warning}") for warning in warnings))


def _rename_former(written: dict[str, Any]) -> list[str]:
    """Gives settings under a former name their present one, in place; returns a line about each."""
    lines = []
    for (section, former), present in _FORMER_NAMES.items():
        settings = written.get(section)
        if isinstance(settings, dict) and former in settings and present not in settings:
            written[section] = {present if key == former else key: value for key, value in settings.items()}
            lines.append(f"{section}.{former} is now called {present}; change the name when you edit the file")
    return lines


def _check_meters(values: Mapping[str, Any], where: str) -> None:
    """Check the names of meters and external power logs, and those of their settings; no address may hold a login.

    `where` they are written begins each message.
    """
    kinds = {name: kind for kind in ("meters", "power_logs") for name in plugins.names(kind)}
    for meter in [*values["meters"], *({values["meter"]} - {"auto", "none"})]:
        config_schema.check_known(f"{where}meter", meter, kinds)
        known = [*plugins.declared(kinds[meter], meter, "SETTINGS"), *(["python"] if kinds[meter] == "meters" else [])]
        for setting, value in values["meters"].get(meter, {}).items():
            config_schema.check_known(f"{where}meters.{meter}", setting, known)
            if setting == "address" and "@" in str(value):
                raise UserError(
                    f"{where}meters.{meter}.address: leave the login out of it, since results keep every setting"
                )


def _name(path: Path) -> str:
    """The name of the configuration in a message; of a long one the end."""
    name = str(path)
    return name if len(name) <= _LONGEST_PATH else f"…{name[-_LONGEST_PATH:]}"


def _base(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The base point: batch 1, the native value of every axis of the input (None where it has none), the configured threads."""
    native = {axis: spec["axes"].get(axis) for axis in INPUT_AXES}
    return {"batch": 1, **native, "threads": spec["threads"]}


def _values(spec: Mapping[str, Any], axis: str) -> list[Any]:
    """Values of one axis: the base point's, then those of the sweep."""
    base = _base(spec)[axis]
    return [base] + [value for value in spec["sweeps"].get(axis, []) if value != base]


def _points(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The points of a model: `base` is 1 at the base point, which is the first, and 0 at the points of the sweeps."""
    base = _base(spec)
    swept = [{**base, axis: value, "base": 0} for axis in AXES for value in _values(spec, axis)[1:]]
    return [{**base, "base": 1}, *swept]
