"""Which parameters are shared and where, and whether the lab's formula accounts for it, in sentences."""

from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import si
from joulesweep.merged.base_points import model_counts
from joulesweep.merged.load import Merged

_MOST = 3  # places that are named


def sharing(merged: Merged) -> str:
    """Whether the lab's formula accounts for sharing, said with this report's own models."""
    counts = model_counts(merged)
    if counts.empty:
        return "No model was counted."
    says = (
        "**Does the lab's formula account for sharing?** Yes for a parameter that several modules use: "
        "`sum(p.numel() for p in model.parameters())` counts it once. No for two parameters that are views of one storage: it counts both."
    )
    found = []
    for model, row in counts.iterrows():
        often, views = row["params_every_use"] - row["params"], row["params"] - row["params_by_storage"]
        if often > 0:
            found.append(f"{text(str(model))} uses {si(often)} elements more than once{_where(row['shared'])}")
        if views > 0:
            found.append(f"{text(str(model))} stores {si(views)} elements fewer than it counts{_where(row['shared'])}")
        if row["reused_modules"]:
            found.append(f"{text(str(model))} goes through modules again in one pass ({text(row['reused_modules'])})")
    return f"{says} Here {'; '.join(found)}." if found else f"{says} No model here shares any, so all three ways agree."


def _where(shared: str) -> str:
    """The places of a column `shared`, in brackets; the largest first, as far as there is room."""
    places = sorted(filter(None, shared.split("; ")), key=_elements, reverse=True)
    more = f"; and {len(places) - _MOST} more" if len(places) > _MOST else ""
    return f" ({text('; '.join(places[:_MOST]))}{more})" if places else ""


def _elements(place: str) -> int:
    return int("".join(filter(str.isdigit, place.rpartition("(")[2])) or 0)
