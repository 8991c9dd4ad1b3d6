"""The roofline model: how much of what a device could do at a model's FLOPs per byte each variant does.

Williams, Waterman and Patterson, Roofline: An Insightful Visual Performance Model, CACM 52 (2009).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pandas as pd

from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.merged.base_points import base_points, model_counts
from joulesweep.merged.load import VARIANT, Merged

COMPUTE, MEMORY, OVERHEAD = "compute", "memory", "overhead"
_TAKEN = [*VARIANT, "latency", "latency_low", "latency_high", "flops"]
_FAR_BELOW = 0.2  # of the roof: below it, neither arithmetic nor memory is what a pass waits for
_ABOVE = 1.05  # times the level roof: above it, numpy's matrix product is not the most that the device does
_FULL_PRECISION = ("module", "onnx")  # formats whose numbers are those that the roof and the counts are about


@dataclass(frozen=True)
class Roof:
    """The most that the CPU of a device does in numpy, per second: floating-point operations, and bytes through memory."""

    flops_per_s: float
    bytes_per_s: float

    @property
    def ridge(self) -> float:
        """FLOPs per byte from which arithmetic is the limit and no longer memory."""
        return self.flops_per_s / self.bytes_per_s

    def at(self, flops_per_byte: float) -> float:
        """The most FLOPs per second at so many FLOPs per byte."""
        return min(self.flops_per_s, self.bytes_per_s * flops_per_byte)


def roofs(merged: Merged, device: str) -> dict[int, Roof]:
    """The roofs of a device by the number of threads: one, and one per physical core. Empty where they were not measured."""
    rows = merged.devices[merged.devices["device"] == device]
    if rows.empty or rows[["all_cores_flops_per_s", "one_thread_bytes_per_s", "cores_physical"]].isna().any(axis=None):
        return {}
    row = rows.iloc[0]
    return {
        int(row["cores_physical"]): Roof(row["all_cores_flops_per_s"], row["all_cores_bytes_per_s"]),
        1: Roof(row["one_thread_flops_per_s"], row["one_thread_bytes_per_s"]),
    }


def placed(merged: Merged) -> pd.DataFrame:
    """The base point of every variant whose roof is known, with what it does and what it could do.

    Those in 32 bits on a CPU, with one thread or one per physical core. Left out are the variants of a device of which one does more than
    the level roof: see `low_roofs`.
    Columns: device, model, runtime, latency with latency_low and latency_high (seconds), flops, flops_per_byte, threads,
    roof_flops_per_s, `reached` (the share of that roof), and `bound`: what a pass waits for.
    """
    rows = _all(merged)
    above = rows[rows["times_level"] > _ABOVE]
    return rows[~rows["device"].isin(set(above["device"]))].reset_index(drop=True)


def low_roofs(merged: Merged) -> Iterator[pd.Series]:
    """For each device whose level roof is too low, the variant that shows it most."""
    rows = _all(merged)
    for _, own in rows[rows["times_level"] > _ABOVE].groupby("device", sort=False):
        yield own.loc[own["times_level"].idxmax()]


def _all(merged: Merged) -> pd.DataFrame:
    points = base_points(merged)
    per_byte = model_counts(merged)["flops_per_byte"]
    threads = merged.latency[merged.latency["base"]].drop_duplicates(VARIANT).set_index(VARIANT)["threads"]
    threads_of, of_device = threads.to_dict(), {device: roofs(merged, device) for device in set(points["device"])}
    rows = []
    for _, row in points.iterrows():
        number = threads_of.get(tuple(row[name] for name in VARIANT), float("nan"))
        intensity = per_byte.get(row["model"], float("nan"))
        roof = of_device[row["device"]].get(number)
        known = row["latency"] > 0 and row["flops"] > 0 and intensity > 0
        if roof is None or not known or not _is_comparable(row["runtime"]):
            continue
        top = roof.at(intensity)
        does = row["flops"] / row["latency"]
        bound = OVERHEAD if does < _FAR_BELOW * top else COMPUTE if intensity >= roof.ridge else MEMORY
        of_roof = {"flops_per_byte": intensity, "threads": int(number), "roof_flops_per_s": top, "reached": does / top}
        rows.append({**row[_TAKEN], **of_roof, "bound": bound, "times_level": does / roof.flops_per_s})
    columns = [*_TAKEN, "flops_per_byte", "threads", "roof_flops_per_s", "reached", "bound", "times_level"]
    return pd.DataFrame(rows, columns=columns)


@cache
def _is_comparable(runtime: str) -> bool:
    """Whether a runtime computes in 32 bits on the CPU; one of another device that is not known here does not count."""
    try:
        declared = [plugins.declared("runtimes", runtime, name) for name in ("compute_device", "format")]
    except UserError:
        return False
    return declared[0] == "cpu" and declared[1] in _FULL_PRECISION
