"""The meter plug against a server that answers as smart plugs do: well, late, not at all, or with garbage."""

import json
import math
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.launches.energy_row import READINGS
from joulesweep.measure.energy import meter_probe
from joulesweep.measure.energy.sampler import Sampler
from joulesweep.measure.energy.traces.power_trace import PowerTrace
from joulesweep.meters import _http, plug
from joulesweep.meters._plug_answers import shelly_joules, shelly_watts, tasmota_watts

from tests.smart_plug import Shelly, SmartPlug, Tasmota, in_a_question, only_read, send

PASSWORD = "p&ss wörd/%?"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _meter(server: SmartPlug, **settings: Any) -> plug.Meter:
    return plug.Meter({"address": server.address, **settings})


def _reason(server: SmartPlug, **settings: Any) -> str:
    """Why the plug is not usable, in one line that begins with its address."""
    answer = _meter(server, **settings).available()
    assert not answer.usable
    assert answer.reason.startswith(f"{server.address}: ")
    assert "\n" not in answer.reason
    return answer.reason.removeprefix(f"{server.address}: ")


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    (tmp_path / "password.txt").write_text(f"{PASSWORD}\n", encoding="utf-8")
    return str(tmp_path / "password.txt")


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (Shelly(lambda _: 8.9), "reads switch:0 of the Shelly at "),
        (Shelly(lambda _: 8.9, "pm1"), "reads pm1:0 of the Shelly at "),
        (Tasmota(lambda _: 8.9), "reads Tasmota at "),
    ],
    ids=["switch", "PM1", "Tasmota"],
)
def test_what_answers_is_found_by_asking_and_nothing_but_its_state_is_asked(server, words):
    with server:
        meter = _meter(server)
        before = time.monotonic_ns()
        answer, reading = meter.available(), meter.read()
        assert (answer.usable, answer.reason) == (True, words + server.address)
        assert reading.values == (8.9,)
        assert before < reading.time_ns < time.monotonic_ns()
        assert _meter(server, address=f"http://{server.address}/").read().values == (8.9,)
        assert only_read(server)


def test_a_plug_measures_the_whole_device_with_its_power_supply():
    about = plug.Meter({"address": "plug"}).describe()
    assert (about.kind, about.unit, about.scope, about.rails) == ("measured", "W", "supply", ("wall plug",))
    assert "the loss of its power supply" in about.covers
    assert about.window_s / (2 * about.update_s) >= READINGS  # also where every second figure equals the one before it


def test_without_an_address_no_network_is_used(monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = meter_probe.probe("plug", {}, live=True)
    assert not found["usable"]
    assert not found["present"]
    assert "meters: {plug: {address: " in found["reason"]


def test_no_proxy_is_between(monkeypatch):
    with SmartPlug(lambda _: None) as proxy, Shelly(lambda _: 5.0) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.address}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert _meter(server).read().values == (5.0,)
        assert not proxy.asked


@pytest.mark.parametrize("component", ["switch", "pm1"])
def test_a_shelly_gets_its_password_as_a_digest_and_one_question_per_reading(component, password_file):
    with Shelly(lambda _: 5.0, component, password=PASSWORD) as server:
        assert "asks for a password" in _reason(server)
        meter = _meter(server, password_file=password_file)
        assert meter.available().usable
        before = len(server.asked)
        assert [meter.read().values for _ in range(3)] == [(5.0,)] * 3
        assert len(server.asked) == before + 3
        server.nonce = "0f0f0f0f"  # the old one has run out
        assert meter.read().values == (5.0,)
        server.password = "another"
        assert _reason(server, password_file=password_file) == f"the plug refuses the password in {password_file}"
        assert not any("password" in path for path in server.asked)


@pytest.mark.parametrize("status", [200, 401])
def test_tasmota_gets_its_password_only_after_it_has_asked(status, password_file):
    with Tasmota(lambda _: 5.0, password=PASSWORD) as server:
        server.refused_status = status
        assert "asks for a password" in _reason(server)
        assert not any("password" in path for path in server.asked)
        meter = _meter(server, password_file=password_file)
        assert meter.available().usable
        assert meter.read().values == (5.0,)
        assert in_a_question(PASSWORD) in server.asked[-1]
        server.password = "another"
        assert _reason(server, password_file=password_file) == f"the plug refuses the password in {password_file}"
    with Tasmota(lambda _: 5.0) as open_to_all:
        assert _meter(open_to_all, password_file=password_file).available().usable
        assert not any("password" in path for path in open_to_all.asked)


def test_a_file_not_found_page_that_repeats_the_question_is_not_shown(password_file):
    with Tasmota(lambda _: 5.0, password=PASSWORD) as server:
        meter = _meter(server, password_file=password_file)
        assert meter.available().usable
        server.fault = lambda handler: send(handler, 404, f"File Not Found\nURI: {handler.path}")
        with pytest.raises(OSError, match="HTTP status 404") as error:
            meter.read()
        server.fault = lambda handler: send(handler, 200, f"URI: {handler.path}")
        with pytest.raises(ValueError, match="no JSON") as garbled:
            meter.read()
    for said in (str(error.value), str(garbled.value)):
        assert PASSWORD not in said
        assert in_a_question(PASSWORD) not in said


def test_the_channel_picks_the_outlet():
    with Tasmota(lambda _: [5.25, 7.5]) as server:
        assert [_meter(server, channel=channel).read().values for channel in (0, 1)] == [(5.25,), (7.5,)]
        assert _reason(server, channel=2) == "it has no channel 2; it has 2, counted from 0"
    with Shelly(lambda _: 5.0) as server:
        assert _reason(server, channel=1).endswith("no power of a plug on channel 1; it does on switch:0")


def test_a_relay_without_a_power_meter_is_told():
    with Shelly(lambda _: 5.0) as server:
        server.status = lambda: {"id": 0, "output": True}
        assert _reason(server).endswith("it does on no channel")


def test_whole_watts_are_refused_with_the_command_that_shows_more():
    with Tasmota(lambda _: 5) as server:
        assert _reason(server) == "it shows whole watts only; type 'WattRes 2' in the console of its web page"


def test_no_load_is_no_reading():
    with Shelly(lambda _: 0.0) as server:
        assert "it shows 0 W: this device is not plugged into it" in _reason(server)
        assert "0 W" in _reason(server, counter=True)
        server.state["output"] = False
        assert "its relay is off" in _reason(server)


def test_an_unknown_device_is_told():
    with SmartPlug(lambda _: None) as server:
        server.fault = lambda handler: send(handler, 404, "Not Found")
        assert _reason(server).startswith(
            "neither a Shelly of the second generation or newer nor Tasmota answers there; check"
        )


@pytest.mark.parametrize("page", ["<html>401 Unauthorized</html>", {"error": "log in"}, [401]])
def test_another_machine_that_asks_for_a_password_does_not_get_the_plugs(page, password_file):
    """As a router does whose address was written by mistake, or a Shelly of the first generation."""
    with SmartPlug(lambda _: None) as server:
        server.fault = lambda handler: send(handler, 401, page, {"WWW-Authenticate": 'Basic realm="router"'})
        for settings in ({}, {"password_file": password_file}):
            assert "there; check the address" in _reason(server, **settings)
        assert only_read(server)
        assert not any("password" in path for path in server.asked)


def _silent(server: SmartPlug, handler: Any) -> None:
    server.stopped.wait(20)


def _dripping(server: SmartPlug, handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
    while not server.stopped.wait(0.2):
        handler.wfile.write(b"X")
        handler.wfile.flush()


def _closed(server: SmartPlug, handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def _half(server: SmartPlug, handler: Any) -> None:
    handler.wfile.write(b'HTTP/1.0 200 OK\r\nContent-Length: 200\r\n\r\n{"apower": 5')


def _sent(status: int, body: Any) -> Callable[[SmartPlug, Any], None]:
    return lambda server, handler: send(handler, status, body)


FAULTS = {
    "silent": (_silent, "no answer within 1 s; check that the plug is in this network"),
    "dripping": (_dripping, "no answer within 1 s; check that the plug is in this network"),
    "closed": (_closed, "closed the connection without an answer; check that the plug"),
    "half": (_half, "its answer is no (JSON|HTTP)"),
    "no HTTP": (lambda server, handler: handler.wfile.write(b"hello\r\n\r\n"), "its answer is no HTTP"),
    "500": (_sent(500, {"code": -103, "message": "busy"}), "HTTP status 500"),
    "404": (_sent(404, "Not Found"), "HTTP status 404"),
    "empty": (_sent(200, ""), "its answer is no JSON"),
    "page": (_sent(200, "<html>5.0 W</html>"), "its answer is no JSON"),
    "deep": (_sent(200, "[" * 60000), "its answer is no JSON"),
    "long": (_sent(200, json.dumps({"apower": 5.0, "name": "x" * 100_000})), "its answer is no JSON"),
    "list": (_sent(200, [5.0]), "its answer holds no status"),
    "foreign": (_sent(200, {"power": 5.0}), "its answer holds no apower"),
    "null": (_sent(200, {"apower": None}), "its apower is no number: 'None'"),
    "text": (_sent(200, {"apower": "5.0"}), "its apower is no number: '5.0'"),
    "unit": (_sent(200, {"apower": "5.0 W"}), "its apower is no number: '5.0 W'"),
    "truth": (_sent(200, {"apower": True}), "its apower is no number: 'True'"),
    "NaN": (_sent(200, {"apower": math.nan}), "its apower is no number: 'nan'"),
    "infinite": (_sent(200, {"apower": math.inf}), "its apower is no number: 'inf'"),
    "negative": (_sent(200, {"apower": -5.0}), "it shows -5 W, which no device draws"),
    "huge": (_sent(200, {"apower": 5000.0}), "it shows 5000 W, which no device draws"),
    "failed meter": (_sent(200, {"apower": 5.0, "errors": ["power_meter_failure"]}), "its meter reports power_meter_f"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_is_late_missing_or_garbled_is_a_missing_reading_and_the_next_one_counts(fault):
    answer, words = FAULTS[fault]
    with Shelly(lambda _: 5.0) as server:
        meter = _meter(server, update_s=0.1)
        assert meter.read().values == (5.0,)
        server.fault = lambda handler: answer(server, handler)
        with pytest.raises((OSError, ValueError), match=words) as error:
            meter.read()
        assert str(error.value).startswith(f"{server.address}: ")
        server.fault = None
        assert meter.read().values == (5.0,)


def test_a_redirect_is_not_followed():
    with Shelly(lambda _: 7.0) as elsewhere, Shelly(lambda _: 5.0) as server:
        meter = _meter(server)
        meter.read()
        there = {"Location": f"http://{elsewhere.address}/rpc/Switch.GetStatus?id=0"}
        server.fault = lambda handler: send(handler, 302, "", there)
        with pytest.raises(OSError, match="HTTP status 302"):
            meter.read()
        assert not elsewhere.asked


def test_a_plug_that_is_not_there_is_told_with_what_to_look_at():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = plug.Meter({"address": f"127.0.0.1:{unused.getsockname()[1]}"}).available()
    assert "Connection refused; check that the plug is in this network and supplied with power" in answer.reason
    assert answer.present


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    stopped = threading.Event()

    def wait(*_: object, **__: object) -> None:
        stopped.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    try:
        with pytest.raises(OSError, match=r"plug\.local: no answer within 1 s"):
            plug.Meter({"address": "plug.local", "update_s": 0.1}).read()
    finally:
        stopped.set()


def test_one_lost_question_does_not_make_a_plug_unusable():
    with Shelly(lambda _: 5.0) as server:
        server.fault = lambda handler: _closed(server, handler) if len(server.asked) == 1 else _well(server, handler)
        assert _meter(server).available().usable


def _well(server: SmartPlug, handler: Any) -> None:
    send(handler, *server.answer(handler.path, handler.headers))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "http://admin:secret@10.0.0.5"}, "address: it is no address; write a host name"),
        ({"address": "https://10.0.0.5"}, "it is no address"),
        ({"address": "10.0.0.5/cm?cmnd=Power"}, "it is no address"),
        ({"address": "10.0.0.5:70000"}, "it is no address"),
        ({"address": "ten plugs"}, "it is no address"),
        ({"address": ""}, "address: it is no address"),
        ({"address": None}, "None is no address; write it as in 192.168.1.50"),
        ({"address": 5}, "5 is no address; write it as in 192.168.1.50"),
        ({"address": "10.0.0.5", "update_s": 0}, "update_s: 0 is no time in seconds"),
        ({"address": "10.0.0.5", "update_s": "2 s"}, "update_s: '2 s' is no time in seconds"),
        ({"address": "10.0.0.5", "password_file": "no/such/file"}, "password_file: no/such/file: No such file"),
        ({"address": "10.0.0.5", "password_file": os.devnull}, "password_file: /dev/null is empty"),
    ],
)
def test_a_setting_that_cannot_be_is_one_line_and_asks_nothing(settings, words, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("the network was used"))
    reason = meter_probe.probe("plug", settings)["reason"]
    assert words in reason
    assert "secret" not in reason


@pytest.mark.parametrize("channel", [-1, "0", 1.0, True])
def test_a_channel_is_a_whole_number(channel):
    with Shelly(lambda _: 5.0) as server:
        assert _reason(server, channel=channel) == f"channel: {channel!r} is no whole number from 0"


def test_the_counter_of_a_shelly_is_in_joules_and_its_windows_are_longer():
    with Shelly(lambda _: 5.0) as server:
        meter = _meter(server, counter=True)
        about = meter.describe()
        assert meter.available().usable
        first = meter.read().values[0]
        server.watt_hours = server.watt_hours + 0.001
        assert meter.read().values[0] - first == pytest.approx(3.6)
        assert (about.unit, about.wrap_J) == ("J", (math.inf,))
        assert about.window_s == 60 > _meter(server).describe().window_s
        for impossible, words in ((-1.0, "shows -1 Wh"), (None, "its total is no number"), ("5", "its total is no")):
            server.watt_hours = impossible
            assert words in _reason(server, counter=True)


@pytest.mark.parametrize("counter", ["yes", 1, None])
def test_whether_the_counter_is_read_is_true_or_false(counter):
    with Shelly(lambda _: 5.0) as server:
        assert _reason(server, counter=counter) == f"counter: {counter!r} is neither true nor false"


def test_the_doctor_shows_no_watts_of_a_counter_that_was_reset():
    with Shelly(lambda _: 5.0) as server:
        server.watt_hours = lambda _: 100.0 - len(server.asked)  # less from question to question
        found = meter_probe.probe("plug", {"address": server.address, "counter": True, "update_s": 0.1}, live=True)
    assert found["failure"] == "its counter went back, so it was reset between two readings"


def test_the_counter_of_tasmota_is_too_coarse():
    with Tasmota(lambda _: 5.0) as server:
        assert _reason(server, counter=True).startswith("the energy counter of Tasmota is too coarse")


def test_the_doctor_waits_until_the_counter_has_moved():
    """10 mWh every 0.1 s are 360 W, give or take an update at either end of a quarter of a second."""
    with Shelly(lambda _: 360.0) as server:
        server.watt_hours = lambda update: round(100 + 0.01 * update, 3)
        found = meter_probe.probe("plug", {"address": server.address, "counter": True, "update_s": 0.1}, live=True)
    assert 100 < found["watts"] < 800


def test_a_figure_that_the_plug_repeats_is_no_new_reading():
    """It is asked many times per update, and the trace holds about one reading per update; a lost start costs nothing."""
    with Shelly(lambda update: 5.0 + 0.1 * (update % 7), update_s=0.5) as server:
        server.fault = lambda handler: _closed(server, handler) if len(server.asked) < 3 else _well(server, handler)
        first = server.updates
        sampler = Sampler("plug", {"address": server.address, "update_s": 0.3})
        sampler.wait_for_first_reading()
        time.sleep(2)
        record = sampler.stop()
        updates = server.updates - first
    trace = PowerTrace.of_record(record)
    assert len(record["missing"]) >= 2
    assert len(record["values"]) > trace.time_ns.size
    assert 3 <= trace.time_ns.size <= updates + 1
    assert (record["unit"], record["rails"]) == ("W", ["wall plug"])


@given(JSON)
def test_whatever_a_shelly_says_is_possible_watts_or_an_error(status):
    for state in (status, {"apower": status}, {"apower": 5.0, "errors": status}):
        with suppress(ValueError):
            assert 0 < shelly_watts(state) <= 4000


@given(JSON)
def test_whatever_a_counter_says_is_finite_joules_or_an_error(total):
    for state in (total, {"aenergy": total}, {"aenergy": {"total": total}}):
        with suppress(ValueError):
            assert 0 <= shelly_joules(state) < math.inf


@given(JSON, st.integers(0, 3))
def test_whatever_tasmota_says_is_possible_watts_or_an_error(said, channel):
    for answer in (said, {"StatusSNS": said}, {"StatusSNS": {"ENERGY": {"Power": said}}}):
        with suppress(ValueError):
            assert 0 < tasmota_watts(answer, channel) <= 4000


@given(st.floats(0.1, 4000), st.integers(0, 2))
def test_possible_watts_are_read_as_they_are(watts, channel):
    assert shelly_watts({"apower": watts, "output": True}) == watts
    channels = [1.5, 2.5, 3.5]
    channels[channel] = watts
    assert tasmota_watts({"StatusSNS": {"ENERGY": {"Power": channels}}}, channel) == watts


@given(st.text(max_size=60) | st.from_regex(r'\ADigest [a-zA-Z="\\, -]*\Z'))
def test_no_challenge_whatever_it_holds_breaks_the_reading(text):
    headers = Message()
    headers.add_header("WWW-Authenticate", " ".join(text.split()))
    found = _http.digest_challenge(headers)
    assert found is None or {"realm", "nonce"} <= found.keys()


@given(st.text(max_size=40))
def test_an_address_holds_no_login_and_no_path(text):
    try:
        _http.Client(text, 1.0, "", "")
    except ValueError:
        return
    assert not {*"@?#%& "} & {*text}
    assert text.removeprefix("http://").removesuffix("/").count("/") == 0
