"""`less_than`: a metric of one model or variant is smaller than that of another."""

from joulesweep.hypotheses._order import Order


class Hypothesis(Order):
    """`{metric: latency, of: A, less_than: B, by: 2}`: A needs half of what B needs, or less."""

    other = "less_than"
    side = -1
