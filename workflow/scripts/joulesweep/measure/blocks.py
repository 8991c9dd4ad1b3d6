"""Splits a long job into blocks of models, so that a run that is stopped after an hour has finished models."""

from collections.abc import Mapping

BLOCK_S = 1200.0


def of_models(seconds: Mapping[str, float], block_s: float = BLOCK_S) -> list[list[str]]:
    """Models in their order, in blocks that take about `block_s` seconds each; `seconds` is what each model takes.

    Blocks are about equally long: within a block the launches of all models are interleaved, and a short block would
    share one moment of the device. A model that takes longer is a block of its own.
    """
    number = max(1, round(sum(seconds.values()) / block_s))
    each_s = sum(seconds.values()) / number
    found: list[list[str]] = [[]]
    filled_s = 0.0
    for model, model_s in seconds.items():
        if found[-1] and filled_s + model_s / 2 > each_s * len(found):
            found.append([])
        found[-1].append(model)
        filled_s += model_s
    return found
