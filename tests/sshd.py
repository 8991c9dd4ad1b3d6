"""A real sshd on the loopback address, which stands for another machine."""

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest


def end_all(process: psutil.Process) -> None:
    """Kill a process and all that it has started, without a moment for any of them to see it."""
    with suppress(psutil.NoSuchProcess):
        every = [process, *process.children(recursive=True)]
        for each in every:
            with suppress(psutil.NoSuchProcess):
                each.kill()


class Sshd:
    """Its key, its port, and its connections. Its user's home and environment can be those of another machine."""

    def __init__(self, folder: Path, environment: Mapping[str, object] | None = None) -> None:
        programs = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("sshd", "ssh", "rsync")]
        if not all(programs) or os.getuid() != 0:
            pytest.skip("needs root, rsync and sshd: sudo apt install rsync openssh-client openssh-server")
        folder.mkdir(mode=0o700)
        self._command = [str(programs[0]), "-D", "-e", "-f", str(folder / "config")]
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        self.key = folder / "user"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        Path("/run/sshd").mkdir(exist_ok=True)
        config = (
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            f"PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n"
            f"MaxStartups 100\n"
        )
        if environment:
            variables = " ".join(f'"{name}={value}"' for name, value in environment.items())
            config += f"SetEnv {variables}\n" + 'ForceCommand cd "$HOME" && eval "$SSH_ORIGINAL_COMMAND"\n'
        (folder / "config").write_text(config)
        self.options = f"-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile={folder}/known -o LogLevel=ERROR"
        self.start()

    def start(self) -> None:
        """Listen; returns when it does."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr
        for line in self._process.stderr:
            if "listening" in line:
                return
        pytest.skip("sshd does not start here")

    def drop_connections(self) -> None:
        """End every connection as a network that fails does; what runs apart from them goes on."""
        for connection in psutil.Process(self._process.pid).children():
            with suppress(psutil.NoSuchProcess):
                connection.kill()

    def stop(self) -> None:
        """Stop listening, and end every connection with what runs in it."""
        if self._process.poll() is None:
            end_all(psutil.Process(self._process.pid))
        self._process.wait()
        self._process.stderr.close()

    @property
    def rsh(self) -> str:
        """The value of RSYNC_RSH with which rsync reaches it."""
        return f"ssh -i {shlex.quote(str(self.key))} -p {self.port} {self.options} -o BatchMode=yes"
