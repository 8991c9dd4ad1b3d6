"""A log of another device: every unit and way to write it is understood or refused with line and cell, never guessed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.power_logs import _units
from joulesweep.power_logs.log import PowerLog

RECORDED = Path(__file__).parent / "recorded"
GARBAGE = st.text(st.characters(codec="utf-8"), max_size=200)
SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND  # 2023-11-14 22:13:20 UTC
START = "2023-11-14T22:13:20Z"
USB = {"time": "Date", "volts": "Voltage", "amperes": "Current"}


def _read(file: Path, **settings: Any) -> tuple[list[int], list[float]]:
    time_ns, watts = PowerLog({"file": str(file), **settings}).readings()
    return time_ns.tolist(), watts.tolist()


def _log(folder: Path, text: str | bytes, **settings: Any) -> tuple[list[int], list[float]]:
    """The readings of a log with this text; `time` and `power` are its columns t and W unless the settings say otherwise."""
    file = folder / "log.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return _read(file, **({"time": "t"} | ({} if "amperes" in settings else {"power": "W"}) | settings))


def _refusal(folder: Path, text: str | bytes, **settings: Any) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - what it says is what is tested
        _log(folder, text, **settings)
    said = str(error.value)
    assert len(said) <= 300 + len(str(folder))
    assert "\n" not in said
    return said


def _joules(time_ns: list[int], watts: list[float]) -> float:
    return float(np.trapezoid(watts, (np.array(time_ns) - time_ns[0]) * 1e-9))


# The three files of meters that are common, in small: what their users name, and the joules by hand.

PPK2 = (
    "Timestamp(ms),Current(uA),D0-D7\n"
    + "".join(f"{10.0 * step},{600000 + 2000 * step},0\n" for step in range(4))
    + "40.0"
)
FNIRSI = """
timestamp sample_in_packet voltage_V current_A dp_V dn_V temp_C_ema energy_Ws capacity_As
1764080000.000 0 5.10000 0.60000 0.012 0.010 31.200 0.000000 0.000000
1764080000.500 1 5.20000 0.50000 0.012 0.010 31.200 1.500000 0.300000
1764080001.000 2 5.00000 0.70000 0.012 0.010 31.200 3.000000 0.600000
"""
SPACED = "Date/Time; Power [W]\n25/11/2026 14:00:00;7,98 W\n25/11/2026 14:00:01;8,00 W\n25/11/2026 14:00:02;7,00 W\n"


def test_a_power_profiler_counts_in_milliseconds_and_microamperes(tmp_path):
    """5 V times 0.600 to 0.606 A in 30 ms: 3.015 W on average, 90.45 mJ; the last line is torn and not read."""
    time_ns, watts = _log(tmp_path, PPK2, time="Timestamp", amperes="Current", volts=5.0, start=START)
    assert [moment - EPOCH for moment in time_ns] == [0, 10_000_000, 20_000_000, 30_000_000]
    assert watts == pytest.approx([3.0, 3.01, 3.02, 3.03])
    assert _joules(time_ns, watts) == pytest.approx(0.09045)


def test_a_usb_meter_separates_by_spaces(tmp_path):
    """3.06, 2.60, 3.50 W half a second apart: (3.06 + 2 x 2.60 + 3.50) / 4 = 2.94 J."""
    time_ns, watts = _log(tmp_path, FNIRSI, time="timestamp", volts="voltage_V", amperes="current_A")
    assert time_ns[0] == 1_764_080_000 * SECOND
    assert watts == pytest.approx([3.06, 2.60, 3.50])
    assert _joules(time_ns, watts) == pytest.approx(2.94, abs=1e-6)
    assert _log(tmp_path, FNIRSI, time="timestamp", volts="voltage", amperes="current")[1] == watts


def test_a_plug_meter_writes_units_behind_decimal_commas(tmp_path):
    """7.98, 8.00, 7.00 W a second apart: 7.99 + 7.50 = 15.49 J."""
    settings = {"time": "Date/Time", "time_format": "%d/%m/%Y %H:%M:%S"}
    time_ns, watts = _log(tmp_path, SPACED, power="Power", **settings)
    assert watts == [7.98, 8.0, 7.0]
    assert _joules(time_ns, watts) == pytest.approx(15.49)
    assert _log(tmp_path, SPACED, power="Power [W]", **settings)[1] == watts
    said = _refusal(tmp_path, SPACED, time="Date/Time", power="Power")
    assert "line 2: '25/11/2026 14:00:00' is no time that is known here; set meters.log.time_format, as in" in said


def test_a_hundred_thousand_readings_per_second_keep_their_energy(tmp_path):
    """A square wave of 1 kHz between 1 and 3 W for a second: 2 J; time stamps of 1 ms hold a hundred readings each."""
    fine = "".join(f"{step / 100:.2f},{3 if step // 50 % 2 else 1}\n" for step in range(100_001))
    time_ns, watts = _log(tmp_path, "t(ms),W\n" + fine, start=START)
    assert len(time_ns) == 100_001
    assert _joules(time_ns, watts) == pytest.approx(2.0, rel=1e-4)
    coarse = "".join(f"{step // 100},{3 if step // 50 % 2 else 1}\n" for step in range(100_100))
    time_ns, watts = _log(tmp_path, "t(ms),W\n" + coarse, start=START)
    assert len(time_ns) == 1001
    assert _joules(time_ns, watts) == pytest.approx(2.0, rel=1e-9)


# Units of headers and cells.

_TIMES = {"s": SECOND, "ms": 1_000_000, "us": 1000, "µs": 1000, "ns": 1, "min": 60 * SECOND, "h": 3600 * SECOND}
_WATTS = {
    "W": 1.0,
    "mW": 1e-3,
    "uW": 1e-6,
    "µW": 1e-6,
    "nW": 1e-9,
    "kW": 1e3,
    "Watts": 1.0,
    "milliwatt": 1e-3,
    "w": 1.0,
}


@given(
    unit=st.sampled_from(sorted(_TIMES)),
    form=st.sampled_from(["time({})", "time [{}]", "time_{}", "time / {}", "time in {}", "{}", "Zeit ({})"]),
)
def test_every_unit_of_time_in_a_header_is_understood(tmp_path_factory, unit, form):
    name = form.format(unit)
    time_ns, _ = _log(tmp_path_factory.getbasetemp(), f"{name};W\n0;1\n2;1\n", time=name, start=START)
    assert [moment - EPOCH for moment in time_ns] == [0, 2 * _TIMES[unit]]


@given(
    unit=st.sampled_from(sorted(_WATTS)),
    form=st.sampled_from(["P({})", "P [{}]", "P_{}", "P/{}", "P, {}", "P in {}", "{}", "P"]),
    comma=st.booleans(),
    in_cell=st.booleans(),
    delimiter=st.sampled_from([";", "\t", "|"]),
    value=st.decimals(0, 10_000, places=3),
)
def test_every_unit_of_power_in_a_header_or_a_cell_gives_watts(
    tmp_path_factory, unit, form, comma, in_cell, delimiter, value
):
    name = form.format(unit)
    in_cell = in_cell or form == "P"
    written = str(value).replace(".", ",") if comma else str(value)
    cell = f"{written} {unit}" if in_cell else written
    text = f"time (s){delimiter}{name}\n0{delimiter}{cell}\n"
    _, watts = _log(tmp_path_factory.getbasetemp(), text, time="time", power=name, start=START)
    assert watts == pytest.approx([float(value) * _WATTS[unit]], rel=1e-9)


@pytest.mark.parametrize("unit", ["uWh", "mWh", "Wh", "J", "mAh", "A", "V", "s", "energy_Ws", "capacity (As)"])
def test_another_quantity_is_no_power(tmp_path, unit):
    assert "not a power" in _refusal(tmp_path, f"t_s;{unit}\n0;1\n", power=unit, start=START)


@pytest.mark.parametrize("unit", ["MW", "hp", "dBm", "avg", "VA", "%"])
def test_a_unit_that_is_not_known_is_refused_in_a_header_and_in_a_cell(tmp_path, unit):
    assert f"the unit {unit!r} is not known; set meters.log.scale" in _refusal(
        tmp_path, f"t_s;P ({unit})\n0;1\n", power="P", start=START
    )
    assert f"line 2: '1 {unit}' in the column 'P'" in _refusal(tmp_path, f"t_s;P\n0;1 {unit}\n", power="P", start=START)


@pytest.mark.parametrize(
    "name", ["P_mW_avg", "mW Power", "power.mW", "power-mW", "P [mW]:", "PowermW", "avg_mW_1", "power.mw"]
)
def test_a_unit_anywhere_in_a_header_is_read(tmp_path, name):
    assert _log(tmp_path, f"t_s;{name}\n0;1500\n", power=name, start=START)[1] == [1.5]


def test_a_unit_anywhere_in_a_header_that_is_no_power_or_not_known_is_refused(tmp_path):
    assert "not a power" in _refusal(tmp_path, "t_s;mA_avg\n0;1\n", power="mA_avg", start=START)
    assert "the unit 'Mw' is not known" in _refusal(tmp_path, "t_s;powerMw\n0;1\n", power="powerMw", start=START)


def test_a_line_of_units_below_the_header_is_no_comment(tmp_path):
    text = "t_s;P\ns;{}\n0;1500\n"
    said = _refusal(tmp_path, text.format("[mW]"), power="P", start=START)
    assert "line 2: '[mW]' in the column 'P' is a unit; write it into the column's name" in said
    assert _log(tmp_path, text.format("[mW]"), power="P", scale=0.001, start=START)[1] == [1.5]
    assert _log(tmp_path, text.format("W"), power="P", start=START)[1] == [1500.0]


def test_a_scale_stands_in_place_of_units(tmp_path):
    for name in ("mW", "P (hp)", "P (A)"):
        assert _log(tmp_path, f"t_s;{name}\n0;1500\n", power=name, scale=0.001, start=START)[1] == [1.5]


def test_volts_and_amperes_have_units_of_their_own(tmp_path):
    _, watts = _log(tmp_path, "t_s,U(mV),I(uA)\n0,5000,250000\n", volts="U", amperes="I", start=START)
    assert watts == pytest.approx([1.25])


# Times.


@pytest.mark.parametrize(
    "times",
    [
        ["1700000000.25", "1700000001.25"],
        ["1700000000250", "1700000001250"],
        ["1700000000250000", "1700000001250000"],
        ["1700000000250000000", "1700000001250000000"],
        ["2023-11-14T22:13:20.25Z", "2023-11-14T22:13:21.25Z"],
        ["2023-11-14T23:13:20.250+01:00", "2023-11-14T23:13:21.250+01:00"],
    ],
)
def test_every_way_to_write_a_time(tmp_path, times):
    text = "t,mW\n" + "".join(f"{time},1500\n" for time in times)
    time_ns, watts = _log(tmp_path, text, power="mW", offset_s=-10)
    expected = EPOCH + 250_000_000 - 10 * SECOND
    assert time_ns == pytest.approx([expected, expected + SECOND], abs=1000)
    assert watts == [1.5, 1.5]


def test_a_count_needs_its_unit_and_its_start(tmp_path):
    text = "t;W\n0;1\n10;2\n"
    assert "it names no unit; set meters.log.time_unit to s, ms, us or ns" in _refusal(tmp_path, text, start=START)
    assert _log(tmp_path, text, time_unit="ms", start=START)[0][1] - EPOCH == 10_000_000
    assert _log(tmp_path, text, time_unit="s", align="marker")[0] == [0, 10 * SECOND]
    assert "say when that was" in _refusal(tmp_path, text, time_unit="s")
    assert "'ticks' is not known" in _refusal(tmp_path, "t (ticks);W\n0;1\n", start=START)
    assert "meters.log.time_unit: 'W': expected s, ms" in _refusal(tmp_path, text, time_unit="W")
    assert "meters.log.start: 'noon': expected a time such as" in _refusal(tmp_path, text, time_unit="s", start="noon")


def test_milliseconds_taken_for_seconds_end_after_the_file_was_written_and_are_refused(tmp_path):
    """30 s of a count in ms that began a minute ago: as seconds it would last until tomorrow."""
    import datetime

    start = (datetime.datetime.now() - datetime.timedelta(minutes=1)).isoformat()
    text = "t,W\n" + "".join(f"{10 * step},1\n" for step in range(3001))
    said = _refusal(tmp_path, text, time_unit="s", start=start)
    assert "counts 30000 s from its start" in said
    assert "set meters.log.time_unit" in said
    time_ns, _ = _log(tmp_path, text, time_unit="ms", start=start)
    assert time_ns[-1] - time_ns[0] == 30 * SECOND


def test_a_number_that_is_no_time_of_this_century_is_refused(tmp_path):
    assert "no Unix time of this century" in _refusal(tmp_path, "t,W\n20261125140000,1\n")


def test_date_and_time_in_two_columns(tmp_path):
    text = "Date;Time;W\n2023-11-14;22:13:20+00:00;1\n2023-11-14;22:13:21+00:00;2\n"
    assert _log(tmp_path, text, time=["Date", "Time"])[0] == [EPOCH, EPOCH + SECOND]
    assert "all 2 readings have one time" in _refusal(tmp_path, text, time="Date")
    assert "is no time that is known here" in _refusal(tmp_path, text, time="Time")
    assert "holds no date" in _refusal(tmp_path, text, time="Time", time_format="%H:%M:%S")


def test_a_meter_that_was_started_again_is_refused_and_a_log_with_the_newest_line_first_is_read(tmp_path):
    again = "t_s;W\n0;1\n1;1\nt_s;W\n0;2\n1;2\n"
    assert "line 5: the time steps back" in _refusal(tmp_path, again, time="t_s", start=START)
    assert "line 4: the time steps back" in _refusal(
        tmp_path, "t;W\n1700000000;1\n1700003600;1\n1700000001;1\n1700003601;1\n"
    )
    assert _log(tmp_path, "t;W\n1700000002;2\n1700000001;1\n")[1] == [1.0, 2.0]


# Files.


def test_a_log_with_a_preamble_semicolons_and_decimal_commas():
    time_ns, watts = _read(RECORDED / "synthetic_log_usb.csv", **USB)
    assert watts == pytest.approx([5.02, 5.511, 6.0])
    assert time_ns[1] - time_ns[0] == 500_000_000


PLAIN = "t;Leistung (µW)\n1700000000;1500000\n1700000001;2500000\n"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("latin-1"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("Leistung (µW)", '"Leistung (µW)"').replace("1500000", '"1500000"').encode(),
        PLAIN.replace("\n1700000001", "\nt;Leistung (µW)\n1700000001").encode(),
        PLAIN.replace("\n1700000001", "\n\n;\n---;OL\n1700000001").encode(),
    ],
)
def test_encodings_line_ends_quotes_and_repeated_headers(tmp_path, data):
    assert _log(tmp_path, data, power="Leistung") == ([EPOCH, EPOCH + SECOND], [1.5, 2.5])


def test_decimal_commas_between_commas_need_quotes(tmp_path):
    assert _log(tmp_path, 't,W\n1700000000,"7,98"\n')[1] == [7.98]
    said = _refusal(tmp_path, "t,W\n1700000000,7,98\n")
    assert "line 2 has 3 cells and the header 2: '1700000000,7,98'; write decimal commas in quotes" in said


def test_groups_of_thousands(tmp_path):
    assert _log(tmp_path, "t;mW\n1700000000;1,234.5\n1700000001;999.5\n", power="mW")[1] == pytest.approx(
        [1.2345, 0.9995]
    )
    assert _log(tmp_path, "t;mW\n1700000000;1.234,5\n", power="mW")[1] == pytest.approx([1.2345])
    said = _refusal(tmp_path, "t;mW\n1700000000;999.5\n1700000001;1,234\n", power="mW")
    assert "line 3: '1,234' in the column 'mW': the column has decimal points and decimal commas" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no line with more than one cell"),
        ("a,b\n1,2\n", "line 1 has no column 't'; its columns are a, b"),
        ("t,Watt\n1,2\n", "line 1 has no column 'W'"),
        ("t,W,W\n1,2,3\n", "line 1 has 2 columns 'W': t, W, W"),
        ("t,W\n", "no line below the columns t, W holds a time and numbers"),
        ("t,W\n1700000000,OL\n", "line 2: 'OL' in the column 'W' is no number"),
        ("t,W\nnoon,1\n", "line 2: 'noon' is no time that is known here"),
        ("\nt x W2\n1 2 3\n", "line 2 has no column 'W' (did you mean 'W2'?); its columns are t, x, W2"),
    ],
)
def test_a_file_that_is_no_such_log_says_where_and_what_it_is(tmp_path, text, says):
    assert says in _refusal(tmp_path, text)


def test_a_log_that_is_not_there_yet_says_where_to_put_it(tmp_path):
    with pytest.raises(OSError, match=r"usb\.csv is not there yet"):
        _read(tmp_path / "usb.csv", time="t", power="W")


@given(where=st.floats(0, 1), garbage=GARBAGE)
def test_a_torn_log_holds_a_part_of_its_readings_and_no_other(tmp_path_factory, where, garbage):
    text = (RECORDED / "synthetic_log_usb.csv").read_text()
    whole = list(zip(*_read(RECORDED / "synthetic_log_usb.csv", **USB), strict=True))
    file = tmp_path_factory.getbasetemp() / "torn.csv"
    for part in (text[: int(where * len(text))], garbage, text[: int(where * len(text))] + "\n" + garbage):
        file.write_text(part, encoding="utf-8")
        try:
            readings = zip(*_read(file, **USB), strict=True)
        except ValueError:
            continue
        assert all(reading in whole for reading in readings)


@given(GARBAGE)
def test_any_text_is_a_number_or_none(text):
    found = _units.number(text)
    if found is not None:
        assert np.isfinite(found[0])
        assert any(letter.isdigit() for letter in text)
