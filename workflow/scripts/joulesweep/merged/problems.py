"""A difficulty that the merge met: where, what, and what to do about it."""

from dataclasses import dataclass

from joulesweep.launches.columns import Column, Table
from joulesweep.schema import SCHEMA

PROBLEMS = Table(
    "problems",
    ("file", "row", "column", "problem"),
    (
        Column("schema", int, "version of the table's columns"),
        Column("file", str, "file, relative to results/"),
        Column("row", int, "line in the file, the header being line 1; empty where the whole file is meant"),
        Column("column", str, "column; empty where the whole row is meant"),
        Column("problem", str, "what is wrong, and what was left out because of it"),
        Column("cure", str, "what to do about it"),
    ),
)

COPY_AGAIN = "copy the file from its device again; where it was made, delete it and run snakemake: the journal is kept"


@dataclass(frozen=True)
class Problem:
    """One row of problems.csv; `row` is the line in the file (header = 1), None where the whole file is meant."""

    file: str
    row: int | None
    column: str
    problem: str
    cure: str

    def as_row(self) -> dict[str, object]:
        """The problem as a row of its table."""
        return {"schema": SCHEMA, **vars(self)}
