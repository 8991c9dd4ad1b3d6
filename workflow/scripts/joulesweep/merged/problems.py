"""A difficulty that the merge met: where, what, and what to do about it."""

from dataclasses import dataclass

from joulesweep.launches.table import Table, columns_of
from joulesweep.schema import SCHEMA
from joulesweep.system.working_folder import directory_option

PROBLEMS = Table(
    "problems",
    ("file", "row", "column", "problem"),
    columns_of(int, schema="version of the table's columns")
    + columns_of(str, file="file, relative to results/")
    + columns_of(int, row="line in the file, the header being line 1; empty where the whole file is meant")
    + columns_of(
        str,
        column="column; empty where the whole row is meant",
        problem="what is wrong, and what was left out because of it",
        cure="what to do about it",
    ),
)


def copy_again() -> str:
    """The cure of a file that is damaged."""
    return (
        "copy the file from its device again; where it was made, delete it and run "
        f"`make all{directory_option()}`: the journal is kept"
    )


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
