"""`tracks`: over the models, a metric rises with another."""

from joulesweep.hypotheses._ranking import Ranking
from joulesweep.hypotheses.base import WORDS


class Hypothesis(Ranking):
    """`{metric: latency, tracks: params}`: models with more parameters take longer."""

    models = 4
    other = "tracks"

    def sentence(self) -> str:
        """The claim in words."""
        metric, other = self.metrics
        return f"Across the models, the {WORDS[metric]} rises with the {WORDS[other]}"
