"""What `less_than` and `greater_than` share: one figure on the expected side of another, by a factor where one is given."""

from typing import ClassVar

from joulesweep.formatting import digits
from joulesweep.hypotheses._comparison import Compared, Comparison
from joulesweep.hypotheses.base import REFUTED, SUPPORTED, Case, undecided


class Order(Comparison):
    """Supported if the interval of the ratio, or for accuracy of the difference, lies on the expected side of the limit."""

    side: ClassVar[int]  # -1: less, 1: greater

    def sentence(self) -> str:
        """The claim in words."""
        by = self.claim.get("by")
        amount = ""
        if by:
            unit = f"{by:g} {self.claim.get('accuracy_unit', 'percentage points')}".strip()
            amount = f", by {unit if self.metric == 'accuracy' else f'a factor of {by:g}'} or more"
        word = {-1: "less", 1: "greater"}[self.side]
        return f"The {self.words(self.metric)} of {self.of} is {word} than that of {self.than}{amount}"

    def judge(self, where: str, found: Compared) -> Case:
        """By the limit that the factor sets: 1 without one."""
        by = self.claim.get("by", 0 if found.is_difference else 1)
        limit = self.side * found.limit(by) if found.is_difference else found.limit(by) ** self.side
        low, high = sorted(self.side * end for end in (found.low, found.high))
        if low > self.side * limit or ("by" in self.claim and low == self.side * limit):  # by a factor of 2 *or more*
            return Case(where, SUPPORTED, "", found.words)
        if high < self.side * limit or found.low == found.high:
            return Case(where, REFUTED, "", found.words)
        kind = "difference" if found.is_difference else "ratio"
        at = digits(found.scale * limit)
        return undecided(where, f"the interval of the {kind} includes {at}", found.words, found.narrower(limit))
