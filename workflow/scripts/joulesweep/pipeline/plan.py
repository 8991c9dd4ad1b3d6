"""What a run is about to do, in numbers, before it does it: for each model its stages, launches and minutes."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from joulesweep.pipeline import probe
from joulesweep.pipeline.jobs import OF_A_MODEL, OF_THE_DEVICE, Jobs

# Seconds that a stage takes on a laptop with two cores, a small model assumed; a plan, not a promise.
_SECONDS = {
    "export": 15.0,
    "count": 6.0,
    "evaluate": 6.0,
    "describe_device": 2.0,
    "merge": 4.0,
    "figures": 5.0,
    "report": 4.0,
}
_START_S = 5.0  # a server of one runtime imports its libraries
_TABLE_S = 2.0  # a table is derived from the journal
_LATENCY_LAUNCH_S = 1.1
_TIMEOUT_S = 60

Stage = tuple[str, str | None]


class Plan:
    """The plan of stages, as (rule, model); the model is None where a stage is for all."""

    def __init__(self, jobs: Jobs, stages: Sequence[Stage]) -> None:
        self._jobs = jobs
        order = (*OF_A_MODEL, *OF_THE_DEVICE)
        known = [stage for stage in stages if stage[0] in _SECONDS or stage[0] in ("latency", "energy")]
        self._stages = sorted(known, key=lambda stage: order.index(stage[0]))
        self._launches = _remaining(jobs, [stage for stage in self._stages if self._launches_in(stage)])
        self._begun: list[Stage] = []

    @property
    def _models(self) -> list[str | None]:
        return [*self._jobs.config.models, None]

    @property
    def text(self) -> str:
        """A line for each model, one for what concerns all, and the time in all; empty where nothing is planned."""
        if not self._stages:
            return ""
        words = {model: [self._words(stage) for stage in self._stages if stage[1] == model] for model in self._models}
        lines = [f"  {model or 'all models'}: {', '.join(words[model])}" for model in words if words[model]]
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

    def _launches_in(self, stage: Stage) -> bool:
        """Whether a stage measures in launches; energy does not where there is no meter."""
        return stage[0] not in _SECONDS and (stage[0] != "energy" or self._jobs.has_meter)

    def _words(self, stage: Stage) -> str:
        if stage not in self._launches:
            return f"{stage[0]} (no meter)" if stage[0] == "energy" else stage[0]
        launches = self._launches[stage]
        if not launches["missing"]:
            return f"{stage[0]} (no launch is missing)"
        of = "" if launches["missing"] == launches["launches"] else f" of {launches['launches']}"
        noun = "launch" if launches["launches"] == 1 else "launches"
        return f"{stage[0]} ({launches['missing']}{of} {noun}, {_time(self._seconds(stage))})"

    def _seconds(self, stage: Stage) -> float:
        rule, model = stage
        if stage not in self._launches:
            return _SECONDS.get(rule, _TABLE_S)
        if not self._launches[stage]["missing"]:
            return _TABLE_S
        runtimes = len(self._jobs.config.models[str(model)]["runtimes"])
        sustain_s = self._jobs.config.latency["sustain_s"] if rule == "latency" else 0.0
        return self._launches[stage]["seconds"] + runtimes * (_START_S + sustain_s)


def _remaining(jobs: Jobs, stages: Sequence[Stage]) -> dict[Stage, dict[str, Any]]:
    """What the journals lack, as the measuring interpreter sees it: it knows how many cores are meant."""
    questions: list[dict[str, Any]] = [
        {
            "stage": rule,
            "job": jobs.of(rule, model),
            "manifest": str(jobs.manifest(str(model))),
            "journal": str(jobs.results / "devices" / jobs.config.device / rule / f"{model}.jsonl"),
            "launch_s": jobs.energy_launch_s if rule == "energy" else _LATENCY_LAUNCH_S,
        }
        for rule, model in stages
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
    counts = [len(question["job"]["points"]) * question["job"]["settings"]["launches"] for question in questions]
    seconds = [question["launch_s"] for question in questions]
    return {
        stage: {"launches": count, "missing": count, "seconds": count * each}
        for stage, count, each in zip(stages, counts, seconds, strict=True)
    }


def _time(seconds: float) -> str:
    if seconds < 45:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {max(1, round(seconds / 60))} min"
