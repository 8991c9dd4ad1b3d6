"""What the page knows of each variant: its figures at the base point, what is missing and why, its sweeps and its launches."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from joulesweep.analysis.page.quantities import QUANTITIES, SWEPT, Quantity, in_unit, shown
from joulesweep.axes import AXES
from joulesweep.formatting import relative_half_width, with_interval
from joulesweep.merged import scores
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.columns import UNSOUND
from joulesweep.merged.load import VARIANT, Merged, sweep

Key = tuple[str, ...]  # device, model, runtime

# Significant digits of the numbers that the page computes with, and of those that it only draws; the merged tables have all.
_COMPUTED, _DRAWN = 6, 4
_NOT_SOUND = "its figures contradict each other, or its interval is too wide: see What looked strange"


@dataclass(frozen=True)
class Cell:
    """A figure of a variant for people, or in one word why there is none; `basis` is measured, modelled or counted."""

    shown: str
    basis: str = ""

    @property
    def missing(self) -> bool:
        """Whether there is no figure."""
        return not self.basis


@dataclass(frozen=True)
class Variant:
    """A row of the table to explore.

    Attributes:
        device, model, runtime: which variant on which device.
        cells: one per quantity, in their order.
        reasons: why figures are missing, by quantity; without those that need no words beside the cell's.
        flags: the flags of the figures that there are.
        data: what the script of the page computes and draws with; numbers are in people's units.
    """

    device: str
    model: str
    runtime: str
    cells: tuple[Cell, ...]
    reasons: Mapping[str, str]
    flags: tuple[str, ...]
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The variant without its device."""
        return f"{self.model} @ {self.runtime}"

    @property
    def remarks(self) -> str:
        """Reasons, those that several quantities share once, and flags, in one line."""
        words = {quantity.name: quantity.words for quantity in QUANTITIES}
        shared: dict[str, list[str]] = {}
        for name, reason in self.reasons.items():
            shared.setdefault(reason, []).append(words[name])
        sentences = [f"no {' or '.join(names)}: {reason}" for reason, names in shared.items()]
        return "; ".join([*sentences, *(flag.replace("_", " ") for flag in self.flags)])


def variants(merged: Merged, points: pd.DataFrame, with_data: Collection[str]) -> list[Variant]:
    """Every variant of the base points, on every device; `with_data` are the models with labelled data."""
    missing = {quantity.name: _missing(merged, quantity) for quantity in QUANTITIES}
    flags = {name: _by_variant(_base(getattr(merged, name)), ["flags"]) for name in ("latency", "energy")}
    ran = _by_variant(_base(merged.ok("latency")), ["ran_on"])
    sweeps, launches = _sweeps(merged), _launches(merged)
    rows = []
    for _, point in points.iterrows():
        key = tuple(point[VARIANT])
        reasons = {q.name: missing[q.name].get(key, _absent(q, key, with_data)) for q in QUANTITIES}
        cells = tuple(_cell(point, quantity, reasons[quantity.name][0]) for quantity in QUANTITIES)
        missing_why = {name: reason for name, (_, reason) in reasons.items() if pd.isna(point[name]) and reason}
        raised = tuple(dict.fromkeys(flag for name in flags for flag in flags[name].get(key, ("",))[0].split()))
        rows.append(
            Variant(
                device=key[0],
                model=key[1],
                runtime=key[2],
                cells=cells,
                reasons=missing_why,
                flags=raised,
                data={
                    "device": key[0],
                    "model": key[1],
                    "runtime": key[2],
                    "figures": {q.name: _figure(point, q) for q in QUANTITIES if not pd.isna(point[q.name])},
                    **_accuracy(point),
                    "modelled": point["kind"] == "modelled",
                    "reasons": missing_why,
                    "flags": raised,
                    "ran": ran.get(key, ("",))[0],
                    "sweeps": sweeps.get(key, {}),
                    "launches": launches.get(key, []),
                },
            )
        )
    return rows


def _cell(point: pd.Series, quantity: Quantity, reason: str) -> Cell:
    if pd.isna(point[quantity.name]):
        return Cell(reason)
    return Cell(shown(point, quantity), quantity.basis or point["kind"])


def _figure(point: pd.Series, quantity: Quantity) -> list[float | None]:
    return _rounded(in_unit(point, quantity), _COMPUTED)


def _accuracy(point: pd.Series) -> dict[str, Any]:
    """On which data and by which metric a variant was judged; nothing where it was not."""
    if pd.isna(point["accuracy"]):
        return {}
    return {
        "judged": f"{scores.words(point['metric'])} on {point['dataset']}",
        "higher": point["higher_is_better"] == 1,
        "unit": point["unit"],
    }


def _missing(merged: Merged, quantity: Quantity) -> dict[Key, tuple[str, str]]:
    """For variants without this figure: the status in one word, and the reason in a sentence."""
    if quantity.table == "counts":
        return {}
    rows = _base(merged.without_figure(quantity.table))
    return {
        key: (why.replace("_", " "), "" if why == "no_meter" else message if status != "ok" else _NOT_SOUND)
        for key, (why, message, status) in _by_variant(rows, ["why", "message", "status"]).items()
    }


def _absent(quantity: Quantity, key: Key, with_data: Collection[str]) -> tuple[str, str]:
    """The same for a variant that has no row in the table."""
    if quantity.name == "accuracy" and key[1] not in with_data:
        return "no labelled data", ""
    return ("not counted" if quantity.basis == "counted" else "not measured"), ""


def _sweeps(merged: Merged) -> dict[Key, dict[str, dict[str, list[Any]]]]:
    """Per variant, swept axis and quantity the points: value of the axis, figure, half of its interval (relative), all that in words.

    A point without a figure has no numbers, and its words say why.
    """
    swept: dict[Key, dict[str, dict[str, list[Any]]]] = {}
    for quantity in (each for each in QUANTITIES if each.name in SWEPT):
        table = getattr(merged, quantity.table)
        table = table[table["configured"] == "yes"]
        columns = ["status", "message", "flags", *filter(None, METRICS[quantity.name][1:])]
        for axis in AXES:
            for *key, at, status, message, flags, value, low, high in _cells(sweep(table, axis), [axis, *columns]):
                why = next((flag for flag in flags.split() if flag in UNSOUND), "")
                why = why if status == "ok" else f"{status}: {message}"
                words = why or with_interval(value, low, high, quantity.scale)
                numbers = (quantity.scale * value, relative_half_width(low, high)) if not why else (math.nan, math.nan)
                points = swept.setdefault(tuple(key), {}).setdefault(axis, {}).setdefault(quantity.name, [])
                points.append([at, *_rounded(numbers, _DRAWN), words])
    return swept


def _launches(merged: Merged) -> dict[Key, list[list[float | None]]]:
    """Per variant its launches at the base point: seconds since the first of them, its figure as measured and corrected, in ms."""
    launches: dict[Key, list[list[float | None]]] = {}
    first: dict[Key, float] = {}
    rows = _base(merged.launches).sort_values("started_s", kind="stable")
    for *key, started, raw, corrected in _cells(rows, ["started_s", "launch_raw_s", "launch_corrected_s"]):
        since = started - first.setdefault(tuple(key), started)
        launches.setdefault(tuple(key), []).append([round(since), *_rounded((1e3 * raw, 1e3 * corrected), _DRAWN)])
    return launches


def _base(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["base"] & (rows["configured"] == "yes")]


def _by_variant(rows: pd.DataFrame, columns: list[str]) -> dict[Key, tuple[Any, ...]]:
    """The cells of these columns by variant."""
    return {tuple(row[:3]): tuple(row[3:]) for row in _cells(rows, columns)}


def _cells(rows: pd.DataFrame, columns: list[str]) -> Iterable[tuple[Any, ...]]:
    """The variant of each row, and its cells in these columns."""
    return rows[[*VARIANT, *columns]].itertuples(index=False, name=None)


def _rounded(numbers: Iterable[float], digits: int) -> list[float | None]:
    """Numbers to so many significant digits; None where there is none."""
    return [float(f"{number:.{digits}g}") if math.isfinite(number) else None for number in numbers]
