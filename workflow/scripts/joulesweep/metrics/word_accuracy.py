"""Word accuracy of recognised speech: 1 less the word error rate.

The word error rate is the number of words to insert, delete or replace, over the number of words of the labels. The output,
[time, symbols], is decoded greedily as connectionist temporal classification (CTC, Graves et al. 2006): the largest symbol at each
time, repetitions taken as one, blanks left out. No language model takes part.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from joulesweep.errors import Unsupported
from joulesweep.metrics import base

_BLANK = 0  # the place of CTC's blank among the symbols
_SPACE = "|"


class Metric(base.Metric):
    """Upper and lower case count as the same."""

    words = "word accuracy"
    unit = "%"
    higher_is_better = True
    interval = "percentile bootstrap over the examples"
    labels = "texts"
    needs = ("symbols",)

    def score(self, output: np.ndarray, label: Any) -> tuple[float, ...]:
        """The number of wrong words, and of the words of the label."""
        if output.ndim != 2 or output.shape[1] != len(self.symbols):
            raise Unsupported(
                f"the model's first output has the shape {list(output.shape)} per example; word-accuracy takes "
                f"[time, symbols], and the data have {len(self.symbols)} symbols"
            )
        reference = str(label).casefold().split()
        return float(_edits(_decoded(output, self.symbols).casefold().split(), reference)), float(len(reference))

    def value(self, scores: np.ndarray) -> float:
        """1 less wrong words over words; NaN where the labels have no words."""
        wrong, words = scores.sum(axis=0)
        return float(1 - wrong / words) if words else math.nan


def _decoded(output: np.ndarray, symbols: Sequence[str]) -> str:
    """The text of an output. Symbols in angle brackets, such as `<unk>`, are no part of a text."""
    best = output.argmax(axis=1)
    changed = np.flatnonzero(np.diff(best, prepend=-1))
    names = [symbols[place] for place in best[changed] if place != _BLANK]
    return "".join(" " if name == _SPACE else name for name in names if not (name[:1] == "<" and name[-1:] == ">"))


def _edits(words: Sequence[str], reference: Sequence[str]) -> int:
    """The smallest number of words to insert, delete or replace (Levenshtein 1966)."""
    row = list(range(len(reference) + 1))
    for number, word in enumerate(words, 1):
        diagonal, row[0] = row[0], number
        for place, wanted in enumerate(reference, 1):
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, diagonal + (word != wanted))
    return row[-1]
