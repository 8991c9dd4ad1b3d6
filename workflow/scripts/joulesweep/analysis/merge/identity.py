"""Whether all that is compared under one model's name is one model with one input.

Identity travels as two digests in every row. Where they differ, the rows that this report can stand on are those that
match this device's; where it has none, the counts'; else what most devices ran.
"""

from collections import Counter
from collections.abc import Mapping

from joulesweep.analysis.merge.read_table import Row
from joulesweep.merged.problems import Problem

DIGESTS = {"model_digest": "weights", "input_digest": "inputs"}


def without_conflicts(
    tables: Mapping[str, list[tuple[str, int, Row]]], device: str
) -> tuple[dict[str, list[tuple[str, int, Row]]], list[Problem]]:
    """The rows (file, line, row) of every table that agree on each model's digests, and one problem a file and digest.

    An empty digest, as a row has that failed before the model was known, agrees with all.
    """
    problems: list[Problem] = []
    kept = dict(tables)
    for digest, what in DIGESTS.items():
        right = _right(kept, digest, device)
        wrong: dict[tuple[str, str], list[int]] = {}
        for name, rows in kept.items():
            agreeing = []
            for file, line, row in rows:
                if row[digest] in ("", right.get(str(row["model"]))):
                    agreeing.append((file, line, row))
                else:
                    wrong.setdefault((file, str(row["model"])), []).append(line)
            kept[name] = agreeing
        for (file, model), lines in sorted(wrong.items()):
            text = f"other {what} under the name {model}: {digest} is not {right[model]}; {_rows(len(lines))} left out"
            cure = (
                f"use one configuration, weights file and results/models/{model} on all devices and run snakemake there"
            )
            problems.append(Problem(file, min(lines), digest, text, f"{cure}; or give the model another name"))
    return kept, problems


def _right(tables: Mapping[str, list[tuple[str, int, Row]]], digest: str, device: str) -> dict[str, str]:
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
    return {model: max(found, key=lambda vote: (vote[0], found[vote], vote[1]))[1] for model, found in votes.items()}


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"
