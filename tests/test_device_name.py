"""The name of a device: readable, its own folder for each power mode, and the folder that holds its results already."""

import json
import platform
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joulesweep.measure.device import accelerator, describe
from joulesweep.pipeline.configuration import config_schema, device_name
from joulesweep.system import board, nvpmodel
from joulesweep.system.machine import machine_id

from tests import boards


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "kitchen")


def _name(shown: boards.Board, tmp_path: Path, written: str = "auto") -> str:
    """The name of a board that has measured nothing yet."""
    name, lines = device_name.choose(written, tmp_path / "results", shown.write(tmp_path / "root"))
    assert not lines
    return name


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (boards.PI_5, "raspberry-pi-5-8gb-kitchen"),
        (boards.PI_4, "raspberry-pi-4-4gb-kitchen"),
        (boards.PI_ZERO_2, "raspberry-pi-zero-2-w-512mb-kitchen"),
        (replace(boards.PI_4, model="Raspberry Pi 3 Model B Plus Rev 1.3"), "raspberry-pi-3-b-plus-4gb-kitchen"),
        (boards.orin(), "orin-nano-8gb-kitchen.15W"),
        (boards.orin("pmode:0002\n"), "orin-nano-8gb-kitchen.MAXN_SUPER"),
        (replace(boards.orin(), model="NVIDIA Orin Nano Developer Kit"), "orin-nano-8gb-kitchen.15W"),
        (boards.XAVIER, "agx-xavier-32gb-kitchen.30W_ALL"),
        (replace(boards.XAVIER, model="NVIDIA Jetson AGX Xavier Developer Kit"), "agx-xavier-32gb-kitchen.30W_ALL"),
        (boards.NANO, "jetson-nano-4gb-kitchen.MAXN"),
        (boards.orin(release="# R99 of another form\n"), "orin-nano-8gb-kitchen.15W"),
        (boards.UNKNOWN, "friendlyelec-nanopi-r5s-4gb-kitchen"),
        (replace(boards.PI_5, memory_kb=0), "raspberry-pi-5-kitchen"),
        (boards.PC, "kitchen"),
        (boards.VM, "kitchen"),
        (boards.ARM_VM, "kitchen"),
    ],
)
def test_a_device_that_measured_nothing_yet_is_named_by_what_it_is(tmp_path, shown, name):
    assert _name(shown, tmp_path) == name


@pytest.mark.parametrize("host", ["raspberrypi", "raspberrypi.local", "localhost", ""])
def test_a_host_name_that_every_board_has_is_left_out(tmp_path, monkeypatch, host):
    monkeypatch.setattr(platform, "node", lambda: host)
    assert _name(boards.PI_5, tmp_path) == "raspberry-pi-5-8gb"


def test_a_name_set_by_hand_has_the_power_mode_too_and_has_it_once(tmp_path):
    assert _name(boards.PI_5, tmp_path / "pi", "desk") == "desk"
    assert _name(boards.orin(), tmp_path / "orin", "desk") == "desk.15W"
    assert _name(boards.orin(), tmp_path / "same", "desk.15W") == "desk.15W"
    assert len(_name(boards.orin(), tmp_path / "long", "d" * 100)) == 100


# The power mode


def test_a_mode_without_a_name_is_its_number_and_none_is_guessed_where_the_status_cannot_be_read(tmp_path):
    assert nvpmodel.power_mode(boards.orin("pmode:0007\n").write(tmp_path / "a")) == "mode7"
    assert nvpmodel.power_mode(boards.orin("damaged").write(tmp_path / "b")) == ""
    (tmp_path / "c" / boards.STATUS).mkdir(parents=True)
    assert nvpmodel.power_mode(boards.NANO.write(tmp_path / "c")) == ""
    assert nvpmodel.power_mode(boards.PI_5.write(tmp_path / "d")) == ""


def test_a_jetson_whose_mode_cannot_be_read_is_named_without_it_and_a_line_says_so(tmp_path):
    root = boards.orin("damaged").write(tmp_path / "root")
    name, (line,) = device_name.choose("auto", tmp_path / "results", root)
    assert name == "orin-nano-8gb-kitchen"
    assert "the power mode of this Jetson cannot be read" in line


def test_a_configuration_may_call_a_device_by_any_of_its_names(tmp_path):
    root = boards.orin().write(tmp_path)
    names = device_name.names("auto", "orin-nano-8gb-kitchen.15W", root)
    assert names == ("orin-nano-8gb-kitchen.15W", "orin-nano-8gb-kitchen", "kitchen")
    assert device_name.names("desk", "desk.15W", root) == ("desk.15W", "desk", "desk")


# What was measured before


def _measured(results: Path, name: str, **about: object) -> None:
    """A device's folder with a description, if anything is said about it, and a journal."""
    folder = results / "devices" / name
    boards.write(folder / "latency" / "cnn.jsonl", "{}\n")
    if about:
        boards.write(folder / "device.json", json.dumps({"device": name, **about}))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def test_the_folder_that_is_named_by_the_host_stays_in_use_and_a_line_says_so(tmp_path, results):
    root = boards.PI_5.write(tmp_path / "root")
    _measured(results, "kitchen", machine_id=machine_id(root))
    name, lines = device_name.choose("auto", results, root)
    assert name == "kitchen"
    assert "devices/kitchen holds what this machine measured before" in lines[0]
    assert "'raspberry-pi-5-8gb-kitchen'" in lines[0]


def test_a_run_that_was_stopped_before_the_device_was_described_is_continued(tmp_path, results):
    _measured(results, "kitchen")
    assert device_name.choose("auto", results, boards.PI_5.write(tmp_path / "root"))[0] == "kitchen"


def test_a_board_whose_host_name_changes_keeps_its_folder(tmp_path, results, monkeypatch):
    root = boards.PI_5.write(tmp_path / "root")
    _measured(results, "raspberry-pi-5-8gb-kitchen", machine_id=machine_id(root), power_mode="")
    monkeypatch.setattr(platform, "node", lambda: "attic")
    name, lines = device_name.choose("auto", results, root)
    assert name == "raspberry-pi-5-8gb-kitchen"
    assert "'raspberry-pi-5-8gb-attic'" in lines[0]
    assert device_name.choose("desk", results, root) == ("desk", [])


def test_another_board_of_the_same_host_name_is_not_taken_for_this_one(tmp_path, results):
    root = boards.PI_5.write(tmp_path / "root")
    _measured(results, "kitchen", machine_id="of another board", machine=boards.PI_5.model)
    assert device_name.choose("auto", results, root)[0] == "raspberry-pi-5-8gb-kitchen"
    _measured(results, "kitchen", machine=boards.PI_4.model)
    assert device_name.choose("auto", results, root)[0] == "raspberry-pi-5-8gb-kitchen"


def test_boards_without_a_serial_number_of_their_own_do_not_share_a_folder(tmp_path, results, monkeypatch):
    root = replace(boards.UNKNOWN, serial="0000000000000000").write(tmp_path / "root")
    _measured(results, "first", machine_id=machine_id(root))
    assert device_name.choose("auto", results, root) == ("friendlyelec-nanopi-r5s-4gb-kitchen", [])


def test_copies_of_a_virtual_machine_which_share_an_id_do_not_share_a_folder(tmp_path, results):
    root = boards.VM.write(tmp_path / "root")
    _measured(results, "pulled", machine_id=machine_id(root))
    assert device_name.choose("auto", results, root) == ("kitchen", [])


@pytest.mark.parametrize("written", ["auto", "desk"])
def test_each_power_mode_has_a_folder_of_its_own(tmp_path, results, written):
    names = set()
    for status, mode in (("pmode:0000", "15W"), ("pmode:0001", "25W"), ("pmode:0000", "15W")):
        root = boards.orin(status).write(tmp_path / "root")
        name, lines = device_name.choose(written, results, root)
        assert name.endswith(f".{mode}")
        assert not lines
        _measured(results, name, machine_id=machine_id(root), power_mode=mode)
        names.add(name)
    assert len(names) == 2


@pytest.mark.parametrize(("written", "old"), [("auto", "kitchen"), ("desk", "desk")])
def test_a_folder_of_unknown_mode_stays_in_use_for_one_mode_only(tmp_path, results, written, old):
    root = boards.orin().write(tmp_path / "root")
    _measured(results, old, machine_id=machine_id(root))
    name, lines = device_name.choose(written, results, root)
    assert name == old
    assert "its power mode is taken to have been 15W" in lines[0]
    _measured(results, old, machine_id=machine_id(root), power_mode="15W")
    name, lines = device_name.choose(written, results, root)
    assert name == old
    assert "taken" not in lines[0]
    boards.write(root / boards.STATUS, "pmode:0001\n")
    name, lines = device_name.choose(written, results, root)
    assert name.endswith(".25W")
    assert not lines


# What the board says of itself


@pytest.mark.parametrize(
    ("shown", "soc", "release", "gpu"),
    [
        (boards.PI_5, "bcm2712", "", ""),
        (boards.orin(), "tegra234", "Jetson Linux 36.4.3 (JetPack 6)", "NVIDIA GA10B (Ampere)"),
        (boards.XAVIER, "tegra194", "Jetson Linux 32.7.1 (JetPack 4)", "NVIDIA GV11B (Volta)"),
        (boards.NANO, "tegra210", "Jetson Linux 32.7.1 (JetPack 4)", "NVIDIA GM20B (Maxwell)"),
        (boards.orin(release="# R99 (release), REVISION: 1.0, x\n"), "tegra234", "Jetson Linux 99.1.0", None),
        (boards.orin(release="JetPack of another form\n"), "tegra234", "", None),
        (boards.PC, "", "", ""),
    ],
)
def test_a_board_says_its_chip_its_gpu_and_its_release(tmp_path, monkeypatch, shown, soc, release, gpu):
    monkeypatch.setattr(accelerator, "_of_nvml", list)  # of the machine that runs the tests
    root = shown.write(tmp_path)
    assert board.soc(root) == soc
    assert board.jetson_linux(root) == release
    assert describe.operating_system(root).endswith(release)
    assert gpu is None or accelerator.accelerator("a processor", root) == gpu


def test_cards_are_named_as_the_driver_lists_them(tmp_path):
    for bus in ("0000:01:00.0", "0000:02:00.0"):
        boards.write(tmp_path / f"proc/driver/nvidia/gpus/{bus}/information", "Model: \t\t NVIDIA A2\nIRQ:   \t\t 16\n")
    assert accelerator.accelerator("a processor", tmp_path) == "NVIDIA A2"


def test_the_highest_clock_is_that_of_the_fastest_core(tmp_path):
    assert describe.max_clock_hertz(tmp_path) is None
    for core, limit in enumerate(("1800000\n", "2400000\n", "<unsupported>\n")):
        boards.write(tmp_path / f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_max_freq", limit)
    assert describe.max_clock_hertz(tmp_path) == 2.4e9


_ANY = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(str.encode),
    st.integers(0, 10**30).map(
        lambda number: f"pmode:{number}\nMemTotal: {number} kB\n# R{number} (release), ".encode()
    ),
    st.just(f"{boards.ORIN_MODES}pmode:1\n{'x' * 5000}".encode()),
)
_NAME = config_schema.schema()["$defs"]["name"]


@settings(max_examples=150, deadline=None)
@given(contents=st.lists(_ANY, min_size=9, max_size=9), absent=st.sets(st.integers(0, 8)))
def test_whatever_the_files_hold_the_device_has_a_valid_name_and_a_description(tmp_path_factory, contents, absent):
    root = tmp_path_factory.mktemp("root")
    names = (
        *(boards.MODEL, boards.COMPATIBLE, boards.STATUS, boards.MODES),
        *("etc/nv_tegra_release", "proc/meminfo", "proc/device-tree/serial-number"),
        *("sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name"),
    )
    for place, (name, content) in enumerate(zip(names, contents, strict=True)):
        if place not in absent:
            boards.write(root / name, content)
    results = root / "results"
    boards.write(results / "devices/kitchen/device.json", contents[0])
    for written in ("auto", "desk"):
        name, _ = device_name.choose(written, results, root)
        assert re.search(_NAME["pattern"], name)
        assert len(name) <= _NAME["maxLength"]
    for words in (describe.machine(root), board.soc(root), board.jetson_linux(root), nvpmodel.power_mode(root)):
        assert words.isprintable()
        assert len(words) <= 100
