"""`tracks`: over the models, a metric rises with another."""

from joulesweep.hypotheses._ranking import Ranking


class Hypothesis(Ranking):
    """`{metric: latency, tracks: params}`: models with more parameters take longer."""

    models = 4
    other = "tracks"

    def sentence(self) -> str:
        """The claim in words."""
        metric, other = self.metrics
        return f"Across the models, the {self.words(metric)} rises with the {self.words(other)}"
