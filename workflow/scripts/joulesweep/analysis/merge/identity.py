"""Whether all that is compared under one model's name is one model with one input.

Identity travels as two digests in every row. Where they differ, the rows that this report can stand on are those that
match this device's; where it has none, the counts'; else what most devices ran.
"""

from collections import Counter
from collections.abc import Mapping

from joulesweep.analysis.merge.read_table import Located
from joulesweep.merged.problems import Problem
from joulesweep.system.working_folder import directory_option

DIGESTS = {"model_digest": "weights", "input_digest": "inputs"}


def without_conflicts(
    tables: Mapping[str, list[Located]], device: str
) -> tuple[dict[str, list[Located]], list[Problem]]:
    """The rows of every table that agree on each model's digests, and one problem per file and digest.

    An empty digest (the row failed before the model was identified) matches any other.
    """
    problems: list[Problem] = []
    matching = dict(tables)
    for digest, what in DIGESTS.items():
        right = _right(matching, digest, device)
        wrong: dict[tuple[str, str], list[int]] = {}
        for name, rows in matching.items():
            agreeing = []
            for located in rows:
                if located.row[digest] in ("", right.get(str(located.row["model"]))):
                    agreeing.append(located)
                else:
                    wrong.setdefault((located.file, str(located.row["model"])), []).append(located.line)
            matching[name] = agreeing
        for (file, model), lines in sorted(wrong.items()):
            text = f"other {what} under the name {model}: {digest} is not {right[model]}; {_rows(len(lines))} left out"
            cure = (
                f"use one configuration, weights file and results/models/{model} on all devices and run "
                f"`make all{directory_option()}` there; or give the model another name"
            )
            problems.append(Problem(file, min(lines), digest, text, cure))
    return matching, problems


def _right(tables: Mapping[str, list[Located]], digest: str, device: str) -> dict[str, str]:
    """The digest that each model's rows are compared with."""
    votes: dict[str, Counter[tuple[int, str]]] = {}
    seen: set[tuple[str, str, str]] = set()
    for rows in tables.values():
        for _, _, row in rows:
            model, value, of = str(row["model"]), str(row[digest]), str(row.get("device", ""))
            if value and (model, value, of) not in seen:
                seen.add((model, value, of))
                rank = 2 if of == device else 1 if of == "" else 0
                votes.setdefault(model, Counter())[(rank, value)] += 1
    return {model: max(counts, key=lambda vote: (vote[0], counts[vote], vote[1]))[1] for model, counts in votes.items()}


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"
