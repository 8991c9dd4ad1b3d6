"""The models as the user writes them, made into the specification that every stage reads."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from joulesweep import axes, digest, plugins
from joulesweep.errors import UserError
from joulesweep.model import onnx_header
from joulesweep.pipeline import code_digest
from joulesweep.pipeline.configuration import data_specs, graph_inputs, input_specs
from joulesweep.pipeline.configuration.config_schema import check_known, listed, quoted, shown

_NO_FILE = ("random", "pretrained")


def completed(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The specification of every model of a configuration that has its defaults.

    Raises:
        UserError: a plug-in is unknown, a file is missing or cannot be read, an input or a sweep means nothing.
    """
    written = values["models"]
    folded: dict[str, str] = {}
    for name in written:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise UserError(f"models: {other} and {name} differ only in case, so they share a folder on some machines")
    models = {name: _completed(f"models.{name}", name, model, values) for name, model in written.items()}
    _check_general_sweeps(values["sweeps"], written, models)
    return models


def warnings(values: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """One line per general sweep from which models are left out: their input has no such axis, or it is fixed in their file."""
    for axis in map(axes.canonical, values["sweeps"]):
        general = {name: spec for name, spec in models.items() if "sweeps" not in values["models"][name]}
        fixed = [name for name, spec in general.items() if axis in spec["fixed"]]
        without = [
            name for name, spec in general.items() if axis not in [*input_specs.swept_axes(spec), *spec["fixed"]]
        ]
        if without:
            yield f"sweeps.{axis}: not swept of {listed(without)}, whose input has no axis {axis}"
        if fixed:
            yield f"sweeps.{axis}: not swept of {listed(fixed)}, whose file has a fixed {axis}"


def _completed(where: str, name: str, model: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    scheme, _, rest = model["source"].partition(":")
    check_known(f"{where}.source", scheme, plugins.names("sources"))
    for runtime in model["runtimes"]:
        check_known(f"{where}.runtimes", runtime, plugins.names("runtimes"))
    weights = model.get("weights", plugins.declared("sources", scheme, "default_weights"))
    content = _source_content(f"{where}.source", scheme, rest, weights)
    if weights not in _NO_FILE:
        content[weights] = digest.of_file(_existing(f"{where}.weights", weights))
    of_graph = plugins.declared("sources", scheme, "argument_is") == "graph"
    arguments = _arguments(where, scheme, model)
    inputs, native = input_specs.completed(
        where, graph_inputs.with_inputs(where, model, Path(rest)) if of_graph else model
    )
    spec = {
        "name": name,
        "source": model["source"],
        "inputs": inputs,
        "axes": native,
        "arguments": arguments,
        "weights": weights,
        "runtimes": model["runtimes"],
        **data_specs.completed(where, model),
        "why": model.get("why", ""),
        "threads": values["threads"],
        "content": content,
    }
    spec["fixed"] = graph_inputs.fixed_axes(where, spec, Path(rest)) if of_graph else []
    own = "sweeps" in model
    sweeps = _canonical(f"{where}.sweeps" if own else "sweeps", model["sweeps"] if own else values["sweeps"])
    if own:
        for axis in sweeps:
            _check_axis(f"{where}.sweeps", axis, spec)
    return spec | {"sweeps": {axis: given for axis, given in sweeps.items() if axis in input_specs.swept_axes(spec)}}


def _source_content(where: str, scheme: str, rest: str, weights: str) -> dict[str, str]:
    """Digests of the user's own files that a source reads; which these are, it declares as `argument_is`."""
    argument_is = plugins.declared("sources", scheme, "argument_is")
    if argument_is == "function":
        file, _, function = rest.rpartition(":")
        if not file or not function:
            raise UserError(f"{where}: {shown(f'{scheme}:{rest}')}: expected {scheme}:FILE.py:FUNCTION")
        return {file: _digest_of_module(where, _existing(where, file))}
    if argument_is == "file":
        return {rest: digest.of_file(_existing(where, rest))}
    if argument_is == "graph":
        files = [_existing(where, rest), *onnx_header.external_files(Path(rest))]
        return {str(file): digest.of_file(file) for file in files}
    if argument_is == "folder" and _exists(rest, Path.is_dir):
        files = [Path(rest) / "config.json"]
        files += sorted(Path(rest).glob("*.safetensors")) if weights == "pretrained" else []
        return {str(file): digest.of_file(_existing(where, str(file))) for file in files}
    return {}


def _arguments(where: str, scheme: str, model: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of the function that makes the model."""
    if "arguments" in model and plugins.declared("sources", scheme, "argument_is") != "function":
        raise UserError(f"{where}.arguments: a source {scheme} calls no function of yours; leave the key out")
    return model.get("arguments", {})


def _digest_of_module(where: str, file: Path) -> str:
    try:
        return code_digest.of_user_module(file)
    except SyntaxError as error:
        place = f"{Path(error.filename or file).name}, line {error.lineno}" if error.lineno else file
        raise UserError(f"{where}: {place}: not Python: {error.msg}") from error
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a null character
        raise UserError(f"{where}: {file} cannot be read as Python: {error}") from error


def _existing(where: str, file: str) -> Path:
    if not _exists(file, Path.is_file):
        raise UserError(f"{where}: there is no file {quoted(file)} below {Path.cwd()}")
    return Path(file)


def _exists(file: str, is_such: Any) -> bool:
    try:
        return is_such(Path(file))
    except (OSError, ValueError):  # a name that no file can have
        return False


def _canonical(where: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """Sweeps by the name of the axis that the tables know."""
    sweeps: dict[str, Any] = {}
    for name, values in written.items():
        axis = axes.canonical(name)
        if axis in sweeps:
            raise UserError(
                f"{where}: {' and '.join((axis, *axes.ALL[axis].aliases))} are the same axis; keep one of them"
            )
        sweeps[axis] = values
    return sweeps


def _check_axis(where: str, axis: str, spec: Mapping[str, Any]) -> None:
    if axis in spec["fixed"]:
        value = spec["axes"].get(axis, 1)
        raise UserError(
            f"{where}.{axis}: the file takes only {axis}={value}; export it with a free {axis}, or do not sweep it"
        )
    if axis not in input_specs.swept_axes(spec):
        raise UserError(
            f"{where}: the input has no axis {axis}, only {', '.join(input_specs.swept_axes(spec))}; name it in the shape, as in "
            f"[{axis}: LENGTH]" + (", or sweep size, which keeps the ratio" if "size" in spec["axes"] else "")
        )


def _check_general_sweeps(
    written: Mapping[str, Any], models: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]
) -> None:
    """Check that every axis of the general sweeps is one of some model that they apply to."""
    general = [specs[name] for name, model in models.items() if "sweeps" not in model]
    for axis in map(axes.canonical, written):
        if general and not any(axis in input_specs.swept_axes(spec) for spec in general):
            _check_axis("sweeps", axis, general[0])
