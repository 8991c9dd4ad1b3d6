"""The hypotheses as the user writes them: names that exist, claims that mean something, and those that no run can decide."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from joulesweep import axes
from joulesweep.errors import UserError
from joulesweep.pipeline.configuration.config_schema import check_known, hypothesis_name, listed
from joulesweep.uncertainty import significance

_FEWEST_VALUES = 3  # of a sweep, for a slope with an interval

Models = Mapping[str, Mapping[str, Any]]


def completed(written: Sequence[Mapping[str, Any]], models: Models) -> list[dict[str, Any]]:
    """The hypotheses with variants as `model @ runtime` and axes under the names of the tables.

    Raises:
        UserError: a model or runtime is unknown, or something is compared with itself.
    """
    return [_completed(hypothesis_name(number, one), one, models) for number, one in enumerate(written)]


def warnings(hypotheses: Sequence[Mapping[str, Any]], models: Models, no_energy: bool) -> Iterator[str]:
    """One line per completed hypothesis that this configuration cannot decide, whatever is measured."""
    for number, hypothesis in enumerate(hypotheses):
        reason = _undecidable(hypothesis, models, no_energy)
        if reason:
            yield f"{hypothesis_name(number, hypothesis)}: {reason}"


def _completed(where: str, hypothesis: Mapping[str, Any], models: Models) -> dict[str, Any]:
    values = dict(hypothesis)
    if "tracks" in hypothesis and hypothesis["tracks"] == hypothesis["metric"]:
        raise UserError(f"{where}: every metric tracks itself; expected two different metrics")
    if "with" in hypothesis:
        values["with"] = axes.canonical(hypothesis["with"])
    for key in {"of", "less_than"} & hypothesis.keys():
        values[key] = _variant(f"{where}: {key}", hypothesis[key], models)
    if "less_than" in hypothesis:
        _check_pairs(where, values["of"], values["less_than"], models)
    return values


def _variant(where: str, written: str, models: Models) -> str:
    model, runtime = _split(written)
    check_known(where, model, models)
    if runtime:
        check_known(f"{where}: the runtime of {model}", runtime, models[model]["runtimes"])
    return f"{model} @ {runtime}" if runtime else model


def _check_pairs(where: str, of: str, than: str, models: Models) -> None:
    """Check that there is something to compare, and that it is not compared with itself."""
    (model, runtime), (other, other_runtime) = _split(of), _split(than)
    if runtime and other_runtime:
        pairs = [(runtime, other_runtime)]
    else:
        shared = [name for name in models[model]["runtimes"] if name in models[other]["runtimes"]]
        pairs = [(name, name) for name in shared if name == (runtime or other_runtime or name)]
    if not pairs:
        raise UserError(
            f"{where}: no runtime is common to both; name one for each, as in {model} @ {models[model]['runtimes'][0]}"
        )
    if model == other and all(first == second for first, second in pairs):
        raise UserError(f"{where}: {of} is compared with itself; expected two models, or one model in two runtimes")


def _undecidable(hypothesis: Mapping[str, Any], models: Models, no_energy: bool) -> str:
    """Why no run of this configuration can decide a hypothesis; empty where one can."""
    metrics = {hypothesis.get("metric"), hypothesis.get("tracks")}
    if "energy" in metrics and no_energy:
        return "energy is not measured, because of 'meter: none'"
    measured = [name for name, spec in models.items() if "accuracy" not in metrics or spec["data"]]
    if "less_than" in hypothesis:
        sides = [_split(hypothesis[key])[0] for key in ("of", "less_than")]
        without = [name for name in dict.fromkeys(sides) if name not in measured]
        return f"no accuracy is measured of {listed(without)}, which has no 'data'" if without else ""
    if "tracks" in hypothesis:
        return _too_few_models([models[name] for name in measured])
    if "grows" in hypothesis and not any(
        len(_values(spec, hypothesis["with"])) >= _FEWEST_VALUES for spec in models.values()
    ):
        return (
            f"no model has {_FEWEST_VALUES} values of {hypothesis['with']}, which a slope needs; add some to 'sweeps'"
        )
    return ""


def _too_few_models(models: Sequence[Mapping[str, Any]]) -> str:
    runtimes = [runtime for spec in models for runtime in spec["runtimes"]]
    most = max((runtimes.count(runtime) for runtime in set(runtimes)), default=0)
    if significance.smallest_p(most) < significance.LEVEL:
        return ""
    return (
        f"cannot be supported by {most} model{'s' * (most != 1)} in one runtime, where p is at least "
        f"{significance.smallest_p(most):.2g}; {significance.fewest()} models would do"
    )


def _values(spec: Mapping[str, Any], axis: str) -> set[Any]:
    """The values of an axis that the points of a model have."""
    base = {"batch": 1, "threads": spec["threads"], **spec["axes"]}.get(axis)
    return {base, *spec["sweeps"].get(axis, [])} - {None}


def _split(variant: str) -> tuple[str, str]:
    model, _, runtime = variant.partition("@")
    return model.strip(), runtime.strip()
