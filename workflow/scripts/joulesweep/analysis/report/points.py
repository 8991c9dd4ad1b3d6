"""How the report names a variant, a point and a data set, and writes the figures of a base point."""

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.axes import AXES
from joulesweep.formatting import scored, si, with_interval
from joulesweep.merged import scores
from joulesweep.merged.base_points import interval

WORDS = {"accuracy": "accuracy", "latency": "latency", "energy": "energy", "memory": "peak memory", "weights": "size"}
_UNITS = {"latency": "ms", "energy": "mJ"}  # thousandths of the unit of the tables


def variant(row: pd.Series) -> str:
    """The variant of a row."""
    return text(f"{row['model']} @ {row['runtime']}")


def name_of(row: pd.Series) -> str:
    """The variant of a row, with its device where the row has one."""
    where = f" on {row['device']}" if row.get("device") else ""
    return text(f"{row['model']} @ {row['runtime']}{where}")


def point_of(row: pd.Series) -> str:
    """The point of a row by what differs from the base point, as in `batch 4`."""
    off = [axis for axis in AXES if axis in row and not row[f"base_{axis}"]]
    return " ".join(f"{axis} {row[axis]:g}" for axis in off) or "the base point"


def data_of(row: pd.Series) -> str:
    """What the accuracy of a base point is about: the data set and the metric."""
    return text(f"{row['dataset']} ({scores.words(row['metric'])})")


def words_of(row: pd.Series, metric: str) -> str:
    """A metric of a base point in words: accuracy by the name of its own metric, modelled energy as such."""
    if metric == "accuracy":
        return text(scores.words(row["metric"]))
    return f"modelled {metric}" if metric == "energy" and row["kind"] == "modelled" else WORDS[metric]


def figure_of(row: pd.Series, metric: str) -> str:
    """A figure of a base point with its unit, and its interval where it has one."""
    figure = interval(row, metric)
    if metric == "accuracy":
        return scored(figure.value, figure.low, figure.high, row["unit"])
    if metric in _UNITS:
        return with_interval(figure.value, figure.low, figure.high, 1e3, _UNITS[metric])
    return si(figure.value, "B")
