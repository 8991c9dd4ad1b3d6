"""`stays`: a metric of one variant is about that of another, as in `within 1 point` or `within 5 %`."""

from joulesweep.hypotheses._comparison import Compared, Comparison
from joulesweep.hypotheses.base import REFUTED, SUPPORTED, Case, undecided


class Hypothesis(Comparison):
    """Supported if the whole interval of the ratio or difference lies within the limits, refuted if it lies outside."""

    other = "from"

    def sentence(self) -> str:
        """The claim in words."""
        return f"The {self.words(self.metric)} of {self.of} stays {self.claim['stays']} of that of {self.than}"

    def judge(self, where: str, found: Compared) -> Case:
        """By the limits on both sides."""
        amount = float(self.claim["stays"].split()[1])
        apart, times = amount / found.scale, 1 + amount / 100
        lower, upper = (-apart, apart) if found.is_difference else (1 / times, times)
        low, high = (found.value, found.value) if self.metric == "memory" else (found.low, found.high)  # no interval
        if lower <= low and high <= upper:
            return Case(where, SUPPORTED, "", found.words)
        if high < lower or low > upper:
            return Case(where, REFUTED, "", found.words)
        narrower = max(found.narrower(limit) for limit in (lower, upper))
        return undecided(where, "only a part of the interval lies within that", found.words, narrower)
