"""Waiting for the device to cool, so that a launch does not pay for the one before it."""

import time

from joulesweep.measure.device import state

_MARGIN_CELSIUS = 3.0
_LOOK_S = 0.5


def cool_celsius() -> float | None:
    """The temperature that counts as cool in this job: the hottest sensor's now and a little; None without a sensor."""
    now = state.hottest_celsius()
    return None if now is None else now + _MARGIN_CELSIUS


def cool_down(target_celsius: float | None, at_most_s: float) -> tuple[float, bool]:
    """Sleep until the hottest sensor is back at the target, for a bounded time; the seconds, and whether it is.

    Without a target or a sensor nothing is waited for, and nothing is known to be warm.
    """
    start = time.monotonic()
    while target_celsius is not None:
        now = state.hottest_celsius()
        waited_s = time.monotonic() - start
        if now is None or now <= target_celsius:
            return waited_s, True
        if waited_s >= at_most_s:
            return waited_s, False
        time.sleep(_LOOK_S)
    return 0.0, True
