"""The hypotheses as the user writes them: names that exist, claims that mean something, and those that no run can decide.

The schema says which keys of a kind hold a variant, a metric or an axis, and the kind's own file how many models or values
it takes, so that nothing here names a kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from joulesweep import axes, plugins
from joulesweep.errors import UserError
from joulesweep.pipeline.configuration.config_schema import check_known, hypothesis_name, kind_of, kind_schema, listed
from joulesweep.variant import Variant, pairs

Models = Mapping[str, Mapping[str, Any]]


def completed(written: Sequence[Mapping[str, Any]], models: Models) -> list[dict[str, Any]]:
    """The hypotheses with variants as `model @ runtime on device` and axes under the names of the tables.

    Raises:
        UserError: a model or runtime is unknown, something is compared with itself, or a number has the wrong unit.
    """
    return [_completed(hypothesis_name(number, one), one, models) for number, one in enumerate(written)]


def warnings(hypotheses: Sequence[Mapping[str, Any]], models: Models, energy_points: str) -> Iterator[str]:
    """One line per completed hypothesis that this configuration cannot decide, whatever is measured.

    `energy_points` says where energy is measured: `all`, `auto`, `ends`, or nowhere (empty).
    """
    for number, hypothesis in enumerate(hypotheses):
        reason = _undecidable(hypothesis, models, energy_points)
        if reason:
            yield f"{hypothesis_name(number, hypothesis)}: {reason}"


def _completed(where: str, hypothesis: Mapping[str, Any], models: Models) -> dict[str, Any]:
    values = dict(hypothesis)
    metrics = _holding("metric", hypothesis)
    if len(set(metrics.values())) < len(metrics):
        raise UserError(f"{where}: {hypothesis['metric']} is compared with itself; expected two different metrics")
    values |= {key: axes.canonical(axis) for key, axis in _holding("axis", hypothesis).items()}
    if "at" in hypothesis:
        values["at"] = {axes.canonical(axis): value for axis, value in hypothesis["at"].items()}
    variants = {key: _variant(f"{where}: {key}", text, models) for key, text in _holding("variant", hypothesis).items()}
    if len(variants) > 1:
        of, than = variants.values()
        _check_pairs(where, of, than, models)
    named = [variant.model for variant in variants.values()]
    accuracy = _accuracy(where, named, models) if "accuracy" in metrics.values() else {}
    _check_amounts(where, hypothesis, accuracy)
    _check_devices(where, hypothesis.get("device", ""), [variant.device for variant in variants.values()])
    return values | accuracy | {key: str(variant) for key, variant in variants.items()}


def _accuracy(where: str, named: Sequence[str], models: Models) -> dict[str, str]:
    """What accuracy means in a hypothesis on these models (on all, where none is named): `accuracy_words`, `accuracy_unit`.

    Nothing where models without a name have different metrics: then each runtime says so.

    Raises:
        UserError: the named models have different metrics.
    """
    metrics = {models[name]["metric"]: name for name in named or models if models[name]["metric"]}
    if len(metrics) > 1 and named:
        judged = " and ".join(f"{model} by {metric}" for metric, model in metrics.items())
        raise UserError(f"{where}: {judged}: values of two metrics cannot be compared")
    if len(metrics) != 1:
        return {}
    words, unit = (str(plugins.declared("metrics", next(iter(metrics)), name)) for name in ("words", "unit"))
    return {"accuracy_words": words, "accuracy_unit": "percentage points" if unit else ""}


def _holding(what: str, hypothesis: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a hypothesis that hold a variant, a metric or an axis, in the order of the schema of its kind."""
    properties = kind_schema(kind_of(hypothesis))["properties"]
    return {
        key: hypothesis[key]
        for key, entry in properties.items()
        if key in hypothesis and entry.get("$ref") == f"#/$defs/{what}"
    }


def _variant(where: str, written: str, models: Models) -> Variant:
    variant = Variant.of(written)
    check_known(where, variant.model, models)
    if variant.runtime:
        check_known(f"{where}: the runtime of {variant.model}", variant.runtime, models[variant.model]["runtimes"])
    return variant


def _check_pairs(where: str, of: Variant, than: Variant, models: Models) -> None:
    """Check that there is something to compare, and that it is not compared with itself."""
    runtimes = models[of.model]["runtimes"]
    compared = pairs(of.runtime, than.runtime, runtimes, models[than.model]["runtimes"])
    if not compared:
        raise UserError(f"{where}: no runtime is common to both; name one for each, as in {of.model} @ {runtimes[0]}")
    elsewhere = of.device and than.device and of.device != than.device
    if of.model == than.model and not elsewhere and all(first == second for first, second in compared):
        raise UserError(
            f"{where}: {of} is compared with itself; expected two models, or one model in two runtimes or on two devices"
        )


def _check_amounts(where: str, hypothesis: Mapping[str, Any], accuracy: Mapping[str, str]) -> None:
    """Check that `by` and `stays` are in the unit of the metric."""
    is_accuracy = hypothesis.get("metric") == "accuracy"
    if not is_accuracy and hypothesis.get("by", 2) <= 1:
        raise UserError(f"{where}: by: {hypothesis['by']}: expected a factor above 1, as in by: 2")
    if "stays" not in hypothesis:
        return
    unit = hypothesis["stays"].split()[2:]
    wanted, expected = [["%"]], "'within 5 %' for this metric"
    if is_accuracy:
        wanted, expected = [["point"], ["points"]], "'within 1 point' for accuracy"
        if accuracy.get("accuracy_unit") == "":
            wanted, expected = [[]], f"'within 0.1', in the unit of the {accuracy['accuracy_words']}"
    if unit not in wanted:
        raise UserError(f"{where}: stays: {hypothesis['stays']!r}: expected {expected}")


def check_device(where: str, device: str) -> None:
    """Check that `device` names a device, or is empty.

    Raises:
        UserError: it is `auto`.
    """
    if device == "auto":
        raise UserError(f"{where}: device: 'auto': expected a device by the name of its folder in results/devices")


def _check_devices(where: str, device: str, named: Sequence[str]) -> None:
    """Check that `device` is a name, and that no side names another one."""
    check_device(where, device)
    others = [name for name in named if name and device and name != device]
    if others:
        raise UserError(f"{where}: device: {device!r}, but one side is 'on {others[0]}'; leave one of them out")


def _undecidable(hypothesis: Mapping[str, Any], models: Models, energy_points: str) -> str:
    """Why no run of this configuration can decide a hypothesis; empty where one can."""
    metrics = {hypothesis.get("metric"), *_holding("metric", hypothesis).values()}
    if "energy" in metrics and not energy_points:
        return "energy is not measured, because of 'meter: none'"
    measured = [name for name, spec in models.items() if "accuracy" not in metrics or spec["data"]]
    named = [Variant.of(text).model for text in _holding("variant", hypothesis).values()]
    without = [name for name in dict.fromkeys(named) if name not in measured]
    if without:
        return f"no accuracy is measured of {listed(without)}, which has no 'data'"
    ends = "energy" in metrics and energy_points == "ends"
    for axis, value in hypothesis.get("at", {}).items():
        missing = [name for name in dict.fromkeys(named or measured) if value not in _values(models[name], axis, ends)]
        if missing and (named or len(missing) == len(measured)):
            where = "no energy is measured there with 'points: ends'" if ends else "add it to 'sweeps'"
            return f"{listed(missing)}: not measured at {axis} {value}; {where}"
        measured = [name for name in measured if name not in missing]
    return _too_few_models(hypothesis, [models[name] for name in measured]) or _too_few_values(hypothesis, models, ends)


def _too_few_models(hypothesis: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> str:
    needed = _declared(hypothesis, "models")
    runtimes = [runtime for spec in models for runtime in spec["runtimes"]]
    most = max((runtimes.count(runtime) for runtime in set(runtimes)), default=0)
    if most >= needed:
        return ""
    return f"{most} model{'s' * (most != 1)} in one runtime cannot decide it; it takes {needed}"


def _too_few_values(hypothesis: Mapping[str, Any], models: Models, ends: bool) -> str:
    needed = _declared(hypothesis, "values")
    for axis in _holding("axis", hypothesis).values():
        if ends and not any(len(_values(spec, axis, ends)) >= needed for spec in models.values()):
            return f"with 'points: ends', energy is measured at two values of {axis} at most; write 'points: all'"
        if not any(len(_values(spec, axis)) >= needed for spec in models.values()):
            return f"no model has {needed} values of {axis}, which it takes; add some to 'sweeps'"
    return ""


def _declared(hypothesis: Mapping[str, Any], attribute: str) -> int:
    """How many models or values a kind of hypothesis takes; 1 where its file does not say."""
    with suppress(UserError):
        return int(plugins.declared("hypotheses", kind_of(hypothesis).replace("_", "-"), attribute))
    return 1


def _values(spec: Mapping[str, Any], axis: str, ends: bool = False) -> set[Any]:
    """The values of an axis that the points of a model have; with `ends` those of the base point and the largest batch."""
    base = {"batch": 1, "threads": spec["threads"], **spec["axes"]}.get(axis)
    swept = spec["sweeps"].get(axis, [])
    if ends:
        swept = [max(swept)] if swept and axis == "batch" else []
    return {base, *swept} - {None}
