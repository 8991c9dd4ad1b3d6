"""What a run is about to do, in numbers, before it does it: for each model its stages, launches and minutes."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from joulesweep.errors import shortened
from joulesweep.formatting import percent
from joulesweep.pipeline import probe
from joulesweep.pipeline.jobs import MEASURING, OF_A_MODEL, OF_THE_DEVICE, Jobs

# Seconds that a stage takes on a laptop with two cores, a small model assumed; a plan, not a promise.
_SECONDS = {
    "export": 15.0,
    "count": 6.0,
    "evaluate": 6.0,
    "describe_device": 3.0,
    "merge": 4.0,
    "figures": 5.0,
    "report": 4.0,
    "page": 2.0,
    "lab_report": 4.0,
    "compare": 4.0,
}
_USES_LIBRARIES = (*OF_A_MODEL, *MEASURING)
_START_S = 5.0  # a server of one runtime imports its libraries
_TABLE_S = 2.0  # a table is derived from the journal
_LAUNCH_S = {"latency": 0.5, "time_shares": 0.6}
_TIMEOUT_S = 60

Stage = tuple[str, str | None]


class Plan:
    """The plan of stages, as (rule, model); the model is None where a stage is for all."""

    def __init__(self, jobs: Jobs, stages: Sequence[Stage]) -> None:
        self._jobs = jobs
        order = (*OF_A_MODEL, *OF_THE_DEVICE)
        known = [stage for stage in stages if stage[0] in _SECONDS or stage[0] in MEASURING]
        self._stages = sorted(known, key=lambda stage: order.index(stage[0]))
        remaining = _remaining(jobs, [rule for rule, _ in self._stages if self._launches_in(rule)])
        self._launches = {rule: answer["models"] for rule, answer in remaining.items()}
        self._precision: Mapping[str, float] = remaining.get("latency", {}).get("precision", {})
        self._begun: list[Stage] = []

    @property
    def text(self) -> str:
        """A line for each model, one for what concerns all, and the time in all; empty where nothing is planned."""
        if not self._stages:
            return ""
        words = {model: self._words_of(model) for model in self._jobs.config.models}
        words["all models"] = [self._words(rule) for rule, model in self._stages if model is None]
        lines = [f"  {name}: {', '.join(filter(None, parts))}" for name, parts in words.items() if any(parts)]
        if self._jobs.missing and any(rule in _USES_LIBRARIES for rule, _ in self._stages):
            lines.append(
                f"  {shortened(probe.interpreter(self._jobs.config), 100)} lacks {', '.join(self._jobs.missing)}: what needs it "
                "becomes a row that says so; `make doctor` says how to install it"
            )
        if self._jobs.meter_refusal and "energy" in dict(self._stages):
            lines.append(f"  energy is not read now: {self._jobs.meter_refusal}")
        if expected := [f"± {percent(half)} with {kind}" for kind, half in self._precision.items()]:
            lines.append(f"  latency will be known to about {' and '.join(expected)}")
        return "\n".join(
            ["Plan:", *lines, f"  in all {_time(sum(map(self._seconds, self._stages)))}, longer on a busy device"]
        )

    def begins(self, rule: str, model: str | None) -> str:
        """The line that says that a stage begins: which of how many it is, and about how long until the end of all."""
        stage = (rule, model)
        if stage not in self._stages:
            return ""
        if stage not in self._begun:
            self._begun.append(stage)
        place = self._begun.index(stage)
        left = [other for other in self._stages if other not in self._begun[:place]]
        name = f"{rule} {model}" if model else rule
        return f"[{place + 1} of {len(self._stages)}] {name}; {_time(sum(map(self._seconds, left)))} left"

    def _launches_in(self, rule: str) -> bool:
        """Whether a stage measures in launches; energy does not where there is no meter."""
        return rule in MEASURING and (rule != "energy" or self._jobs.has_meter)

    def _words_of(self, model: str) -> list[str]:
        """What is made of a model only, and what is measured of it."""
        made = [rule for rule, of in self._stages if of == model]
        measured = {rule: by_model[model] for rule, by_model in self._launches.items() if by_model[model]["missing"]}
        return [*made, *(f"{rule} ({_launches(remaining)})" for rule, remaining in measured.items())]

    def _words(self, rule: str) -> str:
        """A stage of all models; empty where the models' own lines name it."""
        if rule not in MEASURING:
            return rule
        if not self._launches_in(rule):
            return f"{rule} (no meter)"
        return "" if self._missing(rule) else f"{rule} (no launch is missing)"

    def _missing(self, rule: str) -> int:
        return sum(int(remaining["missing"]) for remaining in self._launches[rule].values())

    def _seconds(self, stage: Stage) -> float:
        rule, _ = stage
        if rule not in self._launches or not self._missing(rule):
            return _SECONDS.get(rule, _TABLE_S)
        models = [model for model, remaining in self._launches[rule].items() if remaining["missing"]]
        variants = [runtime for model in models for runtime in self._jobs.config.models[model]["runtimes"]]
        sustain_s = self._jobs.config.latency["sustain_s"] * len(variants) if rule == "latency" else 0.0
        launches_s = sum(float(remaining["seconds"]) for remaining in self._launches[rule].values())
        return launches_s + _START_S * len({*variants}) + sustain_s


def _launches(remaining: Mapping[str, Any]) -> str:
    of = "" if remaining["missing"] == remaining["launches"] else f" of {remaining['launches']}"
    noun = "launch" if remaining["launches"] == 1 else "launches"
    return f"{remaining['missing']}{of} {noun}, {_time(remaining['seconds'])}"


def _remaining(jobs: Jobs, stages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """For each stage what the journals lack, as the measuring interpreter sees it: it knows how many cores are meant."""
    questions: list[dict[str, Any]] = [
        {
            "stage": stage,
            "job": jobs.of(stage),
            "manifests": {model: str(jobs.manifest(model)) for model in jobs.config.models},
            "folder": str(jobs.results / "devices" / jobs.config.device / stage),
            "launch_s": jobs.energy_launch_s if stage == "energy" else _LAUNCH_S[stage],
        }
        for stage in stages
    ]
    if not questions:
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"jobs": questions}, file)
        file.flush()
        command = [probe.interpreter(jobs.config), str(jobs.scripts / "plan.py"), "--job", f"@{file.name}"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if answer.returncode == 0:
        return dict(zip(stages, json.loads(answer.stdout), strict=True))
    return {
        question["stage"]: {"models": {model: _all(question, model) for model in jobs.config.models}, "precision": {}}
        for question in questions
    }


def _all(question: Mapping[str, Any], model: str) -> dict[str, Any]:
    """What is missing of a model where nothing was measured yet."""
    job = question["job"]
    count = len(job["models"][model]["points"]) * job["settings"]["launches"]
    return {"launches": count, "missing": count, "seconds": count * question["launch_s"]}


def _time(seconds: float) -> str:
    if seconds < 45:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {max(1, round(seconds / 60))} min"
