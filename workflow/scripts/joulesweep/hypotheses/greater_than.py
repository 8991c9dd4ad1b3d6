"""`greater_than`: a metric of one model or variant is larger than that of another."""

from joulesweep.hypotheses._order import Order


class Hypothesis(Order):
    """`{metric: accuracy, of: A, greater_than: B, by: 2}`: A is better by two percentage points or more."""

    other = "greater_than"
    side = 1
