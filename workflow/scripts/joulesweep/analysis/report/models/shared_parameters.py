"""Which parameters are shared and where, and whether the lab's formula accounts for it, in sentences."""

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import plural, si
from joulesweep.merged.base_points import model_counts
from joulesweep.merged.load import Merged

_MOST = 3  # places that are named

_RULE = (
    "**Does the lab's formula account for sharing?** `sum(p.numel() for p in model.parameters())` counts a parameter once "
    "if several modules use it. If two parameters are views of the same storage, it counts that storage twice."
)


def sharing(merged: Merged) -> str:
    """Whether the lab's formula accounts for sharing, said with this report's own models."""
    counts = model_counts(merged)
    if counts.empty:
        return "No model was counted."
    sentences = [sentence for model, row in counts.iterrows() for sentence in _of_model(text(str(model)), row)]
    if not sentences:
        return f"{_RULE} No model here shares parameters, so all three counts are equal."
    return f"{_RULE} In this report: {'; '.join(sentences)}."


def _of_model(model: str, row: pd.Series) -> list[str]:
    sentences = []
    if (often := row["params_every_use"] - row["params"]) > 0:
        sentences.append(f"{model} uses {si(often)} elements more than once{_where(row['shared'])}")
    if (views := row["params"] - row["params_by_storage"]) > 0:
        sentences.append(f"{model} stores {si(views)} elements fewer than the formula counts{_where(row['shared'])}")
    if (missed := row["params_unregistered"]) > 0:
        sentences.append(
            f"the formula misses {si(missed)} elements of {model}, in layers and tensors that are neither parameters nor "
            f"buffers{_where(row['unregistered'])}"
        )
    modules = row["reused_modules"].split()
    if modules:
        calls = ", ".join("{} × {}".format(*reversed(module.rsplit("=", 1))) for module in modules[:_MOST])
        more = f", and {plural(len(modules) - _MOST, 'more module')}" if len(modules) > _MOST else ""
        sentences.append(f"one pass of {model} calls the same module several times ({text(calls + more)})")
    return sentences


def _where(shared: str) -> str:
    """The places of a column `shared`, in brackets; the largest first, as far as there is room."""
    places = sorted(filter(None, shared.split("; ")), key=_elements, reverse=True)
    more = f"; and {len(places) - _MOST} more" if len(places) > _MOST else ""
    return f" ({text('; '.join(places[:_MOST]))}{more})" if places else ""


def _elements(place: str) -> int:
    return int("".join(filter(str.isdigit, place.rpartition("(")[2])) or 0)
