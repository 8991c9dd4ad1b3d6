"""A fleet: one command measures on machines without a shared file system, each behind a real sshd with a home of its own."""

import csv
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.digits_model import ROOT
from tests.sshd import Sshd, end_all
from tests.workflow_copy import Copy, configuration

pytestmark = pytest.mark.slow

_PROGRAMS = str(Path(sys.executable).parent)
EXAMPLE = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "fleet.md").read_text(), re.DOTALL)[0]
DEADLINE_S = 300.0

# Stands for the project where only the playbook matters: its `make all` runs until a file `go` is there.
STUB = """\
include real.mk
all:
\t@echo "begin $(SETTINGS) $(WORD)" >> runs; while [ ! -e go ]; do sleep 0.1; done; echo end >> runs
\t@test ! -e broken || { cat broken; exit 1; }
pull report:
\t@echo $@ $(FROM) >> steps
"""


@pytest.fixture(autouse=True)
def _ansible() -> None:
    if not shutil.which("ansible-playbook", path=f"{_PROGRAMS}{os.pathsep}{os.environ['PATH']}"):
        pytest.skip("needs Ansible: pip install -r workflow/envs/fleet.txt")


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts `make fleet` in a project; what it prints is written to the file `printed` there.

    Its home is short, since a socket of ssh lies in it.
    """
    runs: list[subprocess.Popen[str]] = []
    with tempfile.TemporaryDirectory(prefix="js-", ignore_cleanup_errors=True) as home:
        settings = {"HOME": home, "TMPDIR": home, "ANSIBLE_REMOTE_TMP": f"{home}/tmp", "LC_ALL": "C.UTF-8"}

        def started(project: Path, *arguments: str) -> subprocess.Popen[str]:
            command = ["make", "--no-print-directory", "fleet", "INVENTORY=hosts.yml", *arguments]
            with (project / "printed").open("w") as printed:
                runs.append(
                    subprocess.Popen(
                        command,
                        cwd=project,
                        stdout=printed,
                        stderr=subprocess.STDOUT,
                        text=True,
                        env=os.environ | settings,
                    )
                )
            return runs[-1]

        yield started
        for run in runs:
            if run.poll() is None:
                end_all(psutil.Process(run.pid))
                run.wait()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Callable[[str], Sshd]]:
    """A function that makes a machine of this name; its home is the folder `tmp_path / name`."""
    servers = []

    def made(name: str) -> Sshd:
        (tmp_path / name).mkdir()
        own = {
            "HOME": tmp_path / name,
            "TMPDIR": tmp_path / name,
            "JOULESWEEP_LOCK": tmp_path / f"{name}.lock",
            "COLUMNS": 40,
        }
        servers.append(Sshd(tmp_path / f"{name}-ssh", own))
        return servers[-1]

    yield made
    for server in servers:
        server.stop()
    for file in tmp_path.rglob("fleet.pid"):
        _switch_off(file)


def _reach(server: Sshd) -> dict[str, Any]:
    """What an inventory says of a machine so that Ansible reaches it."""
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": server.port,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(server.key),
        "ansible_ssh_common_args": server.options,
        "ansible_ssh_retries": 3,
        "ansible_python_interpreter": sys.executable,
    }


def _inventory(project: Path, hosts: dict[str, dict[str, Any]]) -> None:
    (project / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))


def _environment(project: Path) -> None:
    """An environment that is set up, as make sees it: it hands on to the one that runs the tests."""
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").write_text(f"export PATH={shlex.quote(_PROGRAMS)}:$PATH\n")
    (programs / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (programs / "python").chmod(0o755)
    (project / ".venv" / "device").write_text("laptop\n")
    for stamp in ("ready", "with-fleet"):
        (project / ".venv" / stamp).touch()


def _outcome(run: subprocess.Popen[str], project: Path) -> tuple[int, str]:
    """The exit status of `make fleet`, and what it printed."""
    return run.wait(), (project / "printed").read_text()


def _wait(condition: Callable[[], object], process: subprocess.Popen[str], project: Path) -> None:
    """Wait until something is so while a run goes on."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert process.poll() is None, (project / "printed").read_text()
        assert time.monotonic() < deadline, (project / "printed").read_text()
        time.sleep(0.05)


def _last_line(printed: str) -> str:
    return [line for line in printed.splitlines() if not line.startswith("make: ***")][-1]


def _journals(results: Path, device: str) -> dict[str, bytes]:
    folder = results / "devices" / device
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))}


def _launches(journals: dict[str, bytes]) -> dict[str, int]:
    """How many launches each journal holds."""
    return {name: sum(b'"started_s"' in line for line in content.splitlines()) for name, content in journals.items()}


def _rows(project: Path, table: str) -> list[dict[str, str]]:
    with (project / "results" / "merged" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.cluster
def test_three_devices_are_measured_by_one_command_and_a_device_that_was_lost_is_completed_by_the_next(
    machine, start, tmp_path
):
    """The inventory of docs/fleet.md. One connection fails and is opened again; one device is switched off in mid-run."""
    models = {name: {"source": "onnx:mlp.onnx", "runtimes": ["onnxruntime"]} for name in ("first", "second", "third")}
    config = configuration("head", models=models, meter="none", hypotheses=[])
    head = Copy(tmp_path / "head", config).folder
    for part in ("Makefile", "playbooks"):
        source = ROOT / part
        shutil.copytree(source, head / part) if source.is_dir() else shutil.copy(source, head)
    _environment(head)
    hosts = yaml.safe_load(EXAMPLE)["all"]["hosts"]
    servers = {name: machine(name) for name in hosts}
    projects = {name: tmp_path / name / hosts[name].get("folder", "joulesweep") for name in hosts}
    for project in projects.values():
        _environment(project)
    _inventory(head, {name: {**hosts[name], **_reach(servers[name])} for name in hosts})
    # Two were used before; the third has only an environment.
    for name in ("kitchen", "desk"):
        shutil.copytree(head / "workflow", projects[name] / "workflow")
    # What lies on a device: a plug-in of an older version, and files that are its own.
    stale = projects["kitchen"] / "workflow" / "scripts" / "joulesweep" / "meters" / "removed.py"
    own = [
        projects["kitchen"] / "data" / "own.csv",
        projects["kitchen"] / "results" / "devices" / "old" / "device.json",
    ]
    for path in (stale, *own):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")

    run = start(head)
    journal = projects["desk"] / "results" / "devices" / "desk" / "latency" / "first.jsonl"
    log = projects["garage"] / ".cache" / "fleet.log"
    _wait(lambda: log.exists() and log.stat().st_size, run, head)
    servers["garage"].drop_connections()
    _wait(lambda: journal.exists() and journal.read_bytes().endswith(b"\n"), run, head)
    servers["desk"].stop()
    _switch_off(projects["desk"] / ".cache" / "fleet.pid")
    assert run.wait() != 0
    printed = (head / "printed").read_text()
    again = "make fleet INVENTORY=hosts.yml LIMIT=@.cache/measure.retry"
    assert _last_line(printed).startswith("make fleet: not complete: desk. "), printed
    assert _last_line(printed).endswith(again)
    assert "desk: it cannot be reached any more; if it still runs, it measures on: " in " ".join(printed.split())
    assert {row["device"] for row in _rows(head, "latency")} == {"kitchen", "garage"}
    for name in ("kitchen", "garage"):
        assert f"{name}: files: " in printed
    assert not stale.exists()
    assert all(path.read_text() == "{}" for path in own)
    assert not any(
        (projects["kitchen"] / name).exists() for name in ("hosts.yml", "playbooks", "results/devices/garage")
    )

    (head / "printed").rename(head / "printed-first")
    before = {name: _journals(projects[name] / "results", name) for name in hosts}
    servers["desk"].start()
    status, printed = _outcome(start(head, *again.split()[3:]), head)
    assert (status, _last_line(printed)) == (0, "The report is results/report.md"), printed
    assert {(row["device"], row["model"], row["status"]) for row in _rows(head, "latency")} == {
        (device, model, "ok") for device in hosts for model in models
    }
    assert {row["device"] for row in _rows(head, "devices")} == set(hosts)
    assert all(f"{name} " in (head / "results" / "report.md").read_text() for name in hosts)
    after = {name: _journals(projects[name] / "results", name) for name in hosts}
    for name in hosts:
        assert _journals(head / "results", name) == after[name]
        assert _launches(after[name]) == _launches(after["kitchen"])
        for file, content in before[name].items():
            whole = content[: content.rfind(b"\n") + 1]
            assert after[name][file].startswith(whole), "what was measured before has changed"
            assert name == "desk" or after[name][file] == content
    assert _launches(after["desk"])["latency/first.jsonl"] == 3


def _switch_off(pid_file: Path) -> None:
    """End the run that goes on on a device, if there is one, with all that it has started."""
    with suppress(psutil.NoSuchProcess):
        run = psutil.Process(int(pid_file.read_text()))
        if "fleet.status" in " ".join(run.cmdline()):
            end_all(run)


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    """A project in which make only notes what is asked of it, with the playbook."""
    folder = tmp_path / "head"
    folder.mkdir()
    shutil.copytree(ROOT / "playbooks", folder / "playbooks")
    (folder / "config.yaml").write_text("device: head\n")
    shutil.copytree(ROOT / "workflow" / "envs", folder / "workflow" / "envs")
    shutil.copy(ROOT / "Makefile", folder / "real.mk")
    (folder / "Makefile").write_text(STUB)
    _environment(folder)
    return folder


def test_the_next_command_waits_for_a_run_that_goes_on_before_it_changes_anything(machine, stub, start, tmp_path):
    """Ctrl-C ends the first command while its device measures; what it left is waited for, and then repeated."""
    _inventory(stub, {"pi": {"device": "pi", "options": "WORD=word", **_reach(machine("pi"))}})
    there = tmp_path / "pi" / "joulesweep"
    _environment(there)
    first = start(stub)
    _wait(lambda: (there / "runs").exists(), first, stub)
    for process in [psutil.Process(first.pid), *psutil.Process(first.pid).children(recursive=True)]:
        process.send_signal(signal.SIGINT)
    status, printed = _outcome(first, stub)
    assert status != 0
    assert "make fleet: stopped here; a run on a device goes on, and the same command waits for it\n" in printed
    (stub / "changed").touch()
    second = start(stub)
    _wait(lambda: "PLAY [Measure" in (stub / "printed").read_text(), second, stub)
    time.sleep(2)
    assert not (there / "changed").exists()
    (there / "go").touch()
    assert second.wait() == 0, (stub / "printed").read_text()
    assert (there / "runs").read_text().splitlines() == ["begin device=pi word", "end"] * 2
    assert (there / "changed").exists()
    assert (stub / "steps").read_text().splitlines() == ["pull root@127.0.0.1:joulesweep", "report"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "joulesweep: out of luck\njoulesweep: export failed; its log is x\n[2 of 2] count\n",
            "joulesweep: out of luck",
        ),
        ("Setting up .venv\nthe set-up failed: no space\nmake: *** Error 1\n", "the set-up failed: no space"),
    ],
    ids=["of a stage", "of the set-up"],
)
def test_the_reason_of_a_failed_run_is_shown_and_what_it_measured_comes_in(
    machine, stub, start, tmp_path, said, reason
):
    _inventory(stub, {"pi": {"device": "pi", **_reach(machine("pi"))}})
    _environment(tmp_path / "pi" / "joulesweep")
    (stub / "go").touch()
    (stub / "broken").write_text(said)
    status, printed = _outcome(start(stub), stub)
    assert status != 0
    assert f"msg: 'pi: {reason}'" in " ".join(printed.split())
    assert _last_line(printed).startswith("make fleet: not complete: pi. ")
    assert (stub / "steps").read_text().splitlines() == ["pull root@127.0.0.1:joulesweep", "report"]


def test_devices_that_share_a_name_or_cannot_be_reached_are_named_before_anything_is_copied(stub, start, tmp_path):
    there = {"ansible_connection": "local", "folder": str(tmp_path / "there")}
    hosts = {
        "one": {"device": "pi", **there},
        "two": {"device": "Pi", **there},
        "three": there,
        "four": {"device": "four", "ansible_host": "::1", "ansible_port": 1},
        "five": {"device": "odd name", **there},
        "six": {"device": 7, **there},
    }
    _inventory(stub, hosts)
    status, printed = _outcome(start(stub), stub)
    assert status != 0
    said = " ".join(printed.split())
    for words in (
        "pi: another device of the inventory has the name pi too",
        "Pi: another device of the inventory has the name Pi too",
        "head: this machine has the name head too; give the device one of its own in the inventory",
        "four: it cannot be reached: ",
        "odd name: its name must be of letters, digits, '.', '_' and '-', with a letter; change its device",
        "7: its name must be of letters",
    ):
        assert words in said
    assert "not complete: five four one six three two." in _last_line(printed)
    assert not (tmp_path / "there").exists()
    assert (stub / "steps").read_text().splitlines() == ["report"]


def test_without_names_in_the_inventory_a_device_has_the_name_that_its_configuration_finds(stub, start):
    """The playbook forms a name from the host's name by the rule of the configuration."""
    from joulesweep.pipeline.configuration.device_name import host_name

    (stub / "config.yaml").write_text("models: {}\n")
    _inventory(stub, {"one": {"ansible_connection": "local"}})
    _, printed = _outcome(start(stub), stub)
    assert f"this machine has the name {host_name()} too" in " ".join(printed.split())


@pytest.mark.parametrize(
    ("inventory", "limit"),
    [
        ("all:\n  hosts:\n    - kitchen\n", ""),
        ("all:\n  hosts:\n   kitchen:\n  - x: [\n", ""),
        ("all: {hosts: {kitchen: {}}}", "kichen"),
        ("all: {hosts: {kitchen: {}}}", "@.cache/measure.retry"),
    ],
    ids=["a list", "no YAML", "no such device", "no such file"],
)
def test_an_inventory_or_a_limit_that_cannot_be_used_ends_with_one_line_about_it(stub, start, inventory, limit):
    (stub / "hosts.yml").write_text(inventory)
    status, printed = _outcome(start(stub, f"LIMIT={limit}"), stub)
    assert status != 0
    words = f"INVENTORY=hosts.yml{limit and f' LIMIT={limit}'} names no devices, for the reason above"
    assert _last_line(printed).startswith(f"make fleet: nothing was done: {words}")
    assert not (stub / "steps").exists()


def test_an_inventory_without_devices_is_an_error_in_one_line(stub, start):
    (stub / "hosts.yml").write_text("all: {host: {pi: {}}}")
    status, printed = _outcome(start(stub), stub)
    assert status != 0
    assert "hosts.yml names no device; docs/fleet.md shows an inventory" in " ".join(printed.split())
    assert "not complete" not in printed
    assert not (stub / "steps").exists()


def test_where_a_copy_or_python_fails_the_reason_is_shown_and_a_folder_below_the_home_is_found(
    machine, stub, start, tmp_path
):
    """Connections are shared by user and host, so that the one of rsync can fail where Ansible's does not."""
    reach = _reach(machine("pi"))
    wrong = tmp_path / "wrong"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong], check=True)
    (stub / "key").write_bytes(Path(reach["ansible_ssh_private_key_file"]).read_bytes())
    (stub / "key").chmod(0o600)
    hosts = {
        "kitchen": {**reach, "device": "kitchen", "folder": "~/my folder", "ansible_ssh_private_key_file": "key"},
        "garage": {**reach, "device": "garage", "ansible_ssh_private_key_file": str(wrong)},
        "desk": {**reach, "device": "desk", "ansible_python_interpreter": "/none/python3"},
    }
    _inventory(stub, hosts)
    there = tmp_path / "pi" / "my folder"
    _environment(there)
    (stub / "go").touch()
    status, printed = _outcome(start(stub), stub)
    assert status != 0
    said = " ".join(printed.split())
    assert "garage: the project cannot be copied there: root@127.0.0.1: Permission denied" in said
    assert "desk: no Python can be started there; name one in the inventory" in said
    assert _last_line(printed).startswith("make fleet: not complete: desk garage. ")
    assert (there / "runs").read_text().splitlines() == ["begin device=kitchen ", "end"]
    assert not (there / "key").exists()
    assert not (tmp_path / "pi" / "~").exists()
