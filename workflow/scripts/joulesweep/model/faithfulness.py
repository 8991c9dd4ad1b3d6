"""Whether a variant computes what the model computes: its outputs at the base point beside those that the export kept.

The tolerances were fixed before any variant was compared. They are shares of the largest output. Each is about ten to twenty
times the unit roundoff of its precision (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 2.1), which leaves
room for the roundings of some dozens of layers; float32 has more room, since runtimes add numbers in different orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joulesweep.errors import UserError
from joulesweep.model.manifest import Artefact
from joulesweep.model.outputs import difference

TOLERANCES = {"float32": 1e-3, "tf32": 1e-2, "float16": 1e-2, "bfloat16": 5e-2, "int8": 1e-1}


@dataclass(frozen=True)
class Comparison:
    """The largest difference of an output from the model's, as a share of the largest output, and what is tolerated of it."""

    max_error: float
    tolerance: float


def compare(outputs: Sequence[np.ndarray], artefact: Artefact, precision: str) -> Comparison | None:
    """Compare outputs at the base point with those of the model; None where the export kept none, or none for this point.

    Raises:
        UserError: the outputs have other shapes than the model's, so it is not the same model.
    """
    if artefact.outputs is None:
        return None
    with np.load(artefact.outputs) as kept:
        expected = [kept[name] for name in kept.files]
    shapes, wanted = ([list(array.shape) for array in arrays] for arrays in (outputs, expected))
    if shapes != wanted:
        raise UserError(f"the outputs have the shapes {shapes}, those of the model are {wanted}: another model")
    return Comparison(difference(outputs, expected), TOLERANCES[precision])
