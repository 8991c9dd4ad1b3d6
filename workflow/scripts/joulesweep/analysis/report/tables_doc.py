"""Renders docs/tables.md from the definitions of the tables.

Run by hand as `python -m joulesweep.analysis.tables_doc > docs/tables.md`, with workflow/scripts on PYTHONPATH.
"""

from joulesweep.analysis.report.markdown import table, text
from joulesweep.launches.columns import LAYERS, STATUSES
from joulesweep.merged.columns import MERGED
from joulesweep.schema import SCHEMA

_INTRODUCTION = f"""\
# The tables

Made from `workflow/scripts/joulesweep/launches/columns.py`; a test keeps both the same.

Every table is CSV in UTF-8. Units are the ends of the columns' names, in SI: `_s` seconds, `_J` joules, `_W` watts,
`_bytes`, `_Hz`, `_C` degrees Celsius. Empty means not measured. `status` is one of {", ".join(f"`{name}`" for name in STATUSES)}.
These are the columns in `results/merged/`; the tables under `results/devices/` and `results/models/` have them too, but for
`configured`, and leave empty what only the merge can know. `layers.csv` lies in `results/models/<model>/` alone. The version of the columns, `schema`, is {SCHEMA}.
"""


def render() -> str:
    """The text of docs/tables.md."""
    parts = [_INTRODUCTION]
    for definition in (*MERGED.values(), LAYERS):
        rows = [[f"`{column.name}`", column.kind.__name__, text(column.meaning)] for column in definition.columns]
        key = ", ".join(f"`{name}`" for name in definition.key)
        parts.append(
            f"## {definition.name}.csv\n\nOne row for each {key}.\n\n{table(['column', 'type', 'meaning'], rows)}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    print(render(), end="")
