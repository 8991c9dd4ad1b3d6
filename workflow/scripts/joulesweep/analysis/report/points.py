"""How the report names a variant and a point."""

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.axes import AXES


def name_of(row: pd.Series) -> str:
    """The variant of a row, with its device where the row has one."""
    where = f" on {row['device']}" if row.get("device") else ""
    return text(f"{row['model']} @ {row['runtime']}{where}")


def point_of(row: pd.Series) -> str:
    """The point of a row by what differs from the base point, as in `batch 4`."""
    off = [axis for axis in AXES if axis in row and not row[f"base_{axis}"]]
    return " ".join(f"{axis} {row[axis]:g}" for axis in off) or "the base point"
