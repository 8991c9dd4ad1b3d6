"""A Slurm cluster on the loopback address without accounting: one slurmctld, and nodes that can be switched off.

A node is a slurmd with a host name, process ids, a machine id and a measuring lock of its own. Everything lies in one folder; root only.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest

from tests import installed

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "unshare")
_NAMESPACES = ("unshare", "--uts", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child=KILL")
_PATIENCE_S = 60
_MACHINE_ID = Path("/etc/machine-id")

_CONFIGURATION = """
ClusterName=devices
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdLogFile={folder}/log/slurmd.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=2
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
NodeName=DEFAULT CPUs=2 RealMemory=4000
{nodes}
PartitionName=devices Nodes={names} Default=YES MaxTime=1-0 State=UP
"""


def require() -> None:
    """Skip all tests of the file that calls this where such a cluster cannot be made."""
    installed.require("snakemake_executor_plugin_slurm")
    missing = [program for program in _PROGRAMS if not _path(program)]
    if os.name != "posix" or os.getuid() != 0 or missing:
        pytest.skip("needs root, and sudo apt install slurmctld slurmd slurm-client munge", allow_module_level=True)
    if subprocess.run([*_NAMESPACES, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to make namespaces, which a container may lack", allow_module_level=True)


class Cluster:
    """A cluster of one node per feature; `features` has them by the node's name. It is up inside of `with`."""

    def __init__(self, folder: Path, features: Mapping[str, str]) -> None:
        self._folder, self._features = folder, features
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What a client of the cluster has in its environment.

        Snakemake starts srun inside of a job without SLURM_CONF, which only a cluster needs whose slurm.conf lies elsewhere.
        """
        return {"SLURM_CONF": str(self._folder / "slurm.conf"), "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}"}

    def __enter__(self) -> "Cluster":
        try:
            self._configure()
            munge = self._folder / "munge"
            files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
            options = [f"--{option}={munge / name}" for option, name in files.items()]
            self._start("munged", _path("munged"), "--foreground", "--force", *options)
            self._wait(lambda: (munge / "socket").exists())
            self._start("slurmctld", _path("slurmctld"), "-D")
            for name in self._features:
                self._start_node(name)
            self._wait(lambda: self._states().count("idle") == len(self._features))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end("slurmctld", signal.SIGTERM)  # first: it would wait for nodes that are gone
        for name in self._features:
            self._end(name, signal.SIGKILL)
        self._end("munged", signal.SIGTERM)

    def switch_off(self, name: str) -> None:
        """End every process of a node at once, and report it to Slurm, which would take half a minute to notice."""
        self._end(name, signal.SIGKILL)
        self.client("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=off")

    def switch_on(self, name: str) -> None:
        """Start a node that was switched off."""
        self._start_node(name)
        self.client("scontrol", "update", f"NodeName={name}", "State=RESUME")
        self._wait(lambda: self._states().count("idle") == len(self._features))

    def client(self, *command: str) -> str:
        """Run a command of Slurm; returns what it printed."""
        answer = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def _states(self) -> list[str]:
        try:
            return self.client("sinfo", "--noheader", "--Node", "--format=%t").split()
        except AssertionError:  # slurmctld is about to listen
            return []

    def _configure(self) -> None:
        for name in ("munge", "state", "log", "bin", *(f"spool/{name}" for name in self._features)):
            (self._folder / name).mkdir(parents=True)
        key = self._folder / "munge" / "key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        host, (controller, *ports) = socket.gethostname(), _free_ports(1 + len(self._features))
        nodes = [
            f"NodeName={name} NodeAddr=127.0.0.1 NodeHostname={host} Port={port} Features={feature}"
            for (name, feature), port in zip(self._features.items(), ports, strict=True)
        ]
        text = _CONFIGURATION.format(
            folder=self._folder,
            host=host,
            ports=[controller, *ports],
            nodes="\n".join(nodes),
            names=",".join(self._features),
        )
        (self._folder / "slurm.conf").write_text(text)
        srun = self._folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self._folder}/slurm.conf exec {_path("srun")} "$@"\n')
        srun.chmod(0o755)

    def _start_node(self, name: str) -> None:
        """Start a node in namespaces of its own, with files of its own where the others have the machine's."""
        lock = Path(os.environ["JOULESWEEP_LOCK"])
        lock.touch()
        lines = [f"hostname {name}"]
        for place, text in ((lock, ""), (_MACHINE_ID, f"{name}\n")):
            file = self._folder / "spool" / name / place.name
            file.write_text(text)
            lines += [f"mount --bind {file} {place}"] if place.exists() else []
        # A shell is process 1, which takes in the processes that lose their parent.
        script = "; ".join(["set -e", *lines, f"{_path('slurmd')} -D -N {name} & wait $!"])
        self._start(name, *_NAMESPACES, "bash", "-c", script)

    def _start(self, name: str, *command: str) -> None:
        with (self._folder / "log" / f"{name}.printed").open("wb") as printed:
            self._running[name] = subprocess.Popen(
                command,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )

    def _end(self, name: str, number: signal.Signals) -> None:
        """End a program and wait until nothing of it is left; the processes of a node die a moment after the first."""
        if process := self._running.pop(name, None):
            below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.send_signal(number)
            process.wait(_PATIENCE_S)
            self._wait(lambda: not any(map(_lives, below)))

    def _wait(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not done():
            assert time.monotonic() < end, self._last_words()
            time.sleep(0.1)

    def _last_words(self) -> str:
        logs = sorted((self._folder / "log").iterdir())
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in logs)


def _path(program: str) -> str:
    """Where a program lies; empty where it is missing."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
