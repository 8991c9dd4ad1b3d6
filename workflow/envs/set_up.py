"""Set up the virtual environment of one kind of device. `make` calls this; it needs Python and nothing else.

    python3 workflow/envs/set_up.py .venv [--device laptop|pi|jetson|no-torch] [--cpu] [--runtimes] [--fleet] [--test] [--check]

The environment counts as ready when the file `ready` lies in it, which is written last and removed first. The files
`with-runtimes` and `with-fleet` say that it has the optional runtimes, and Ansible; these stay when it is completed later.
"""

import argparse
import platform
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(
        f"Joulesweep needs Python 3.11 or newer; {sys.executable} is {platform.python_version()}: "
        "name another, as in make PYTHON=/path/to/python3.11"
    )

import pip_install

DEVICES = ("laptop", "pi", "jetson", "no-torch")
_WITH_TORCH = ("laptop", "pi")
ENVS = Path(__file__).resolve().parent

# Megabytes to download and on the disk afterwards, both sides; tests/test_envs.py compares the first with the index.
SIZES = {
    "laptop": (3230, 6300),
    "laptop-cpu": (410, 1600),
    "laptop-darwin": (300, 1100),
    "pi": (350, 1500),
    "jetson": (250, 1000),
    "no-torch": (175, 800),
}
_FURTHER = {"test": (130, 650), "fleet": (8, 45)}
_RUNTIMES = {"laptop": (340, 1400), "pi": (110, 600), "jetson": (60, 350), "no-torch": (60, 350)}
_STAMPS = {"runtimes": "with-runtimes", "fleet": "with-fleet", "test": "ready-to-test"}
_SYSTEM_PYTHON = "/usr/bin/python3"  # where a Jetson has NVIDIA's torch
_FOR_TORCH_KB = 1_500_000  # of memory; what is sold as 1 GB shows less than that, what is sold as 2 GB more
_MBIT_PER_S, _MB_PER_S = 50, 15  # of the network and the disk that the announced time assumes


def detect(root: Path = Path("/"), machine: str = "", system: str = "") -> str:
    """The kind of this device, by its files, its processor and its memory."""
    machine, system = machine or platform.machine(), system or platform.system()
    board = _text(root / "proc/device-tree/model").strip("\0 \n")
    if (root / "etc/nv_tegra_release").exists() or "Jetson" in board:
        return "jetson"
    if system == "Darwin" and machine != "arm64":
        sys.exit(
            "there are no packages of PyTorch and ONNX Runtime for a Mac with an Intel processor: measure on another "
            "machine (docs/install.md#macos)"
        )
    if machine in ("x86_64", "AMD64") or system == "Darwin":
        return "laptop"
    if machine in ("aarch64", "arm64"):
        if (root / "proc/driver/nvidia/version").exists():
            return "laptop"
        memory = re.search(r"^MemTotal: *(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
        return "no-torch" if memory and int(memory[1]) < _FOR_TORCH_KB else "pi"
    sys.exit(
        f"there are no packages of the runtimes for {board or 'this machine'} ({machine}); a Raspberry Pi from model 3 on "
        "runs the 64-bit Raspberry Pi OS, which has them; to try one nevertheless: make all DEVICE=no-torch"
    )


def _text(path: Path) -> str:
    """What a file of the system holds; empty where it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def main() -> None:
    """Make or complete the environment, and say what is happening."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("venv", type=Path, help="folder of the environment")
    parser.add_argument("--device", default="", help="kind of device; otherwise the environment's, or what is detected")
    parser.add_argument(
        "--cpu", action="store_true", help="take PyTorch's wheels without CUDA, from PyTorch's own index"
    )
    parser.add_argument("--runtimes", action="store_true", help="install the optional runtimes too")
    parser.add_argument("--fleet", action="store_true", help="install Ansible too")
    parser.add_argument("--test", action="store_true", help="install what the tests and linters need too")
    parser.add_argument(
        "--same-python", action="store_true", help="stop where the environment has another Python than this"
    )
    parser.add_argument("--check", action="store_true", help="only compare what is asked for with what is there")
    arguments = parser.parse_args()
    venv: Path = arguments.venv
    device = _device(venv, arguments.device)
    if arguments.test and device not in _WITH_TORCH:
        sys.exit(
            f"the tests need torch beside Snakemake, and {venv} is set up for {device}: run them on a laptop or a Pi"
        )
    if arguments.same_python:
        _compare_python(venv)
    if not arguments.check:
        wanted = {name for name in _STAMPS if getattr(arguments, name) or arguments.test}
        wanted |= {name for name in ("runtimes", "fleet") if (venv / _STAMPS[name]).exists()}
        _set_up(venv, device, arguments.cpu, [name for name in _STAMPS if name in wanted])


def _device(venv: Path, named: str) -> str:
    """The kind of device to set up for."""
    if named and named not in DEVICES:
        sys.exit(f"DEVICE={named}: expected one of {', '.join(DEVICES)}")
    try:
        present = (venv / "device").read_text().strip()
    except OSError:
        return named or detect()
    if named and named != present:
        sys.exit(
            f"{venv} is set up for DEVICE={present}, not {named}: remove it (rm -r {venv}), then the same command again"
        )
    return present


def _compare_python(venv: Path) -> None:
    """Stop where the environment was made from another Python than the one that is asked for, and that runs this."""
    try:
        present = re.search(r"^version\S* *= *(\d+\.\d+)", (venv / "pyvenv.cfg").read_text(), re.MULTILINE)
    except OSError:
        return
    wanted = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if present and present[1] != wanted:
        sys.exit(
            f"{venv} has Python {present[1]}, and PYTHON names {wanted}: remove it (rm -r {venv}), then the same command again"
        )


def _set_up(venv: Path, device: str, cpu: bool, more: list[str]) -> None:
    """Make or complete the environment; `more` names what it holds beside what every one holds: runtimes, fleet, test."""
    new = not _has_pip(venv)
    if new and Path(sys.prefix).resolve() == venv.resolve():
        sys.exit(f"{venv} has no pip that works: remove it (rm -r {venv}), then the same command again")
    if new:
        _check_word_size()
        if device == "jetson":
            _check_system_python()
        _announce(venv, device, cpu, more)
        shutil.rmtree(venv, ignore_errors=True)
    for stamp in ("ready", *_STAMPS.values()):
        (venv / stamp).unlink(missing_ok=True)
    try:
        if new:
            _make_venv(Path(sys.executable), venv)
            _use_own_cache_where_home_is_read_only(venv)
        (venv / "device").write_text(device + "\n")
        _install_all(venv, device, cpu, more)
    except BaseException:  # also Ctrl-C: an environment that was begun is not left behind
        if new:
            shutil.rmtree(venv, ignore_errors=True)
        raise
    for stamp in ("ready", *(_STAMPS[name] for name in more)):
        (venv / stamp).touch()


def _check_word_size() -> None:
    if struct.calcsize("P") < 8:
        sys.exit(
            f"{sys.executable} is a 32-bit program, for which the runtimes have no packages: install a 64-bit system"
        )


def _announce(venv: Path, device: str, cpu: bool, more: list[str]) -> None:
    """Say how much is to come, and check that the disk has room for it."""
    download, installed = SIZES.get(f"{device}-cpu" if cpu else f"{device}-{platform.system().lower()}", SIZES[device])
    for name in more:
        further = _RUNTIMES[device] if name == "runtimes" else _FURTHER[name]
        download, installed = download + further[0], installed + further[1]
    needed, free = installed + 2 * download, shutil.disk_usage(Path.cwd()).free // 10**6
    if free < needed:
        sys.exit(
            f"the set-up for {device} needs {needed / 1000:.1f} GB on the disk while it runs, and {Path.cwd()} has "
            f"{free / 1000:.1f} GB: make room{_smaller(device, cpu)}"
        )
    minutes = download * 8 / _MBIT_PER_S / 60 + installed / _MB_PER_S / 60
    print(
        f"Setting up {venv} for DEVICE={device}: {download} MB to download, {installed} MB on the disk, "
        f"about {max(1, round(minutes))} min at {_MBIT_PER_S} Mbit/s",
        flush=True,
    )


def _smaller(device: str, cpu: bool) -> str:
    return ", or take the small wheels without CUDA: make all TORCH=cpu" if device == "laptop" and not cpu else ""


def _has_pip(venv: Path) -> bool:
    """Whether there is an environment in which pip runs."""
    try:
        return not subprocess.run([venv / "bin" / "python", "-m", "pip", "--version"], capture_output=True).returncode
    except OSError:
        return False


def _make_venv(python: Path, venv: Path, *options: str) -> None:
    made = subprocess.run([python, "-m", "venv", *options, venv], capture_output=True, text=True)
    if made.returncode:
        words = (made.stdout + made.stderr).strip()
        if words and "ensurepip" not in words and "No module named" not in words:
            sys.exit(f"{python} cannot make the environment {venv}: {words.splitlines()[-1]}")
        sys.exit(
            f"{python} cannot make a virtual environment; Debian, Ubuntu, Raspberry Pi OS, JetPack: "
            f"sudo apt install python3-venv, or python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )


def _use_own_cache_where_home_is_read_only(venv: Path) -> None:
    """Snakemake and matplotlib cache in the home, and stop where they cannot: `activate` names a folder here then."""
    with (venv / "bin" / "activate").open("a") as file:
        file.write(
            "\n# Joulesweep: caches lie in the environment where the home cannot be written to.\n"
            'if ! { mkdir -p "${XDG_CACHE_HOME:-$HOME/.cache}" && [ -w "${XDG_CACHE_HOME:-$HOME/.cache}" ]; } 2>/dev/null; then\n'
            '    export XDG_CACHE_HOME="$VIRTUAL_ENV/cache" MPLCONFIGDIR="$VIRTUAL_ENV/cache/matplotlib"\nfi\n'
        )


def _install_all(venv: Path, device: str, cpu: bool, more: list[str]) -> None:
    """Install both sides; a Jetson's measuring side into an environment of the system's Python, which has NVIDIA's torch."""
    python = venv / "bin" / "python"
    if device in _WITH_TORCH:
        more = ["runtimes-torch" if name == "runtimes" else name for name in more]
    index = ["--extra-index-url", "https://download.pytorch.org/whl/cpu"] if cpu else []
    analysis = ["analysis", *(name for name in more if name == "fleet")]
    measuring = [device, *(name for name in more if name != "fleet")]
    names = analysis if device == "jetson" else analysis + measuring
    constraints = "common" if device == "jetson" else device
    _install(python, names, constraints, index)
    if device == "jetson":
        side = venv / "measuring"
        if not _has_pip(side):
            _make_venv(Path(_SYSTEM_PYTHON), side, "--system-site-packages", "--clear")
        _install(side / "bin" / "python", measuring, device, [])
        _say_whether_torch(side / "bin" / "python")


def _check_system_python() -> None:
    """Measuring needs Python 3.10, which JetPack has from version 6 on."""
    version = "import sys; print('%d.%d' % sys.version_info[:2], sys.version_info >= (3, 10))"
    try:
        answer = subprocess.run([_SYSTEM_PYTHON, "-c", version], capture_output=True, text=True).stdout.split()
    except OSError:
        answer = []
    if answer[1:] != ["True"]:
        sys.exit(
            f"DEVICE=jetson measures with {_SYSTEM_PYTHON}, which must be Python 3.10 or newer, as from JetPack 6 on; "
            f"here it is {answer[0] if answer else 'missing'}: take DEVICE=pi, which computes without the GPU "
            "(docs/install.md#jetpack-5), or update JetPack"
        )


def _say_whether_torch(python: Path) -> None:
    lookup = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
    if subprocess.run([python, "-c", lookup]).returncode:
        print(
            f"{_SYSTEM_PYTHON} has no torch: only ONNX files are measured, on the CPU, until it is installed; "
            "docs/install.md#jetson names the one for each JetPack"
        )


def _install(python: Path, names: list[str], constraints: str, index: list[str]) -> None:
    arguments = [*index, "-c", str(ENVS / "constraints" / f"{constraints}.txt")]
    for name in names:
        arguments += ["-r", str(ENVS / f"{name}.txt")]
    pip_install.run(python, arguments)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("the set-up was interrupted; the same command starts it again")
