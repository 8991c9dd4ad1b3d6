"""Where the time of each variant goes by kind of layer, joined with where its FLOPs are."""

from collections.abc import Collection, Mapping

import pandas as pd

from joulesweep import operator_kinds
from joulesweep.launches.time_shares.rows import ALL
from joulesweep.merged.load import VARIANT, Merged

SHOWN = 0.03  # a kind with less than this share of the time in every variant is not shown by its name

_WHOLE = "(model)"
# Where the FLOPs of a kind are counted if the runtime has no operator that is known to be of it.
_WITHIN = {
    operator_kinds.ATTENTION: operator_kinds.PRODUCT,
    operator_kinds.RECURRENT: operator_kinds.PRODUCT,
    operator_kinds.DEPTHWISE: operator_kinds.CONVOLUTION,
}


def time_by_kind(merged: Merged) -> pd.DataFrame:
    """One row per variant and kind, the largest share of each variant first.

    Columns: device, model, runtime, kind, time_share with time_low_share and time_high_share, own_s, slowdown, splits_by, launches, and
    `flops_share`, NaN where it is not known. The parts that `splits_by` module are joined by module; operators of a runtime, whose names are its own, by
    kind.
    """
    rows = merged.sound("time_shares")
    kinds = rows[rows["part"] == ALL]
    columns = [
        *VARIANT,
        "kind",
        "time_share",
        "time_low_share",
        "time_high_share",
        "own_s",
        "slowdown",
        "splits_by",
        "launches",
    ]
    layers = dict(iter(merged.layers.groupby("model")))
    shares = {
        variant: _flops_shares(layers.get(variant[1], merged.layers.iloc[:0]), own)
        for variant, own in rows.groupby(VARIANT, sort=False)
    }
    variants = zip(*(kinds[name] for name in VARIANT), strict=True)
    flops = [shares[variant].get(kind, float("nan")) for variant, kind in zip(variants, kinds["kind"], strict=True)]
    return kinds[columns].assign(flops_share=flops).reset_index(drop=True)


def _flops_shares(layers: pd.DataFrame, rows: pd.DataFrame) -> Mapping[str, float]:
    """The share of the FLOPs of each kind of a variant with these `layers`; empty where it is not known, or where a kind with FLOPs has no time."""
    kinds = set(rows["kind"])
    by_module = rows["splits_by"].iloc[0] == "module"
    flops = _of_modules(layers, rows) if by_module else _of_operators(layers, kinds)
    total = sum(flops.values())
    if not total or any(count and kind not in kinds for kind, count in flops.items()):
        return {}
    return {kind: flops.get(kind, 0.0) / total for kind in kinds}


def _of_operators(layers: pd.DataFrame, kinds: Collection[str]) -> dict[str, float]:
    """FLOPs by kind, for a variant with operators of these kinds.

    A runtime without an operator for attention runs its products as any other product. Empty where it has one, or one for a
    recurrent layer: that operator does products which the counter sees one by one.
    """
    if {operator_kinds.ATTENTION, operator_kinds.RECURRENT}.intersection(kinds):
        return {}
    rows = layers[(layers["module"] == _WHOLE) & (layers["operator"] != ALL)]
    flops: dict[str, float] = {}
    for operator, count in zip(rows["operator"], rows["flops"], strict=True):
        kind = operator_kinds.of_operator(operator)
        kind = _WITHIN.get(kind, kind) if kind not in kinds else kind
        flops[kind] = flops.get(kind, 0.0) + (count if count == count else 0.0)
    return flops


def _of_modules(layers: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """FLOPs by kind, each module's own; empty where a module is called from another place than where it is kept."""
    inclusive = layers[layers["operator"] == ALL].set_index("module")["flops"].fillna(0.0)
    own = inclusive.to_dict()
    if _WHOLE not in own:
        return {}
    for module, flops in inclusive.items():
        if module != _WHOLE:
            own[_around(str(module), own)] -= flops
    if min(own.values(), default=0.0) < 0:
        return {}
    parts = rows[rows["part"] != ALL]
    kinds = dict(zip(parts["part"], parts["kind"], strict=True))
    by_kind: dict[str, float] = {}
    for module, flops in own.items():
        kind = kinds.get(module, operator_kinds.BETWEEN)
        by_kind[kind] = by_kind.get(kind, 0.0) + flops
    return by_kind


def _around(module: str, modules: Mapping[str, float]) -> str:
    """The module that holds a module."""
    while (module := module.rpartition(".")[0]) and module not in modules:
        pass
    return module or _WHOLE
