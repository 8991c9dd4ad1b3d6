"""What only the lab report shows: who hands it in, and the lab's own figures: mean and deviation, and watts × seconds."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from joulesweep.analysis.report.markdown import table, text
from joulesweep.analysis.report.tables import at_base, failure_of, variant_of
from joulesweep.formatting import bracketed, digits, enumeration, plural, scored, significant, with_interval
from joulesweep.merged import scores
from joulesweep.merged.base_points import interval
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty import pareto

_PASSES = 10  # of the lab's figure, after one that is dropped
_MANY = 0.1  # a deviation, relative, beyond which the lab asks for more repetitions
_PER_MEMBER = 2
_WRITE = "*(write `lab: {group: Group 7, members: [Ada, Alan]}` in config.yaml)*"


class Lab:
    """The parts of the lab report that the report does not have; `settings` holds the configured `group` and `members`."""

    def __init__(self, settings: Mapping[str, Any], merged: Merged, models: Mapping[str, Any]) -> None:
        self._settings, self._merged, self._models = settings, merged, models

    @property
    def group(self) -> str:
        """The name of the group."""
        return text(self._settings.get("group", "")) or _WRITE

    @property
    def members(self) -> str:
        """The names of its members."""
        names = [text(name) for name in self._settings["members"]]
        return enumeration(names) or _WRITE

    @property
    def too_few(self) -> str:
        """A sentence where there are fewer than two models or variants per member; empty otherwise."""
        members = len(self._settings["members"])
        variants = sum(len(spec["runtimes"]) for spec in self._models.values())
        if variants >= _PER_MEMBER * members:
            return ""
        return (
            f"The lab asks for two models or variants per member, that is {_PER_MEMBER * members} for "
            f"{plural(members, 'member')}; the configuration has {variants}."
        )

    def latency(self, device: str) -> str:
        """Mean and standard deviation of ten passes, and the mean over many launches with its interval. Times in ms."""
        rows = []
        for _, row in _base(self._merged.latency, device).iterrows():
            if row["status"] != "ok":
                rows.append([variant_of(row), failure_of(row), *["–"] * 4])
                continue
            certain = significant(row["corrected_s"], row["ci_low_s"], row["ci_high_s"])
            rows.append(
                [
                    variant_of(row),
                    digits(1e3 * row["lab_mean_s"]),
                    digits(1e3 * row["lab_std_s"], 2),
                    with_interval(row["corrected_s"], row["ci_low_s"], row["ci_high_s"], 1e3),
                    f"{row['passes']:.0f} in {plural(int(row['launches']), 'process', 'processes')}",
                    digits(1e3 * row["first_s"], certain),
                ]
            )
        header = [
            "variant",
            f"mean of k = {_PASSES}, ms",
            "standard deviation, ms",
            "over many processes, ms ± 95 %",
            "passes",
            "first pass (left out), ms",
        ]
        return table(header, rows, numbers=5) if rows else ""

    def unsteady(self, device: str) -> str:
        """The variants whose ten passes deviate much, so that the lab asks for more of them; empty where there are none."""
        rows = _base(self._merged.ok("latency"), device)
        share = rows["lab_std_s"] / rows["lab_mean_s"]
        named = [
            f"{text(f'{row.model} @ {row.runtime}')} ({digits(100 * each)} %)"
            for row, each in zip(rows.itertuples(), share, strict=True)
            if each > _MANY
        ]
        return enumeration(named)

    def energy(self, device: str) -> str:
        """Average watts × seconds per pass, one row per variant, and the interval of the product."""
        rows = []
        for _, row in _base(self._merged.energy, device).iterrows():
            if row["status"] != "ok":
                rows.append([variant_of(row), failure_of(row), *["–"] * 6])
                continue
            certain = significant(row["energy_J"], row["ci_low_J"], row["ci_high_J"])
            rows.append(
                [
                    variant_of(row),
                    f"**{row['kind']}**" if row["kind"] == "modelled" else row["kind"],
                    text(row["meter"]),
                    f"{row['samples']:.0f} in {plural(int(row['windows']), 'window')}",
                    digits(row["power_W"], certain),
                    digits(1e3 * row["energy_J"] / row["power_W"], certain),
                    with_interval(row["energy_J"], row["ci_low_J"], row["ci_high_J"], 1e3),
                    bracketed(row["net_energy_J"], row["net_ci_low_J"], row["net_ci_high_J"], 1e3),
                ]
            )
        header = [
            "variant",
            "basis",
            "meter",
            "readings",
            "average power, W",
            "× time per pass, ms",
            "= energy per pass, mJ ± 95 %",
            "above idle, mJ [95 %]",
        ]
        return table(header, rows, numbers=5) if rows else ""

    def swept_axes(self) -> list[str]:
        """What the latency was measured over, as in `batch 1, 2, 4`."""
        found = []
        for axis in (name.removeprefix("base_") for name in self._merged.latency if name.startswith("base_")):
            rows = sweep(self._merged.ok("latency"), axis)
            if len(rows):
                values = ", ".join(f"{value:g}" for value in sorted(set(rows[axis])))
                found.append(f"{axis} {values} ({plural(rows.groupby(VARIANT).ngroups, 'variant')})")
        return found

    def best(self, points: pd.DataFrame, device: str) -> str:
        """The variants that are worth having, the fastest first, and whether the intervals tell them from the others.

        Models with another metric or other data are left out, and named. Empty where none has a figure.
        """
        rows = points[(points["device"] == device) & points["accuracy"].notna() & points["latency"].notna()]
        rows, left_out = scores.comparable(rows)
        choices = [
            (interval(row, "latency"), scores.gain(row, interval(row, "accuracy"))) for _, row in rows.iterrows()
        ]
        standings = pareto.standings(choices)
        named = []
        for place in pareto.front(choices):
            row = rows.iloc[place]
            doubt = "" if standings[place] == pareto.BEST else ", but the intervals do not tell it from another one"
            named.append(
                f"{text(f'{row.model} @ {row.runtime}')} "
                f"({scored(row['accuracy'], row['accuracy_low'], row['accuracy_high'], row['unit'])}, "
                f"{with_interval(row['latency'], row['latency_low'], row['latency_high'], 1e3, 'ms')}{doubt})"
            )
        return "; ".join(filter(None, (enumeration(named), text(left_out))))


def _base(frame: pd.DataFrame, device: str) -> pd.DataFrame:
    """The base points of one device that this configuration names."""
    return at_base(frame[frame["configured"] == "yes"], device)
