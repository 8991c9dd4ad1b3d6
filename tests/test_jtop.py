"""The meter jtop against the real service and client of jetson-stats, on emulated boards whose power changes."""

import time

import pytest
from joulesweep.measure.energy import meter_probe
from joulesweep.measure.energy.sampler import Sampler
from joulesweep.measure.energy.traces.power_trace import PowerTrace

from tests.jetson_board import AGX_ORIN, NANO, ORIN_NX, SECOND, THOR, Drawing, devices
from tests.jtop_service import CHIPS, Service, why_not

pytestmark = [
    pytest.mark.xdist_group("jtop"),
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can"),
]
FAST = {"interval_s": 0.1}


@pytest.mark.parametrize(
    ("chips", "rails", "scope"),
    [
        (NANO, ["POM_5V_IN"], "module"),
        (ORIN_NX, ["VDD_IN"], "module"),
        (AGX_ORIN, ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"], "module"),
        (THOR, ["VIN"], "machine"),
    ],
    ids=["Nano", "Orin NX", "AGX Orin", "Thor"],
)
def test_joules_are_those_that_the_board_drew(chips, rails, scope):
    """5 W for a second and a half, then a ramp from 5 W to 15 W: the integral is the emulated one, no rail counts twice."""
    with Service(chips, 5.0):
        found = meter_probe.probe("jtop", FAST, live=True)
        assert found["usable"], found
        assert list(found["description"]["rails"]) == rails
        assert found["description"]["scope"] == scope
        assert found["watts"] == pytest.approx(5.0, abs=0.01)

        sampler = Sampler("jtop", FAST)
        sampler.wait_for_first_reading()
        start = time.monotonic_ns() + SECOND // 4

        def watts(now: int) -> float:
            return 5.0 + 10.0 * min(1.0, max(0.0, (now - start) / SECOND / 1.5 - 1.0))

        with Drawing(devices(CHIPS), chips, watts):
            time.sleep(3.75)
            record = sampler.stop()
    trace = PowerTrace.of_record(record)
    flat, ramp = (start, start + 3 * SECOND // 2), (start + 3 * SECOND // 2, start + 3 * SECOND)
    assert trace.joules(*flat) == pytest.approx(5.0 * 1.5, rel=0.02)
    assert trace.joules(*ramp) == pytest.approx(10.0 * 1.5, rel=0.1)


def test_a_service_of_another_version_is_told_with_the_cure():
    with Service(ORIN_NX, 5.0, version="4.2.0"):
        reason = meter_probe.probe("jtop", {})["reason"]
    assert "Mismatch version jtop service: [4.2.0]" in reason
    assert "meters: {jtop: {python: " in reason


def test_without_a_service_the_command_that_starts_it_is_told():
    assert "sudo systemctl start jtop.service" in meter_probe.probe("jtop", {})["reason"]
