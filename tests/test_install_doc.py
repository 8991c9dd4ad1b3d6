"""docs/install.md: every command is one that exists, and its sizes are those that set-up announces."""

import re
import subprocess

import pytest
import set_up

from tests.digits_model import ROOT

TEXT = (ROOT / "docs" / "install.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
# What cannot be run here: it installs into the system, or on another one.
_SYSTEM = re.compile(
    r"sudo (apt install( [a-z0-9.+-]+)+|pip3 install( --break-system-packages)? -U jetson-stats|systemctl restart jtop\.service)"
)
_UV = {"curl -LsSf https://astral.sh/uv/install.sh | sh", ". ~/.local/bin/env"}
_ELSEWHERE = {"xcode-select --install", "brew install python@3.13", "rm -r .venv", *_UV}
_ACTIVE = {
    ". .venv/bin/activate",
    "python -m pip install timm",
    "python -m pip install ncnn ai-edge-litert",
    "python -c \"import torch; print(torch.ones(2, device='cuda') * 2)\"",
}


def test_the_page_names_a_command_for_every_kind_of_device():
    assert len(COMMANDS) > 15
    assert {"make all", "make all DEVICE=no-torch", "make all TORCH=cpu", "make doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("command", sorted({command for command in COMMANDS if command.startswith("make ")}))
def test_what_make_is_asked_for_it_can_do(command, tmp_path):
    """A dry run: the target exists, the kind of device is one of those that there are, and every file that it runs is there."""
    answer = subprocess.run([*command.split(), "-n"], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    for device in re.findall(r"DEVICE=(\S+)", command):
        assert device in set_up.DEVICES
    for script in re.findall(r"workflow/\S+\.py", answer.stdout):
        assert (ROOT / script).exists()


def test_every_other_command_is_known():
    others = {command for command in COMMANDS if not command.startswith("make ")}
    assert {command for command in others if not _SYSTEM.fullmatch(command)} == _ELSEWHERE | _ACTIVE


def test_the_sizes_are_those_that_are_announced():
    rows = re.findall(r"^\| `([a-z-]+)`(.*?) \|.*\| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE)
    suffix = {"": "", ", with `TORCH=cpu`": "-cpu", ", on macOS": "-darwin"}
    assert {f"{name}{suffix[more]}": (int(load), int(disk)) for name, more, load, disk in rows} == set_up.SIZES


def test_every_kind_of_device_has_its_files():
    for device in set_up.DEVICES:
        assert (set_up.ENVS / f"{device}.txt").exists()
        assert (set_up.ENVS / "constraints" / f"{device}.txt").exists()
