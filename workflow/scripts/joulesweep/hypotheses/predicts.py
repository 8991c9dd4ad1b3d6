"""`predicts`: over the models, a metric foretells the order of another."""

from joulesweep.hypotheses._ranking import Ranking


class Hypothesis(Ranking):
    """`{metric: params, predicts: latency}`: `tracks` from the other side, with the same rule."""

    models = 4
    other = "predicts"

    def sentence(self) -> str:
        """The claim in words."""
        metric, other = self.metrics
        return f"Across the models, the {self.words(metric)} predicts the order of the {self.words(other)}"
