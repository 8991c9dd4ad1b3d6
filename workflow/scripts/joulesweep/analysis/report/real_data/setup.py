"""How accuracy was measured: data, input, preprocessing, metric and interval, in one entry per model."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.tables import input_shape
from joulesweep.formatting import enumeration, plural
from joulesweep.merged import scores
from joulesweep.merged.load import Merged

# What a model was evaluated with; where it differs between runtimes or devices, each has an entry.
_SAME = ["dataset", "metric", "unit", "higher_is_better", "examples", "preprocessing", "data_digest"]


def setups(merged: Merged, models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One entry per configured model with labelled data, for each way in which it was evaluated."""
    return [entry for model, spec in models.items() for entry in _of_model(merged, model, spec)]


def _of_model(merged: Merged, model: str, spec: Mapping[str, Any]) -> Iterator[str]:
    rows = merged.sound("accuracy")
    rows = rows[rows["model"] == model]
    ways = list(rows.groupby(_SAME, sort=False))
    shape = "; ".join(input_shape(entry, spec) for entry in spec["inputs"])
    for _, own in ways:
        where = f" ({_where(own)})" if len(ways) > 1 else ""
        yield f"**{text(model)}**{where}: {_words(own.iloc[0], shape)}"


def _words(row: pd.Series, shape: str) -> str:
    better = "higher" if row["higher_is_better"] == 1 else "lower"
    interval = scores.how_interval(row["metric"])
    return (
        f"{text(scores.words(row['metric']))} ({better} is better) over {plural(int(row['examples']), 'test example')} of "
        f"{text(row['dataset'])} (checksum {text(row['data_digest'])}). Input {text(shape)}, batch 1. Preprocessing: "
        f"{text(row['preprocessing'])}.{f' Interval: {text(interval)}.' if interval else ''}"
    )


def _where(rows: pd.DataFrame) -> str:
    named = [f"{row['runtime']} on {row['device']}" for _, row in rows.iterrows()]
    return text(enumeration(list(dict.fromkeys(named))))
