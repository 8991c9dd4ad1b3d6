"""Writes the report and the lab report: gathers what their templates need and renders them."""

import logging
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from joulesweep import products
from joulesweep.analysis.anomalies.all import anomalies
from joulesweep.analysis.lab_report import own_words
from joulesweep.analysis.lab_report.tables import Lab
from joulesweep.analysis.report import difficulties, findings, markdown, provenance, sweeps, tables
from joulesweep.analysis.report.advice import advice
from joulesweep.analysis.report.causes import roofs, time_shares
from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.models import faithfulness
from joulesweep.analysis.report.models.cross_checks import disagreements
from joulesweep.analysis.report.models.shared_parameters import sharing
from joulesweep.analysis.report.real_data import setup, table, timing
from joulesweep.analysis.report.trade_off import choice, fronts
from joulesweep.analysis.report.verdicts import check
from joulesweep.formatting import first_of, percent, plural
from joulesweep.hypotheses.base import NOT_JUDGED, REFUTED, SUPPORTED, UNDECIDED, Case
from joulesweep.merged.base_points import base_points, model_counts, modelled_energy
from joulesweep.merged.load import Merged, load, sweep
from joulesweep.merged.time_by_kind import time_by_kind
from joulesweep.schema import SCHEMA
from joulesweep.system.files import replace_text
from joulesweep.system.working_folder import directory_option

_MOST_OPEN = 6  # cases of a hypothesis that are shown without a click
_MOST_CASES = 60  # that are shown at all
_MOST_MODELS = 30  # whose table is open
# Rows of a table about all devices, or of the tables of all devices together: code hosts show pages of up to half a megabyte.
_MOST_ROWS = 100
_MEASURED = ("latency", "energy", "accuracy")
_FIRST = (REFUTED, UNDECIDED, SUPPORTED, NOT_JUDGED)  # of many cases
log = logging.getLogger("joulesweep")


def report(job: Mapping[str, Any], merged: Path, figures: Path, template: Path, out: Path) -> None:
    """Write the report; `figures` lists the figures, with the reason why one was not drawn."""
    replace_text(out, rendered(job, merged, figures, template))


def lab_report(job: Mapping[str, Any], merged: Path, figures: Path, template: Path, out: Path) -> None:
    """Write the hand-in of the lab; what its writers wrote into it is kept.

    Raises:
        UserError: a comment that marks a place for their words is missing.
    """
    kept = own_words.replace(out, rendered(job, merged, figures, template))
    if kept is not None:
        log.warning(
            "%s was changed outside the places for your words; the page as it was is kept in %s. Copy from there what you "
            "still need",
            out,
            kept,
        )


def rendered(job: Mapping[str, Any], merged: Path, figures: Path, template: Path) -> str:
    """A template filled from the merged tables and the list of the figures."""
    tables = load(merged, job["models"])
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(text=text, verbatim=markdown.verbatim)
    words = environment.get_template(template.name).render(_content(job, tables, products.read(figures)))
    lines = [line.rstrip() for line in words.splitlines()]
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    return "\n".join(kept).strip() + "\n"


def _content(job: Mapping[str, Any], merged: Merged, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the template names."""
    points, kinds = base_points(merged), time_by_kind(merged)
    measured = {device for name in _MEASURED for device in getattr(merged, name)["device"]}
    devices = sorted(measured, key=lambda device: (device != job["device"], device))
    configured = [device for device in devices if device in set(points["device"])]
    answered = configured[0] if configured else ""
    most = max(1, _MOST_ROWS // max(1, len(devices)))  # rows of the table of one device

    def of_devices(shown: Callable[[Merged, str], str], name: str) -> dict[str, str]:
        return {device: _short(shown(merged, device), name, most) for device in devices}

    @cache
    def swept(metric: str, axis: str, device: str) -> str:
        return _short(tables.swept(merged, metric, axis, device), metric, most)

    return {
        "job": job,
        "text": text,
        "verbatim": markdown.verbatim,
        "listing": markdown.listing,
        "figure": lambda name, axis="": _figure("_".join(filter(None, (name, axis))), figures),
        "benchmarked": _benchmarked(job["models"]),
        "advice": advice(merged, answered),
        "foreign": _foreign(merged),
        "unsound": any(len(merged.without_figure(name).query("status == 'ok'")) for name in _MEASURED),
        "points": points,
        "answered": answered,
        "answers": findings.answers(merged, points, answered) if configured else [],
        "choices": choice.lines(job["choose"], points, configured),
        "asked": choice.asked(job["choose"], points),
        "follows": findings.follows(points, answered) if configured else "",
        "hypotheses": [_hypothesis(entry, merged, points) for entry in job["hypotheses"]],
        "counts": _short(tables.counts(merged), "counts"),
        "sharing": sharing(merged),
        "export_notes": _export_notes(merged),
        "disagreements": _short(disagreements(merged), "counts"),
        "uncounted": _uncounted(merged),
        "devices": devices,
        "in_a_mode": _in_a_mode(merged, devices),
        "configured": configured,
        "measured_on": tables.measured_on(merged, configured),
        "emulated": {row["device"]: row["emulator"] for _, row in merged.devices.iterrows() if row["emulator"]},
        "axes": job["axes"],
        "ran_on": of_devices(faithfulness.ran_on, "latency"),
        "other_models": list(faithfulness.other_models(merged)),
        "latency": of_devices(tables.latency, "latency"),
        "corrected": _corrected(merged),
        "sustained": of_devices(tables.sustained, "latency"),
        "energy": of_devices(tables.energy, "energy"),
        "batches": of_devices(sweeps.batches, "latency"),
        "conditions": of_devices(tables.conditions, "latency"),
        "has_meter": {
            device: set(merged.energy.loc[merged.energy["device"] == device, "status"]) != {"no_meter"}
            for device in devices
        },
        "time_shares": of_devices(lambda _, device: time_shares.shares(kinds, device), "time_shares"),
        "roofs": roofs.sentences(merged),
        "not_split": time_shares.not_split(merged),
        "slowed_by_timing": time_shares.slowed(kinds),
        "where_time_goes": time_shares.sentences(kinds),
        "swept": swept,
        "two_values": _too_few_for_a_line(merged, job["axes"]),
        "has_energy": not merged.energy.empty,
        "energy_kind": {"all": "modelled", "some": "partly modelled", "": ""}[modelled_energy(merged)],
        "correlations": tables.correlations(points),
        "accuracy": _short(table.accuracy(merged, points), "accuracy"),
        "evaluated": setup.setups(merged, job["models"]),
        "real_inputs": timing.sentences(merged),
        "trade_offs": fronts.sentences(points),
        "described": tables.devices(merged, configured),
        "side_by_side": _short(tables.side_by_side(points, configured), "latency"),
        "anomalies": anomalies(merged, points),
        "failures": difficulties.failures(merged, job["models"], job["device"]),
        "problems": _short(difficulties.problems(merged), "problems"),
        "versions": provenance.versions(merged),
        "commit": provenance.commit(),
        "newest": provenance.newest(merged),
        "lab": Lab(job.get("lab", {}), merged, job["models"]),
        "place": own_words.place,
        "example": next(iter(job["models"].items()), ("MODEL", {"runtimes": ["RUNTIME"]})),
        "directory_option": directory_option(),
        "schema": SCHEMA,
    }


def _benchmarked(models: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of the models; of many it is closed, so that the answers are near the top."""
    shown = tables.benchmarked(models)
    return shown if len(models) <= _MOST_MODELS else markdown.folded(f"The {len(models)} models", shown)


def _short(shown: str, name: str, most: int = _MOST_ROWS) -> str:
    """A table that was made from a merged one of this name, with its first rows."""
    return markdown.shortened(shown, most, f"results/merged/{name}.csv")


def _export_notes(merged: Merged) -> list[str]:
    """What the export noted of each model."""
    notes = model_counts(merged)["export_notes"]
    return [f"{text(str(model))}: {text(note)}" for model, note in notes.items() if note]


def _figure(name: str, figures: Mapping[str, Any]) -> str:
    """The image with its words, or why there is none."""
    if name in figures["words"]:
        return markdown.image(name, text(": ".join(figures["words"][name])))
    title, reason = figures["not_drawn"][name]
    return f"*Not drawn: {text(title)}. Reason: {text(reason)}.*"


def _hypothesis(entry: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> dict[str, str]:
    """A hypothesis as the template shows it."""
    finding = check(entry, merged, points)
    cases, many = finding.cases, len(finding.cases) > _MOST_OPEN
    shown = f"all {len(cases)}"
    if len(cases) > _MOST_CASES:
        shown = f"{_MOST_CASES} of {len(cases)}"
        cases = sorted(cases, key=lambda case: _FIRST.index(case.verdict))
    lines = markdown.listing(map(_case, cases), _MOST_CASES)
    return {
        "sentence": text(finding.sentence),
        "because": text(finding.because),
        "verdict": finding.verdict,
        "reason": text(finding.reason),
        "cure": finding.cure,
        "cases": markdown.folded(f"the numbers of {shown} cases", lines) if many else lines,
    }


def _case(case: Case) -> str:
    where = f"{text(case.where)}: " if case.where else ""
    why = f" ({text(case.why)})" if case.why else ""
    return f"{where}**{case.verdict}**{why}: {text(case.numbers)}"


def _uncounted(merged: Merged) -> str:
    rows = merged.counts[merged.counts["base"] & (merged.counts["uncounted_operators"] != "")].drop_duplicates("model")
    return "; ".join(f"{text(row['model'])}: {text(row['uncounted_operators'])}" for _, row in rows.iterrows())


def _corrected(merged: Merged) -> str:
    """How many latencies the correction changed, and by how much at most; empty where there is none."""
    rows = merged.ok("latency")
    unknown = rows["correction"].isna()
    if rows.empty:
        return ""
    if unknown.all():
        return "No latency here is corrected, because no journal lies beside the tables."
    moved = rows[rows["correction"] > 0]
    by = (moved["corrected_s"] / moved["raw_s"] - 1).abs().max()
    sentence = f"The correction changed {len(moved)} of {plural(len(rows), 'latency', 'latencies')}"
    sentence += f", by at most {percent(by)}{_of_launches(merged)}." if len(moved) else "."
    if unknown.any():
        were = "is" if unknown.sum() == 1 else "are"
        sentence += f" {unknown.sum()} {were} not corrected, because the journal does not lie beside the table."
    return sentence


def _of_launches(merged: Merged) -> str:
    """How far the correction moved single launches; empty where no launch is there."""
    times = (merged.launches["launch_corrected_s"] / merged.launches["launch_raw_s"]).dropna()
    return (
        f" (single launches by {100 * (times.min() - 1):+.0f} to {100 * (times.max() - 1):+.0f} %)"
        if len(times)
        else ""
    )


def _foreign(merged: Merged) -> list[str]:
    """Rows of other devices, and of this one under a former name, that this configuration does not name."""
    columns = ["model", "runtime", "device", "configured"]
    rows = pd.concat([getattr(merged, name)[columns] for name in _MEASURED])
    rows = rows[rows["configured"] == "no"].drop_duplicates().sort_values(["device", "model", "runtime"])
    return [
        f"{text(str(device))}: "
        + ", ".join(first_of([text(f"{m} @ {r}") for m, r in zip(group["model"], group["runtime"], strict=True)]))
        for device, group in rows.groupby("device")
    ]


def _too_few_for_a_line(merged: Merged, axes: list[str]) -> list[str]:
    """Swept axes with at most two values, which show a difference and no shape."""
    return [axis for axis in axes if 0 < sweep(merged.ok("latency"), axis)[axis].nunique() <= 2]


def _in_a_mode(merged: Merged, devices: Collection[str]) -> set[str]:
    """The names of devices with results, without the power mode at their end: a cluster's configuration names them so."""
    modes = dict(zip(merged.devices["device"], merged.devices["power_mode"], strict=True))
    return {device.removesuffix(f".{mode}") for device in devices if (mode := modes.get(device))}
