"""Writes the report: gathers what the template needs and renders it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from joulesweep import products
from joulesweep.analysis.report import findings, hypotheses, markdown, provenance, tables
from joulesweep.analysis.report.anomalies import strange
from joulesweep.analysis.report.cross_checks import disagreements
from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.shared_parameters import sharing
from joulesweep.files import replace_text
from joulesweep.formatting import percent, plural
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import Merged, load, sweep
from joulesweep.schema import SCHEMA

_MOST_OPEN = 6  # cases of a hypothesis that are shown without a click


def report(job: Mapping[str, Any], merged: Path, figures: Path, template: Path, out: Path) -> None:
    """Write the report; `figures` lists the figures, with the reason why one was not drawn."""
    tables = load(merged, job["models"])
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = environment.get_template(template.name).render(_content(job, tables, products.read(figures)))
    lines = [line.rstrip() for line in words.splitlines()]
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    replace_text(out, "\n".join(kept).strip() + "\n")


def _content(job: Mapping[str, Any], merged: Merged, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the template names."""
    points = base_points(merged)
    found = {device for name in ("latency", "energy", "accuracy") for device in getattr(merged, name)["device"]}
    devices = sorted(found, key=lambda device: (device != job["device"], device))
    kinds = set(merged.ok("energy")["kind"])
    return {
        "job": job,
        "text": text,
        "figure": lambda name, axis="": _figure("_".join(filter(None, (name, axis))), figures),
        "listing": markdown.listing,
        "benchmarked": tables.benchmarked(job["models"]),
        "foreign": _foreign(merged),
        "answers": findings.answers(points, devices[0]) if devices else [],
        "hypotheses": [_hypothesis(entry, merged, points) for entry in job["hypotheses"]],
        "counts": tables.counts(merged),
        "sharing": sharing(merged),
        "disagreements": disagreements(merged),
        "uncounted": _uncounted(merged),
        "devices": devices,
        "axes": job["axes"],
        "latency": {device: tables.latency(merged, device) for device in devices},
        "corrected": _corrected(merged),
        "sustained": {device: tables.sustained(merged, device) for device in devices},
        "energy": {device: tables.energy(merged, device) for device in devices},
        "swept": lambda metric, axis, device: tables.swept(merged, metric, axis, device),
        "two_values": _too_few_for_a_line(merged, job["axes"]),
        "has_energy": not merged.energy.empty,
        "energy_kind": "modelled" if kinds == {"modelled"} else "partly modelled" if "modelled" in kinds else "",
        "correlations": tables.correlations(points),
        "accuracy": tables.accuracy(merged, points),
        "described": tables.devices(merged),
        "strange": strange(merged),
        "problems": tables.problems(merged),
        "versions": [text(line) for line in provenance.versions(merged)],
        "commit": provenance.commit(),
        "newest": provenance.newest(merged),
        "example": next(iter(job["models"].items()), ("MODEL", {"runtimes": ["RUNTIME"]})),
        "schema": SCHEMA,
    }


def _figure(name: str, figures: Mapping[str, Any]) -> str:
    """The image with its words, or why there is none."""
    if name in figures["words"]:
        return markdown.image(name, text(" – ".join(figures["words"][name])))
    return f"*No figure here: {text(figures['not_drawn'].get(name, 'it was not drawn'))}.*"


def _hypothesis(entry: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> dict[str, str]:
    """A hypothesis as the template shows it."""
    found = hypotheses.check(entry, merged, points)
    lines = markdown.listing(
        f"{text(case.where)}: {case.numbers}: **{text(case.verdict)}**"
        if case.where
        else f"{case.numbers}: **{text(case.verdict)}**"
        for case in found.cases
    )
    shown = (
        lines
        if len(found.cases) <= _MOST_OPEN
        else markdown.folded(f"the numbers of all {len(found.cases)} cases", lines)
    )
    return {
        "sentence": text(found.sentence),
        "because": text(found.because),
        "verdict": found.verdict,
        "reason": text(found.reason),
        "cases": shown,
    }


def _uncounted(merged: Merged) -> str:
    rows = merged.counts[merged.counts["base"] & (merged.counts["uncounted_operators"] != "")].drop_duplicates("model")
    return "; ".join(f"{text(row['model'])}: {text(row['uncounted_operators'])}" for _, row in rows.iterrows())


def _corrected(merged: Merged) -> str:
    """How many rows the correction moved, and by how much at most."""
    rows = merged.ok("latency")
    moved = rows[rows["correction"] > 0]
    unknown = rows["correction"].isna().sum()
    by = (moved["corrected_s"] / moved["raw_s"] - 1).abs().max()
    parts = [
        f"It moved {plural(len(moved), 'row')} of {len(rows)}{f', by {percent(by)} at most' if len(moved) else ''}"
    ]
    if unknown:
        parts.append(f"{plural(unknown, 'row')} could not be corrected, since the journals were not beside the tables")
    return "; ".join(parts) + "."


def _foreign(merged: Merged) -> list[str]:
    """Models and runtimes that only other devices were asked to measure."""
    rows = pd.concat(
        [
            frame[["model", "runtime", "device", "configured"]]
            for frame in (merged.latency, merged.energy, merged.accuracy)
        ]
    )
    rows = rows[rows["configured"] == "no"].drop_duplicates().sort_values(["model", "runtime", "device"])
    return [text(f"{row['model']} @ {row['runtime']} on {row['device']}") for _, row in rows.iterrows()]


def _too_few_for_a_line(merged: Merged, axes: list[str]) -> list[str]:
    """Swept axes that have no more than two values, which show a difference and no shape."""
    return [axis for axis in axes if 0 < sweep(merged.ok("latency"), axis)[axis].nunique() <= 2]
