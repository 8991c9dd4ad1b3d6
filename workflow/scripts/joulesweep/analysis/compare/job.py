"""Compares the results with an earlier state of them: before another version, setting or power mode."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from joulesweep.analysis.compare.changes import METRICS, Change, changes, left_out
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.markdown import listing, table, text
from joulesweep.errors import UserError, shortened
from joulesweep.formatting import digits, percent, plural
from joulesweep.merged.load import Merged, load
from joulesweep.system.files import replace_text

log = logging.getLogger("joulesweep")


def compare(job: Mapping[str, Any], merged: Path, out: Path) -> bool:
    """Write the comparison with the results in the folder `job["baseline"]`; returns whether anything became worse.

    Raises:
        UserError: there are no such results, or no point is in both.
    """
    if not job["baseline"]:
        raise UserError("compare: name the results to compare with, as in: snakemake compare --config baseline=FOLDER")
    baseline = _results(Path(job["baseline"]))
    with tempfile.TemporaryDirectory() as folder:
        merge(job, baseline, Path(folder))  # anew, so that the same code corrects both
        before = load(Path(folder), job["models"])
    after = load(merged, job["models"])
    names = _names(before, after)
    found = list(changes(before, after, names))
    beside = [line for metric in METRICS for line in left_out(metric, before, after, names)]
    if not found:
        raise UserError(
            f"compare: nothing can be compared with {baseline}: {shortened('; '.join(beside), 300) or 'it is empty'}"
        )
    unseen = any(state.sound("latency")["flags"].str.contains("drift_unseen").any() for state in (before, after))
    replace_text(out, _page(job, baseline, found, [*_surroundings(before, after, names), *beside], unseen))
    for line in _summary(found):
        log.info("%s", line)
    return any(change.is_worse for change in found)


def _results(folder: Path) -> Path:
    """The folder of results that was meant: the one named, or `results` in it."""
    for path in (folder, folder / "results"):
        if (path / "devices").is_dir():
            return path
    raise UserError(
        f"compare: {folder} holds no results: expected a folder with devices/ in it, such as a copy of results/"
    )


def _names(before: Merged, after: Merged) -> dict[str, str]:
    """What each device of the baseline is called here: the same, or the only one here if it is the only one there."""
    there, here = (sorted(set(state.latency["device"])) for state in (before, after))
    if len(there) == len(here) == 1:
        return {there[0]: here[0]}
    return {name: name for name in there}


def _surroundings(before: Merged, after: Merged, names: Mapping[str, str]) -> Iterator[str]:
    """What else changed: versions of libraries, and what the devices say of themselves."""
    old, new = (
        {version for cell in state.latency["versions"] for version in cell.split()} for state in (before, after)
    )
    if old != new:
        gone, come = (text(" ".join(sorted(versions))) or "none" for versions in (old - new, new - old))
        yield f"versions before: {gone}; now: {come}"
    for column in ("machine", "cpu", "emulator", "os", "kernel", "governor", "power_mode", "accelerator"):
        was, now = (dict(zip(state.devices["device"], state.devices[column], strict=True)) for state in (before, after))
        for there, here in names.items():
            if there in was and here in now and was[there] != now[here]:
                earlier, later = (text(words) or "unknown" for words in (was[there], now[here]))
                yield f"{column} of {text(here)}: {earlier} before, {later} now"


def _summary(found: Sequence[Change]) -> Iterator[str]:
    for change in found:
        if change.verdict:
            yield f"{change.metric} of {change.point}: {change.verdict}: {change.after}, before {change.before}"
    for metric in dict.fromkeys(change.metric for change in found):
        own = [change for change in found if change.metric == metric]
        same = sum(not change.verdict for change in own)
        typical = float(pd.Series([change.noticeable for change in own]).median())
        if typical != typical:  # all of them fail
            continue
        size = (
            f"{digits(typical, 2)} (percentage points where it is in percent)"
            if metric == "accuracy"
            else percent(typical)
        )
        yield (
            f"{metric}: {same} of {plural(len(own), 'figure')} unchanged beyond noise; a change of about {size} would have been "
            "noticed (median)"
        )


def _page(job: Mapping[str, Any], baseline: Path, found: Sequence[Change], beside: Sequence[str], unseen: bool) -> str:
    worse = sum(change.is_worse for change in found)
    better = sum(bool(change.verdict) for change in found) - worse
    parts = [
        f"# {text(job['title'])}: compared with {text(str(baseline))}",
        f"**{plural(worse, 'figure')} worse, {better} better, {len(found) - worse - better} unchanged beyond noise.** "
        "A ratio is now over before. Its interval, in square brackets, is so wide that chance raises any alarm in the whole "
        "comparison in at most 5 of 100 cases.",
    ]
    if unseen:
        parts.append(
            "**Some intervals hold for the minutes of their run only** (`drift_unseen`): what the device does from one day to the "
            "next is not in them, and may look like a change. Another run on another day, of either state, shows it."
        )
    if beside:
        parts += ["## What differs besides", listing(beside)]
    for metric in dict.fromkeys(change.metric for change in found):
        rows = [
            [
                change.point,
                change.before,
                change.after,
                change.ratio,
                f"**{change.verdict}**" if change.verdict else "–",
            ]
            for change in found
            if change.metric == metric
        ]
        header = ["point", "before", "now", "difference" if metric == "accuracy" else "ratio", "verdict"]
        parts += [f"## {metric.capitalize()}", table(header, rows)]
    return "\n\n".join(parts) + "\n"
