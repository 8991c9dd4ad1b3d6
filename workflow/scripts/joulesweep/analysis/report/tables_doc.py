"""Renders docs/tables.md from the definitions of the tables.

Run by hand as `python -m joulesweep.analysis.report.tables_doc > docs/tables.md`, with workflow/scripts on PYTHONPATH.
"""

from joulesweep.analysis.report.markdown import table, text
from joulesweep.launches.columns import RAW, STATUSES
from joulesweep.launches.table import Column
from joulesweep.merged.columns import CORRECTED, MERGED
from joulesweep.schema import SCHEMA

_OF_MERGE = ("configured", *(column.name for column in CORRECTED))
_INTRODUCTION = f"""\
# The tables

Made from `workflow/scripts/joulesweep/launches/columns.py`; a test keeps both the same.

Every table is CSV in UTF-8. Units are the ends of the columns' names, in SI: `_s` seconds, `_J` joules, `_W` watts,
`_bytes`, `_Hz`, `_C` degrees Celsius. Empty means not measured. `status` is one of {", ".join(f"`{name}`" for name in STATUSES)}.
These are the columns in `results/merged/`; the tables under `results/devices/` and `results/models/` have them too, but for
those that only the merge can fill ({", ".join(f"`{name}`" for name in _OF_MERGE)}). Every row of
the tables there ends with `check`: CRC-32 of the line before it, of the line followed by a line end and the word `last` in the last row.
A row that was changed, or a file that was cut, is named in `problems.csv`. Columns marked (raw) are for readers of the CSV files; the report does not show them. The version of the columns, `schema`, is {SCHEMA}.
"""


def _meaning(column: Column) -> str:
    return f"{column.meaning} (raw)" if column.name in RAW else column.meaning


def render() -> str:
    """The text of docs/tables.md."""
    parts = [_INTRODUCTION]
    for definition in MERGED.values():
        rows = [[f"`{column.name}`", column.type_.__name__, text(_meaning(column))] for column in definition.columns]
        key = ", ".join(f"`{name}`" for name in definition.key)
        parts.append(
            f"## {definition.name}.csv\n\nOne row for each {key}.\n\n{table(['column', 'type', 'meaning'], rows)}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    print(render(), end="")
