"""Results of another machine come in by one set of rules, whether packed or pulled: nothing that differs is lost."""

import errno
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.errors import UserError
from joulesweep.pipeline.transfer import admission, archive, journals, remote
from joulesweep.system.machine import machine_id

from tests.digits_model import ROOT
from tests.sshd import Sshd


def _line(number: int) -> str:
    return json.dumps({"key": {"runtime": "eager"}, "number": number}) + "\n"


def _device(results: Path, name: str, machine: str, launches: int, at: str = "2026-01-01T00:00:00") -> Path:
    """A device's folder with a journal of so many launches, the table of it, its description and its reference."""
    folder = results / "devices" / name
    (folder / "latency").mkdir(parents=True, exist_ok=True)
    (folder / "latency" / "net.jsonl").write_text("".join(map(_line, range(launches))))
    (folder / "latency" / "net.csv").write_text(f"device,launches,measured_at\n{name},{launches},{at}\n")
    about = {"device": name, "machine_id": machine, "described_at": "2026-01-01T00:00:00"}
    (folder / "device.json").write_text(json.dumps(about))
    (folder / "reference.json").write_text(json.dumps({"looks": launches}))
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _launches(folder: Path) -> list[int]:
    return [json.loads(line)["number"] for line in (folder / "latency" / "net.jsonl").read_text().splitlines()]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The results of this machine, whose device is called `laptop`."""
    results = tmp_path / "here" / "results"
    _device(results, "laptop", machine_id(), 10)
    return results


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there" / "results"


def test_a_device_that_is_new_comes_in_whole(here, there):
    _device(there, "pi", "p", 4)
    assert admission.admit(there, here, "laptop") == (["pi: files: 4 new, 0 changed"], [])
    assert _contents(here / "devices" / "pi") == _contents(there / "devices" / "pi")
    assert admission.admit(there, here, "laptop") == (["pi: nothing is new"], [])


def test_devices_that_differ_only_in_case_are_refused(here, there):
    _device(there, "Laptop", "p", 4)
    (refusal,) = admission.admit(there, here, "laptop").refusals
    assert "the devices Laptop and laptop differ only in case" in refusal
    assert not (here / "devices" / "Laptop").exists()


def test_what_a_device_measured_since_comes_in_and_an_older_copy_changes_nothing(here, there, tmp_path):
    old, new = tmp_path / "old", there
    _device(old, "pi", "p", 3, "2026-01-01T00:00:00")
    _device(new, "pi", "p", 5, "2026-01-02T00:00:00")
    admission.admit(old, here, "laptop")
    admission.admit(new, here, "laptop")
    arrived = _contents(here / "devices" / "pi")
    assert arrived == _contents(new / "devices" / "pi")
    (line,) = admission.admit(old, here, "laptop").lines
    assert line == "pi: nothing is new; differs and stays as it is here (newer here): latency/net.csv, reference.json"
    assert _contents(here / "devices" / "pi") == arrived


def test_copies_that_grew_apart_are_merged_by_line(here, there):
    ours = _device(here, "pi", "p", 2, "2026-01-01T00:00:00")
    theirs = _device(there, "pi", "p", 2, "2026-01-02T00:00:00")
    (ours / "latency" / "net.jsonl").write_text(_line(0) + _line(7))
    (theirs / "latency" / "net.jsonl").write_text(_line(0) + _line(8) + '{"torn')
    admission.admit(there, here, "laptop")
    assert _launches(ours) == [0, 7, 8]


def test_nothing_of_this_devices_own_folder_is_replaced_by_an_older_copy_of_it(here, there):
    before = _contents(here / "devices" / "laptop")
    _device(there, "laptop", machine_id(), 3, "2027-01-01T00:00:00")
    admission.admit(there, here, "laptop")
    assert _contents(here / "devices" / "laptop") == before


def test_a_torn_table_never_replaces_a_whole_one_and_is_named(here, there):
    ours = _device(here, "pi", "p", 3, "2026-01-01T00:00:00")
    theirs = _device(there, "pi", "p", 5, "2026-01-02T00:00:00")
    table = theirs / "latency" / "net.csv"
    whole = table.read_bytes()
    table.write_bytes(whole[:-1])
    before = (ours / "latency" / "net.csv").read_bytes()
    (line,) = admission.admit(there, here, "laptop").lines
    torn = "torn there: run make all there, then repeat"
    assert line == f"pi: files: 0 new, 2 changed; differs and stays as it is here ({torn}): latency/net.csv"
    assert (ours / "latency" / "net.csv").read_bytes() == before
    assert _launches(ours) == list(range(5))
    # A torn copy that came first gives way to a whole one, also where that is not newer.
    table.write_bytes(whole)
    for torn_copy in (whole[:-1], b""):
        (ours / "latency" / "net.csv").write_bytes(torn_copy)
        admission.admit(there, here, "laptop")
        assert (ours / "latency" / "net.csv").read_bytes() == whole


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("pi", "neither is newer: to take theirs, delete ours and repeat"),
        ("laptop", "this is that device"),
    ],
)
def test_what_differs_and_is_not_newer_stays_and_is_named(here, there, device, reason):
    for results in (here, there):
        _device(results, device, machine_id(), 3)
    (there / "devices" / device / "reference.json").write_text("other")
    before = _contents(here)
    (line,) = admission.admit(there, here, "laptop").lines
    assert line == f"{device}: nothing is new; differs and stays as it is here ({reason}): reference.json"
    assert _contents(here) == before


def test_launches_that_this_device_lost_come_back_from_a_copy(here, there):
    copy = _device(there, "laptop", machine_id(), 12)
    with (copy / "latency" / "net.jsonl").open("a") as journal:
        journal.write('{"superseded": null}\n')
    admission.admit(there, here, "laptop")
    assert _launches(here / "devices" / "laptop") == list(range(12))


def test_launches_that_come_back_start_a_line_of_their_own_where_the_journal_here_is_torn(here, there):
    _device(there, "laptop", machine_id(), 12)
    journal = here / "devices" / "laptop" / "latency" / "net.jsonl"
    with journal.open("a") as file:
        file.write('{"torn')
    admission.admit(there, here, "laptop")
    lines = journal.read_text().splitlines()
    assert lines == [*(_line(number).strip() for number in range(10)), '{"torn', _line(10).strip(), _line(11).strip()]


def test_a_line_that_was_still_being_written_when_it_was_copied_is_completed_by_the_next_copy(here, there):
    folder = _device(there, "pi", "p", 2)
    journal = folder / "latency" / "net.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-5])
    admission.admit(there, here, "laptop")
    for more in ("", _line(2)):
        journal.write_bytes(whole + more.encode())
        admission.admit(there, here, "laptop")
        assert _contents(here / "devices" / "pi") == _contents(folder)


@pytest.mark.parametrize("at", ["2026-01-01T00:00:00", "1970-01-01T00:00:00", "2099-01-01T00:00:00"])
def test_a_copy_that_holds_more_launches_is_newer_whatever_the_clock_of_the_device_says(here, there, at):
    _device(here, "pi", "p", 3, "2099-01-01T00:00:00")
    folder = _device(there, "pi", "p", 5, at)
    assert admission.admit(there, here, "laptop").lines == ["pi: files: 0 new, 3 changed"]
    assert _contents(here / "devices" / "pi") == _contents(folder)


def test_of_a_device_whose_journal_became_shorter_nothing_here_is_lost(here, there):
    ours = _device(here, "pi", "p", 5, "2026-01-02T00:00:00")
    before = _contents(ours)
    _device(there, "pi", "p", 3, "2026-01-01T00:00:00")
    admission.admit(there, here, "laptop")
    assert _contents(ours) == before


@pytest.mark.parametrize("number", range(4))
def test_a_pull_that_was_interrupted_while_files_moved_in_is_completed_by_the_next(here, there, monkeypatch, number):
    _device(here, "pi", "p", 3)
    folder = _device(there, "pi", "p", 5, "2026-01-02T00:00:00")
    replace, done = Path.replace, []

    def interrupted(path: Path, target: Path) -> None:
        if len(done) == number:
            raise KeyboardInterrupt
        done.append(replace(path, target))

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt) if number < 3 else nullcontext():
        admission.admit(there, here, "laptop")
    monkeypatch.undo()
    admission.admit(there, here, "laptop")
    assert _contents(here / "devices" / "pi") == _contents(folder)


def test_a_disk_that_is_full_changes_nothing(here, there, monkeypatch):
    _device(here, "pi", "p", 3)
    _device(there, "pi", "p", 5, "2026-01-02T00:00:00")
    before = _contents(here)
    write_bytes = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if "jsonl" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match=r"net\.jsonl: cannot be written: No space left on device"):
        admission.admit(there, here, "laptop")
    assert _contents(here) == before


def test_only_files_that_make_pack_packs_come_in_and_the_rest_is_named(here, there):
    _device(there, "pi", "p", 3)
    _device(there, ".hidden", "h", 3)
    for name in (
        "report.md",
        "merged/latency.csv",
        "devices/pi/a/b/c.csv",
        "devices/pi/latency/net.exe",
        "devices/x.csv",
    ):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text("x")
    before = _contents(here)
    coming, named = admission.admit(there, here, "laptop").lines
    assert coming == "pi: files: 4 new, 0 changed"
    assert named.endswith(": devices/pi/a/b/c.csv, devices/pi/latency/net.exe, devices/x.csv, merged, report.md")
    assert len(_contents(here)) == len(before) + 4


def test_a_folder_in_the_place_of_a_file_neither_comes_in_nor_asks_for_what_was_measured_to_be_removed(here, there):
    ours = _device(here, "pi", "p", 3)
    before = _contents(ours)
    about = _device(there, "pi", "p", 5, "2026-01-02T00:00:00") / "device.json"
    about.unlink()
    about.mkdir()
    (about / "x.csv").write_text("x")
    lines = admission.admit(there, here, "laptop").lines
    assert lines[1].endswith(": devices/pi/device.json/x.csv")
    assert _contents(ours)["device.json"] == before["device.json"]
    assert _launches(ours) == list(range(5))


def test_what_two_processes_bring_in_at_once_is_checked_one_after_the_other(here, there):
    _device(there, "pi", "p", 3)
    bring_in = partial(admission.bring_in, lambda folder: shutil.copytree(there, folder, dirs_exist_ok=True))
    other = threading.Thread(target=bring_in, args=(here, "laptop"))
    folder = os.open(here.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    other.start()
    other.join(0.5)
    assert not (here / "devices" / "pi").exists()
    os.close(folder)
    other.join()
    assert (here / "devices" / "pi").exists()


@pytest.mark.parametrize("name", ["pi", "laptop"])
def test_two_machines_of_one_name_are_refused_with_the_cure_and_other_devices_come_in(here, there, name, capsys):
    _device(here, "pi", "p", 3)
    _device(there, name, "another", 4)
    _device(there, "third", "t", 1)
    before = _contents(here)
    with pytest.raises(UserError, match=r"two machines are called .* set 'device: NEW-NAME'") as refusal:
        admission.bring_in(lambda folder: shutil.copytree(there, folder, dirs_exist_ok=True), here, "laptop")
    assert len(str(refusal.value)) <= 300
    assert capsys.readouterr().out == "third: files: 4 new, 0 changed\n"
    assert before.items() <= _contents(here).items()
    assert len(_contents(here)) == len(before) + 4


def test_a_device_with_a_new_system_comes_in_where_its_description_here_was_deleted(here, there):
    name = "raspberry-pi-5-8gb-kitchen"
    ours, theirs = _device(here, name, "old system", 3), _device(there, name, "new system", 5, "2026-01-02T00:00:00")
    (refusal,) = admission.admit(there, here, "laptop").refusals
    assert refusal.endswith("if it is one machine with a new system, delete its device.json here")
    assert len(refusal) <= 300
    (ours / "device.json").unlink()
    assert not admission.admit(there, here, "laptop").refusals
    assert _contents(ours) == _contents(theirs)


def test_a_machine_of_this_devices_name_is_refused_before_anything_was_measured_here(tmp_path, there):
    _device(there, "laptop", "another", 4)
    results = tmp_path / "empty" / "results"
    (refusal,) = admission.admit(there, results, "laptop").refusals
    assert "two machines are called 'laptop'" in refusal
    assert not results.exists()


def test_a_models_files_are_never_mixed_with_those_of_another_export(here, there):
    ours, theirs = here / "models" / "net", there / "models" / "net"
    for folder, text in ((ours, "ours"), (theirs, "theirs")):
        folder.mkdir(parents=True)
        (folder / f"manifest-{text}.json").write_text(text)
        (folder / "counts.csv").write_text(text)
    (theirs / "model.onnx").write_text("theirs")
    (theirs / "layers.csv").write_text("theirs")
    before = _contents(ours)
    (line,) = admission.admit(there, here, "laptop").lines
    assert _contents(ours) == {**before, "layers.csv": b"theirs"}
    assert line == (
        "models: files: 1 new, 0 changed; differs and stays as it is here (of another export there): net/counts.csv, "
        "net/model.onnx, net/manifest-theirs.json"
    )


@pytest.mark.parametrize(("figure", "named"), [("1", False), ("2", True)])
def test_counts_that_other_libraries_made_are_named_only_where_a_figure_differs(here, there, figure, named):
    ours, theirs = (results / "models" / "net" / "counts.csv" for results in (here, there))
    for file, row in (ours, "1,torch=2.14,aa"), (theirs, f"{figure},torch=2.10,bb"):
        file.parent.mkdir(parents=True)
        file.write_text(f"flops,versions,check\n{row}\n")
    _device(there, "pi", "p", 4)
    lines = admission.admit(there, here, "laptop").lines
    expected = "models: nothing is new; differs and stays as it is here (of another export there): net/counts.csv"
    assert lines[1:] == ([expected] if named else [])
    assert "torch=2.14" in ours.read_text()


def test_a_models_files_come_in_without_being_held_in_memory(here, there, monkeypatch):
    _device(there, "pi", "p", 1)
    for results in (there, here):
        model = results / "models" / "net"
        model.mkdir(parents=True)
        (model / "same.onnx").write_text("same")
    (there / "models" / "net" / "weights.safetensors").write_text("large")
    read_bytes = Path.read_bytes

    def checked(path: Path) -> bytes:
        assert path.suffix not in (".onnx", ".safetensors")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", checked)
    assert admission.admit(there, here, "laptop").lines[1:] == ["models: files: 1 new, 0 changed"]
    assert (here / "models" / "net" / "weights.safetensors").read_text() == "large"


@pytest.mark.parametrize("kind", ["link", "fifo", "folder-link"])
def test_links_and_the_like_are_refused_in_what_comes_in_and_in_what_is_there(here, there, tmp_path, kind):
    outside = tmp_path / "outside"
    outside.mkdir()
    for results in (there, here):
        folder = _device(results, "pi", "p", 3)
        place = folder / "accuracy" / "net.csv"
        if results is here:  # a second archive would go through what the first one left
            shutil.rmtree(there / "devices")
            target = _device(there, "pi", "p", 4) / "accuracy" / "net.csv"
            target.parent.mkdir()
            target.write_text("in")
        if kind == "folder-link":
            place.parent.symlink_to(outside)
        else:
            place.parent.mkdir()
            place.symlink_to(outside / "net.csv") if kind == "link" else os.mkfifo(place)
        before = _contents(here)
        with pytest.raises(UserError, match="refused: "):
            admission.admit(there, here, "laptop")
        assert _contents(here) == before
        assert not list(outside.iterdir())


def _tar(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            member.size = 1 if member.isreg() else 0
            tar.addfile(member, io.BytesIO(b"x"))
    return path


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "members",
    [
        [_member("/results/devices/pi/device.json")],
        [_member("results/../evil")],
        [_member("../results/devices/pi/device.json")],
        [_member("Makefile")],
        [_member("results")],
        [_member("results/devices/pi/device.json", tarfile.SYMTYPE, "/etc/passwd")],
        [_member("results/devices/pi/device.json", tarfile.LNKTYPE, "Makefile")],
        [_member("results/devices/pi/device.json", tarfile.FIFOTYPE)],
        [_member("results/devices/pi/device.json", tarfile.CHRTYPE)],
        [_member("results/devices/pi", tarfile.SYMTYPE, "/tmp"), _member("results/devices/pi/device.json")],
        [_member("results/devices/pi/device.json"), _member("results/devices/pi/device.json")],
        [_member("results/devices/pi\nx/device.json")],
        [_member("results/" + "a/" * 500 + "b")],
    ],
    ids=lambda members: f"{members[-1].name[:24]!r} {members[0].type.decode()}",
)
def test_an_archive_that_reaches_elsewhere_is_refused_in_one_line(tmp_path, members):
    folder = tmp_path / "staged"
    folder.mkdir()
    with pytest.raises(UserError, match="refused, ") as refusal:
        archive.unpack(_tar(tmp_path / "bad.tar.gz", *members), folder)
    assert not list(folder.iterdir())
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "changed", "folder", "fifo"])
def test_an_archive_that_cannot_be_read_is_one_line(tmp_path, there, damage):
    _device(there, "pi", "p", 40)
    file = tmp_path / "results.tar.gz"
    archive.pack(there, file)
    content = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage == "fifo":
        os.mkfifo(file)
    elif damage != "missing":
        cut, changed = content[: len(content) // 2], content[:-8] + b"\0\0\0\0" + content[-4:]  # its checksum
        file.write_bytes({"empty": b"", "text": b"text", "cut": cut, "changed": changed}[damage])
    with pytest.raises(UserError, match=r"no file|cannot be unpacked"):
        archive.unpack(file, tmp_path)


@pytest.mark.parametrize(
    "headers",
    [
        {"GNU.sparse.map": "a,b", "GNU.sparse.size": "1"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "z"},
        {"size": "9" * 20},
    ],
)
def test_an_archive_whose_headers_make_no_sense_is_one_line(tmp_path, headers):
    member = _member("results/devices/pi/device.json")
    member.pax_headers = headers
    with pytest.raises(UserError, match=r"it is no archive or is damaged \(.{5,100}\); copy it again"):
        archive.unpack(_tar(tmp_path / "bad.tar.gz", member), tmp_path)


def test_a_machine_is_known_by_its_own_number_also_where_its_card_was_copied(tmp_path):
    ids = set()
    for serial in ("1000000012345678", "1000000087654321"):
        root = tmp_path / serial
        for path, text in (("etc/machine-id", "0123456789abcdef"), ("proc/device-tree/serial-number", serial)):
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text(text)
        ids.add(machine_id(root))
        assert serial not in machine_id(root)
    assert len(ids) == 2
    assert machine_id(tmp_path / "nothing") == ""


def test_machines_whose_system_has_no_id_yet_are_not_taken_for_each_other(tmp_path):
    (tmp_path / "etc").mkdir()
    for text in ("", "\n", "uninitialized\n"):
        (tmp_path / "etc" / "machine-id").write_text(text)
        assert machine_id(tmp_path) == ""


@given(st.lists(st.integers(0, 6), unique=True), st.lists(st.integers(0, 6), unique=True))
def test_a_merged_journal_holds_each_launch_of_both_once_and_ours_in_their_order(left, right):
    def encoded(numbers: list[int]) -> bytes:
        return "".join(map(_line, numbers)).encode()

    def is_within(part: list[bytes], whole: list[bytes]) -> bool:
        rest = iter(whole)
        return all(line in rest for line in part)

    both = journals.merged(encoded(left), encoded(right))
    assert is_within(encoded(left).splitlines(), both.splitlines())
    assert sorted(both.splitlines()) == sorted(encoded([*{*left, *right}]).splitlines())
    shared = [number for number in left if number in right]
    assert shared != [number for number in right if number in left] or is_within(
        encoded(right).splitlines(), both.splitlines()
    )
    assert journals.merged(both, encoded(right)) == both
    assert journals.merged(encoded(left), encoded(left)) == encoded(left)


@pytest.fixture
def machines(tmp_path: Path) -> Callable[[str], Path]:
    """A function that makes a project of one name, as make sees it on a machine where everything is set up."""

    def project(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "custom_models", folder / "custom_models", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Makefile", folder)
        (folder / "config.yaml").write_text(
            (ROOT / "config.yaml").read_text().replace("device: auto", f"device: {name}")
        )
        (folder / ".venv").symlink_to(sys.prefix)
        return folder

    return project


def _make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "-o", ".venv/ready", "-o", "check", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)


def test_pack_takes_what_a_report_needs_and_unpack_brings_it_in(machines):
    pi, laptop = machines("pi"), machines("laptop")
    _device(pi / "results", "pi", "p", 3)
    model = pi / "results" / "models" / "net"
    model.mkdir(parents=True)
    for name in ("counts.csv", "layers.csv", "manifest-0.json", "model.onnx", "weights.safetensors"):
        (model / name).write_text(name)
    (pi / "results" / "report.md").write_text("r")
    packed = _make(pi, "pack")
    assert packed.returncode == 0, packed.stderr
    file = pi / "joulesweep-pi.tar.gz"  # by the device: host names of boards are often the same
    unpacked = _make(laptop, "unpack", f"FILE=~/{file.name}", HOME=str(pi))  # as zsh hands it on
    assert unpacked.returncode == 0, unpacked.stderr
    arrived = laptop / "results"
    assert _contents(arrived / "devices") == _contents(pi / "results" / "devices")
    assert sorted(path.name for path in (arrived / "models" / "net").iterdir()) == ["counts.csv", "layers.csv"]
    assert not (arrived / "report.md").exists()
    assert not list(laptop.glob(".incoming-*"))
    assert _make(pi, "pack", "ARTEFACTS=1").returncode == 0
    assert _make(laptop, "unpack", f"FILE={file}").returncode == 0
    assert (arrived / "models" / "net" / "model.onnx").exists()


def test_an_archive_without_models_comes_in(machines):
    pi, laptop = machines("pi"), machines("laptop")
    _device(pi / "results", "pi", "p", 3)
    assert _make(pi, "pack").returncode == 0
    (file,) = pi.glob("joulesweep-*.tar.gz")
    answer = _make(laptop, "unpack", f"FILE={file}")
    assert "pi: files: 4 new, 0 changed" in answer.stdout


def test_nothing_to_pack_and_no_such_archive_are_one_line_each(machines):
    laptop = machines("laptop")
    for arguments, words in (("pack",), "nothing to pack"), (("unpack", "FILE=none.tar.gz"), "no file none.tar.gz"):
        answer = _make(laptop, *arguments)
        (line,) = [line for line in answer.stderr.splitlines() if not line.startswith("make: ")]
        assert words in line


def test_pull_without_rsync_says_what_to_install(machines, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "make"):
        program = shutil.which(name)
        assert program
        (tools / name).symlink_to(program)
    answer = _make(machines("laptop"), "pull", "FROM=pi@raspberrypi:joulesweep", PATH=str(tools))
    (line,) = [line for line in answer.stderr.splitlines() if not line.startswith("make: ")]
    for words in ("sudo apt install rsync", "make pack there and make unpack here, which need nothing"):
        assert words in line
    assert len(line) <= 300


_END = (
    "rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]\nrsync error: x (code {}) at io.c(232)"
)


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ("ssh: connect to host pi port 22: No route to host", 255, "pi port 22: No route to host; log in there with ssh by"),
        ("@@@@@@\n@ WARNING @\n@@@@@@\nHost key verification failed.", 255, "pi:joulesweep: Host key verification failed.; log"),
        ("Property of the lab!\n\npi@pi: Permission denied (publickey).", 255, "Permission denied (publickey).; log in there"),
        ('Welcome\nrsync: [sender] change_dir "/r" failed: No such file or directory (2)', 23, "(2); name the project's folder"),
        ('rsync: [receiver] write failed on "/x": No space left on device (28)', 11, "device (28); put that right, then repeat"),
        ("bash: line 1: rsync: command not found", 127, "there is no rsync on the other machine: install rsync"),
        ("zsh:1: command not found: rsync", 12, "there is no rsync on the other machine: install rsync"),
        ("fish: Unknown command: rsync", 12, "there is no rsync on the other machine: install rsync"),
        ("", 12, "(code 12) at io.c(232); put that right, then repeat"),
    ],
)  # fmt: skip
def test_a_pull_that_fails_names_the_reason_and_the_cure_of_it(tmp_path, monkeypatch, said, status, words):
    (tmp_path / "rsync").write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\n{_END.format(status)}\nEND\nexit {status}\n")
    (tmp_path / "rsync").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(UserError) as refusal:
        remote.fetch("pi@pi:joulesweep", tmp_path)
    assert words in str(refusal.value)
    assert len(str(refusal.value)) <= 300


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A real sshd on the loopback address; returns the environment in which rsync reaches it."""
    server = Sshd(tmp_path / "ssh")
    yield {"RSYNC_RSH": server.rsh}
    server.stop()


@pytest.mark.slow
def test_pull_copies_over_ssh_by_the_same_rules(machines, ssh):
    pi, laptop = machines("pi"), machines("laptop")
    folder = _device(pi / "results", "pi", "p", 3)
    model = pi / "results" / "models" / "net"
    model.mkdir(parents=True)
    (model / "counts.csv").write_text("counts")
    (model / "model.onnx").write_text("large")
    _device(laptop / "results", "laptop", machine_id(), 10)
    own = _contents(laptop / "results")
    source = f"FROM=root@127.0.0.1:{pi}"
    answer = _make(laptop, "pull", source, **ssh)
    assert answer.returncode == 0, answer.stderr
    assert _contents(laptop / "results" / "devices" / "pi") == _contents(folder)
    assert sorted(path.name for path in (laptop / "results" / "models" / "net").iterdir()) == ["counts.csv"]
    assert own.items() <= _contents(laptop / "results").items()
    # Another machine under this device's name, then a link: both refused, and nothing changes.
    before = _contents(laptop / "results")
    _device(pi / "results", "laptop", "another", 4)
    answer = _make(laptop, "pull", source, **ssh)
    assert "two machines are called 'laptop'" in answer.stderr
    shutil.rmtree(pi / "results" / "devices" / "laptop")
    (folder / "latency" / "link.csv").symlink_to("/etc/hostname")
    assert "refused: 'devices/pi/latency/link.csv'" in _make(laptop, "pull", source, **ssh).stderr
    assert _contents(laptop / "results") == before
    answer = _make(laptop, "pull", f"FROM=root@127.0.0.1:{pi}/none", **ssh)
    (line,) = [line for line in answer.stderr.splitlines() if not line.startswith("make: ")]
    assert "nothing was copied from" in line
    assert len(line) <= 300
