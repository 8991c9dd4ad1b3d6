"""What every counter offers.

A counter is a module with one function, and a second one where it can tell layers apart:

    point(subject, at)    columns of the row of counts at a point
    layers(subject, at)   for each module's name, columns of its row in the table of layers
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Subject:
    """A model to count: the module as its source builds it, and on the meta device, where a pass costs no memory."""

    spec: Mapping[str, Any]
    module: nn.Module
    meta: nn.Module
