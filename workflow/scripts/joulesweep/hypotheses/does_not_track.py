"""`does_not_track`: over the models, a metric does not rise with another."""

from joulesweep.hypotheses._ranking import Ranking


class Hypothesis(Ranking):
    """`{metric: latency, does_not_track: params}`: supported by an interval of ρ that lies low, never by a large p."""

    models = 4
    other = "does_not_track"
    denies = True

    def sentence(self) -> str:
        """The claim in words."""
        metric, other = self.metrics
        return f"Across the models, the {self.words(metric)} does not rise with the {self.words(other)}"
