"""From raw to corrected latency.

The correction is off: c = 0 for every point, so the corrected figures are the raw ones. Which correction to apply
(control variates on the reference, c learned from a runtime's other launches) is chosen once it has been shown, on
recorded launches, to lower the spread between launches; each launch's line already keeps what that needs.
"""

from collections.abc import Mapping


def corrected(row: Mapping[str, object]) -> dict[str, object]:
    """A latency row with `corrected_s`, its interval, and `throughput_per_s` (examples a second) set."""
    seconds, batch = row["raw_s"], row["batch"]
    throughput = batch / seconds if isinstance(seconds, float) and isinstance(batch, int) else None
    return {
        **row,
        "corrected_s": seconds,
        "ci_low_s": row["raw_ci_low_s"],
        "ci_high_s": row["raw_ci_high_s"],
        "throughput_per_s": throughput,
    }
