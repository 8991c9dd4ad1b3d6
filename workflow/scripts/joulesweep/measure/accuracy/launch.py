"""One evaluation: a fresh process loads a model and its data, and keeps of each example what the metric needs.

Runs in the forked child.
"""

import gc
from collections.abc import Mapping
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.measure.accuracy import timing
from joulesweep.measure.accuracy.loaded_model import LoadedModel

_KINDS = {"i": "whole numbers", "f": "real numbers", "U": "texts"}  # by numpy's kind of type
_TAKEN = {"classes": "i", "numbers": "if", "texts": "U"}  # kinds of labels, by what a metric compares with


def run(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Evaluate one variant. The argument holds `artefact`, `runtime`, `threads`, and the `data` and `metric` of the specification.

    Returns `scores` [examples, numbers], the `answers` [examples] (the place of the largest output, None unless labels are classes),
    the `dataset` and the `preprocessing` in words, the `data_digest`, and the seconds of `timing.measure`.

    Raises:
        Unsupported: the examples do not fit the model, or its outputs the metric, or it ran elsewhere than the runtime's name says.
        UserError: the data cannot be read, the labels are of another kind than the metric takes, or an output is not finite.
    """
    data = argument["data"]
    data_set = plugins.load("datasets", data["set"])(data["settings"])
    whole = data_set.test()
    examples = whole.at_most(data["examples"])
    if not len(examples):
        raise UserError(f"the data set {data['name']} has no examples")
    metric = plugins.load("metrics", argument["metric"])(examples.symbols)
    _check_labels(argument["metric"], metric.labels, examples.labels)
    model = LoadedModel(argument["artefact"], argument["runtime"], argument["threads"])
    scores, answers = [], []
    for place, label in enumerate(examples.labels):
        output = model.output(model.prepared(examples.read(place)))
        if not place:
            model.check_where_it_ran()
        scores.append(metric.score(output, label))
        if metric.labels == "classes":
            answers.append(int(output.argmax()))
            if not place:
                _check_classes(output.size, examples.labels, examples.classes)
    gc.collect()
    gc.disable()  # while passes are timed
    return {
        "scores": np.array(scores, dtype=float),
        "answers": np.array(answers) if answers else None,
        "dataset": data["name"]
        + (f" ({len(examples)} of {len(whole)}, chosen at random)" if examples is not whole else ""),
        "data_digest": examples.digest,
        "preprocessing": data_set.preprocessing,
        **timing.measure(model, examples),
    }


def _check_labels(metric: str, taken: str, labels: np.ndarray) -> None:
    kind = labels.dtype.kind
    if kind not in _TAKEN[taken] or (taken == "classes" and labels.min() < 0):
        found = _KINDS.get(kind, str(labels.dtype))
        wanted = "names or whole numbers from 0" if taken == "classes" else taken
        raise UserError(
            f"the labels of the data are {found}, such as {(labels.min() if kind in 'if' else labels[0]).item()!r}; {metric} takes {wanted}; "
            "choose another metric"
        )


def _check_classes(outputs: int, labels: np.ndarray, classes: tuple[str, ...]) -> None:
    """Check that a label is a place among the outputs. Sorted names are places only where every class has examples."""
    if classes and len(classes) != outputs:
        raise UserError(
            f"the model has {outputs} outputs, the data have {len(classes)} classes; name all classes in the order of the "
            "outputs in a text file, one per line, and write classes: FILE"
        )
    if labels.max() >= outputs:
        raise UserError(f"the model has {outputs} outputs, but labels of the data go up to {labels.max()}")
