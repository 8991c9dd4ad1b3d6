"""What a run is about to do, in numbers, before it does it."""

from collections.abc import Sequence

from joulesweep.pipeline.jobs import Stages

# Seconds that each thing takes on a laptop with two cores, a small model assumed; a plan, not a promise.
_START = 5.0  # a process that imports its libraries
_EXPORT = 12.0
_LATENCY_LAUNCH = 1.1
_ANALYSIS = 10.0


def plan(stages: Stages, jobs: Sequence[tuple[str, str | None]]) -> str:
    """The plan of the jobs that Snakemake is about to run, given as (rule, model): points, launches, servers, minutes.

    An upper bound where a journal already holds launches: those are not measured again.
    """
    config = stages.config
    points = launches = servers = 0
    seconds = 0.0
    for rule, model in jobs:
        if rule in ("export", "count", "evaluate"):
            seconds += _EXPORT if rule == "export" else _START
        elif rule in ("merge", "figures", "report"):
            seconds += _ANALYSIS / 3
        elif rule in ("latency", "energy") and model is not None:
            settings = config.latency if rule == "latency" else config.energy
            swept = config.latency_points(model) if rule == "latency" else stages.energy_points(model)
            points += len(swept)
            launches += len(swept) * settings["launches"]
            runtimes = len(config.models[model]["runtimes"])
            servers += runtimes
            one = _LATENCY_LAUNCH if rule == "latency" else max(stages.energy_launch_s, 2 * settings["window_s"])
            seconds += len(swept) * settings["launches"] * one
            seconds += runtimes * (_START + (settings["sustain_s"] if rule == "latency" else 0.0))
    if not points:
        return "Plan: nothing to measure."
    return (
        f"Plan: {points} points, {launches} launches in {servers} servers, about {seconds / 60:.0f} minutes; "
        "launches that a journal already holds are not measured again."
    )
