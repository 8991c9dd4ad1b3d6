"""The configuration: read, checked against its schema, completed; every complaint is one line that names the key.

Runs under Snakemake's interpreter. What it makes is plain data: each stage gets the part that concerns it as JSON.
"""

import json
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from joulesweep import digest, plugins
from joulesweep.axes import AXES
from joulesweep.errors import UserError, nearest
from joulesweep.model import inputs
from joulesweep.pipeline import input_specs

SCHEMA = Path(__file__).parents[3] / "schemas" / "config.schema.yaml"

_DEFAULTS: dict[str, Any] = {
    "title": "Inference on this device",
    "device": "auto",
    "python": "auto",
    "threads": "physical",
    "meter": "auto",
    "meters": {},
    "sweeps": {},
    "hypotheses": [],
    "latency": {},
    "energy": {},
}
_LIMITS = {"timeout_s": 300.0, "memory_bytes": None, "seed": 0}
_LATENCY = {"launches": 5, "again": 5, "target": 0.05, "budget_s": 20.0, "sustain_s": 0.0, **_LIMITS}
_ENERGY = {"points": "auto", "launches": 3, "window_s": 1.0, **_LIMITS}


@dataclass(frozen=True)
class Config:
    """A checked and completed configuration."""

    values: dict[str, Any]
    models: dict[str, dict[str, Any]]

    @property
    def device(self) -> str:
        """Name of this device: the configured one, or the machine's host name."""
        name = self.values["device"]
        return re.sub(r"[^A-Za-z0-9._-]", "-", platform.node()) or "device" if name == "auto" else name

    @property
    def latency(self) -> dict[str, Any]:
        """Settings of the latency stage: launches, relative target, seconds."""
        return _LATENCY | self.values["latency"]

    @property
    def energy(self) -> dict[str, Any]:
        """Settings of the energy stage; `points` is not one: it chooses what `energy_points` returns."""
        return {key: value for key, value in (_ENERGY | self.values["energy"]).items() if key != "points"}

    def latency_points(self, model: str) -> list[dict[str, Any]]:
        """The points of one model: every runtime at the base point, then each axis varied alone."""
        spec = self.models[model]
        return [{"runtime": runtime, **point} for runtime in spec["runtimes"] for point in _points(spec)]

    def energy_points(self, model: str, slow: bool = False) -> list[dict[str, Any]]:
        """The points at which energy is measured: all, or the base point and the end of the batch sweep.

        Unless the user asks for one of these, it is the ends where the meter is slow.
        """
        points = self.latency_points(model)
        wanted = (_ENERGY | self.values["energy"])["points"]
        if wanted == "all" or (wanted == "auto" and not slow):
            return points
        base = _base(self.models[model])
        ends = [base, {**base, "batch": max(self.models[model]["sweeps"].get("batch", [1]))}]
        return [point for point in points if {axis: point[axis] for axis in AXES} in ends]

    def count_points(self, model: str) -> list[dict[str, Any]]:
        """The points at which FLOPs are counted: those of the sweep, threads aside."""
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
        """Identity of the configuration as a whole, for the report."""
        return digest.of_text(json.dumps([self.values, self.models], sort_keys=True))


def load(path: Path, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read, check and complete a configuration file; `overrides` replace its top-level keys.

    Raises:
        UserError: the file cannot be read or says something that cannot be; the first complaint, in one line.
    """
    try:
        written = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; name another configuration with --configfile") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(written, dict):
        raise UserError(f"{path}: expected keys such as 'models:', found {type(written).__name__}")
    written |= overrides or {}
    _check_schema(path, written)
    values = {key: written.get(key, default) for key, default in _DEFAULTS.items()}
    models = {name: _complete(path, name, model, values) for name, model in written["models"].items()}
    for index, hypothesis in enumerate(values["hypotheses"]):
        _check_hypothesis(path, index, hypothesis, models)
    for meter in [*values["meters"], *({values["meter"]} - {"auto", "none"})]:
        logs = plugins.names("power_logs")
        _one_of(path, "meter", meter, [*plugins.names("meters"), *logs])
        known = [*plugins.declared("power_logs" if meter in logs else "meters", meter, "SETTINGS")]
        known += [] if meter in logs else ["python"]
        for setting in values["meters"].get(meter, {}):
            _one_of(path, f"meters.{meter}", setting, known)
    return Config(values, models)


def _complete(path: Path, name: str, model: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The completed specification of one model, with digests of the user's own files that it depends on."""
    where = f"models.{name}"
    scheme, _, rest = model["source"].partition(":")
    _one_of(path, f"{where}.source", scheme, plugins.names("sources"))
    for runtime in model["runtimes"]:
        _one_of(path, f"{where}.runtimes", runtime, plugins.names("runtimes"))
    if "data" in model:
        _one_of(path, f"{where}.data", model["data"], plugins.names("datasets"))
    weights = model.get("weights", plugins.declared("sources", scheme, "default_weights"))
    content = _source_content(path, where, scheme, rest, weights)
    if weights not in ("random", "pretrained"):
        content[weights] = digest.of_file(_existing(path, f"{where}.weights", weights))
    declared, axes = input_specs.completed(path, where, model)
    return {
        "name": name,
        "source": model["source"],
        "inputs": declared,
        "axes": axes,
        "weights": weights,
        "runtimes": model["runtimes"],
        "data": model.get("data"),
        "why": model.get("why", ""),
        "sweeps": _sweeps(path, f"{where}.sweeps", model.get("sweeps", values["sweeps"])),
        "threads": values["threads"],
        "content": content,
    }


def _source_content(path: Path, where: str, scheme: str, rest: str, weights: str) -> dict[str, str]:
    """Digests of the user's own files that a source reads; which these are, it declares as `argument_is`."""
    argument_is = plugins.declared("sources", scheme, "argument_is")
    if argument_is == "function":
        file = rest.rpartition(":")[0]
        if not file:
            raise UserError(f"{path}: {where}.source: {scheme}:{rest}: expected {scheme}:FILE.py:FUNCTION")
        return {file: digest.of_user_module(_existing(path, f"{where}.source", file))}
    if argument_is == "file":
        return {rest: digest.of_file(_existing(path, f"{where}.source", rest))}
    if argument_is == "folder" and Path(rest).is_dir():
        files = [Path(rest) / "config.json"]
        files += sorted(Path(rest).glob("*.safetensors")) if weights == "pretrained" else []
        return {str(file): digest.of_file(_existing(path, f"{where}.source", str(file))) for file in files}
    return {}


def _sweeps(path: Path, key: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """Sweeps by the axis that the tables know."""
    found = {input_specs.axis(name): values for name, values in written.items()}
    if len(found) < len(written):
        raise UserError(f"{path}: {key}: sequence and time are the same axis; keep one of them")
    return found


def _base(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The base point: batch 1, the native size or sequence, the configured threads."""
    return {**inputs.base_point(spec), "threads": spec["threads"]}


def _values(spec: Mapping[str, Any], axis: str) -> list[Any]:
    """Values of one axis: the base point's and those of the sweep, if the model's input has this axis at all."""
    base = _base(spec)[axis]
    return [base] + [value for value in spec["sweeps"].get(axis, []) if value != base and base is not None]


def _points(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The points of a model: `base` is 1 at the base point, which is the first, and 0 at the points of the sweeps."""
    base = _base(spec)
    swept = [{**base, axis: value, "base": 0} for axis in AXES for value in _values(spec, axis)[1:]]
    return [{**base, "base": 1}, *swept]


def _check_schema(path: Path, written: Mapping[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))
    error = jsonschema.exceptions.best_match(validator.iter_errors(written))
    if error is not None:
        raise UserError(f"{path}: {_sentence(error)}")


def _sentence(error: jsonschema.ValidationError) -> str:
    """One complaint of the schema as a person would say it: the key, the value, what was expected."""
    key = ".".join(str(part) for part in error.absolute_path) or "the top level"
    value = json.dumps(error.instance, default=str)
    if error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        return f"{key}: unknown key {unknown!r}{nearest(str(unknown), known)}; known are {', '.join(known)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{key}: the key {missing!r} is missing"
    expected = {
        "type": f"a value of type {error.validator_value}",
        "enum": f"one of {', '.join(map(str, error.validator_value))}" if error.validator == "enum" else "",
        "const": str(error.validator_value),
        "minimum": f"at least {error.validator_value}",
        "maximum": f"at most {error.validator_value}",
        "exclusiveMinimum": f"more than {error.validator_value}",
        "minItems": f"at least {error.validator_value} items",
        "maxItems": f"at most {error.validator_value} items",
        "minLength": "a text that is not empty",
        "minProperties": "at least one entry",
        "uniqueItems": "every value once",
        "pattern": f"a text of the form {error.validator_value}",
    }.get(str(error.validator))
    if "hypotheses" in error.absolute_path and error.validator in ("oneOf", "not"):
        expected = "'of' with 'less_than', or 'tracks', or 'grows: linearly' with 'with'"
    elif error.validator == "oneOf" and "shape" in error.absolute_path:
        expected = "a length, the name of an axis (batch, size, sequence, time), or both, as in [sequence: 128]"
    elif error.validator == "oneOf":
        expected = "'physical' or a whole number of at least 1"
    return f"{key}: {value}: expected {expected or error.message}"


def _check_hypothesis(path: Path, index: int, hypothesis: Mapping[str, Any], models: Mapping[str, Any]) -> None:
    for key in ("of", "less_than"):
        if key in hypothesis:
            model, _, runtime = hypothesis[key].partition("@")
            _one_of(path, f"hypotheses.{index}.{key}", model, models)
            if runtime:
                _one_of(path, f"hypotheses.{index}.{key}: runtime", runtime, models[model]["runtimes"])


def _existing(path: Path, key: str, file: str) -> Path:
    if not Path(file).is_file():
        raise UserError(f"{path}: {key}: there is no file {file!r} below {Path.cwd()}")
    return Path(file)


def _one_of(path: Path, key: str, value: str, known: Any) -> None:
    if value not in known:
        raise UserError(f"{path}: {key}: unknown {value!r}{nearest(value, known)}; expected one of {', '.join(known)}")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which by itself lets a second entry of the same name replace the first in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key in _repeated([self.construct_object(key, deep=True) for key, _ in node.value]):
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: the key {key!r} is there twice")
        return super().construct_mapping(node, deep)


def _repeated(keys: list[Any]) -> Iterator[Any]:
    return (key for index, key in enumerate(keys) if key in keys[:index])
