"""`less_than`: a metric of one model or variant is smaller than that of another."""

from joulesweep.hypotheses._order import Order


class Hypothesis(Order):
    """`{metric: latency, of: A, less_than: B, by: 2}`: A needs less than half of what B needs."""

    other = "less_than"
    side = -1
