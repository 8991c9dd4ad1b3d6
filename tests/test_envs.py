"""The requirement sets: each resolves for its platform, and holds what its kind of device needs and nothing heavy beside.

uv resolves, since pip takes the markers of the machine that it runs on for those of the platform that it is asked for: it
would find x86-64's CUDA libraries on a Raspberry Pi. Nothing is downloaded but metadata.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pip_install
import pytest
import set_up
import tomllib

from tests import boards
from tests.boards import Board
from tests.digits_model import ROOT

ENVS = ROOT / "workflow" / "envs"
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
PI_OS_12, PI_OS_13 = ("aarch64-manylinux_2_36", "3.11"), ("aarch64-manylinux_2_40", "3.13")  # bookworm, trixie
JETPACK_5, JETPACK_6 = "aarch64-manylinux_2_31", "aarch64-manylinux_2_35"
JETPACK_7 = ("aarch64-manylinux_2_39", "3.12")
LAPTOP, MAC = ("x86_64-manylinux_2_35", "3.11"), ("aarch64-apple-darwin", "3.12")
CUDA = re.compile(r"^(nvidia-|cuda-|triton)")


@pytest.fixture(scope="session")
def resolve(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that resolves requirement files for a platform: size in bytes of every distribution, by name."""
    folder = tmp_path_factory.mktemp("resolved")

    @cache
    def resolved(platform: tuple[str, str], constraints: str, *names: str) -> dict[str, int]:
        if UV is None:
            pytest.skip("uv is missing: pip install uv")
        command = [UV, "pip", "compile", "--no-config", "--quiet", "--no-header", "--cache-dir", folder / "cache"]
        command += ["--python-platform", platform[0], "--python-version", platform[1]]
        # connection_pool, pure Python that Snakemake needs, has no wheel.
        command += ["--only-binary", ":all:", "--no-binary", "connection-pool", "--format", "pylock.toml"]
        command += ["-c", ENVS / "constraints" / f"{constraints}.txt", *(ENVS / f"{name}.txt" for name in names)]
        environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}
        answer = subprocess.run(command, capture_output=True, text=True, env=environment)
        if re.search(r"error sending request|dns error|Failed to fetch", answer.stderr):
            pytest.skip("the package index cannot be reached")
        assert answer.returncode == 0, answer.stderr
        packages = tomllib.loads(answer.stdout)["packages"]
        return {package["name"]: min(file.get("size", 0) for file in _files(package)) for package in packages}

    return resolved


def _files(package: dict[str, Any]) -> list[dict[str, Any]]:
    return package.get("wheels") or [package["sdist"]]


@pytest.mark.slow
@pytest.mark.parametrize("platform", [PI_OS_12, PI_OS_13], ids=["bookworm", "trixie"])
def test_a_raspberry_pi_gets_torch_without_cuda(resolve, platform):
    packages = resolve(platform, "pi", "analysis", "pi")
    assert {"torch", "torchvision", "onnxruntime", "onnxscript", "ptflops", "pthflops", "scikit-learn"} <= set(packages)
    assert not list(filter(CUDA.match, packages))


@pytest.mark.slow
def test_the_same_check_sees_the_cuda_libraries_of_the_newest_torch(resolve):
    assert list(filter(CUDA.match, resolve(PI_OS_12, "laptop", "laptop")))


@pytest.mark.slow
@pytest.mark.parametrize("platform", [PI_OS_12, PI_OS_13, LAPTOP], ids=["bookworm", "trixie", "x86"])
def test_without_torch_there_is_nothing_heavy_on_the_measuring_side(resolve, platform):
    packages = resolve(platform, "no-torch", "no-torch")
    assert {"numpy", "psutil", "onnxruntime", "threadpoolctl", "tqdm"} <= set(packages)
    assert not {
        "torch",
        "torchvision",
        "ptflops",
        "scikit-learn",
        "scipy",
        "pandas",
        "safetensors",
        "jetson-stats",
    } & set(packages)
    assert sum(packages.values()) < 65e6
    assert "torch" not in resolve(platform, "no-torch", "analysis", "no-torch")


@pytest.mark.slow
def test_a_jetson_gets_both_sides_for_two_interpreters_and_no_torch_over_nvidias(resolve):
    measuring = resolve((JETPACK_6, "3.10"), "jetson", "jetson")
    assert {"numpy", "onnxruntime", "onnxscript", "scikit-learn"} <= set(measuring)
    assert not {"torch", "jetson-stats", *filter(CUDA.match, measuring)} & set(measuring)
    assert "snakemake" in resolve((JETPACK_6, "3.11"), "common", "analysis")


@pytest.mark.slow
def test_jetpack_7_gets_a_laptops_set_and_jetpack_5_with_an_added_python_a_pis(resolve):
    thor = resolve(JETPACK_7, "laptop", "analysis", "laptop")
    assert {"torch", "torchvision", "onnxruntime", "snakemake", "nvidia-cudnn-cu13"} <= set(thor)
    assert set_up.SIZES["laptop"][0] == pytest.approx(sum(thor.values()) / 1e6, rel=0.15)
    xavier = resolve((JETPACK_5, "3.12"), "pi", "analysis", "pi")
    assert {"torch", "onnxruntime", "snakemake"} <= set(xavier)
    assert not list(filter(CUDA.match, xavier))


@pytest.mark.slow
@pytest.mark.parametrize("platform", [LAPTOP, MAC], ids=["linux", "macos"])
def test_a_laptop_gets_everything(resolve, platform):
    assert {"torch", "onnxruntime", "snakemake", "pthflops"} <= set(resolve(platform, "laptop", "analysis", "laptop"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("platform", "device", "names", "converters"),
    [
        (LAPTOP, "laptop", ("analysis", "laptop", "runtimes-torch"), {"pnnx", "executorch", "litert-torch"}),
        (PI_OS_12, "pi", ("analysis", "pi", "runtimes-torch"), {"pnnx", "executorch"}),
        ((JETPACK_6, "3.10"), "jetson", ("jetson", "runtimes"), set()),
        (PI_OS_12, "no-torch", ("no-torch", "runtimes"), set()),
    ],
    ids=["laptop", "pi", "jetson", "no-torch"],
)
def test_the_optional_runtimes_resolve_beside_what_a_device_has(resolve, platform, device, names, converters):
    packages = resolve(platform, device, *names)
    assert {"openvino", "ncnn", "ai-edge-litert", *converters} <= set(packages)
    assert ("torch" in packages) == (device in ("laptop", "pi"))
    more = (sum(packages.values()) - sum(resolve(platform, device, *names[:-1]).values())) / 1e6
    assert set_up._RUNTIMES[device][0] == pytest.approx(more, rel=0.15)


@pytest.mark.slow
def test_ansible_resolves_beside_the_analysis_side_and_is_as_small_as_announced(resolve):
    packages, without = (
        resolve((JETPACK_6, "3.11"), "common", *names) for names in (("analysis", "fleet"), ("analysis",))
    )
    assert "ansible-core" in packages
    more = (sum(packages.values()) - sum(without.values())) / 1e6
    assert set_up._FURTHER["fleet"][0] == pytest.approx(more, rel=0.15), more


@pytest.mark.slow
def test_the_tests_find_what_they_need_beside_a_laptops_set(resolve):
    packages = resolve(LAPTOP, "laptop", "analysis", "laptop", "test")
    assert {"pytest", "hypothesis", "uv", "timm", "jetson-stats", "snakemake-executor-plugin-slurm"} <= set(packages)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "platform", "constraints", "names"),
    [
        ("laptop", LAPTOP, "laptop", ("analysis", "laptop")),
        ("laptop-darwin", MAC, "laptop", ("analysis", "laptop")),
        ("pi", PI_OS_12, "pi", ("analysis", "pi")),
        ("no-torch", PI_OS_12, "no-torch", ("analysis", "no-torch")),
    ],
)
def test_the_announced_download_is_what_the_index_says(resolve, key, platform, constraints, names):
    megabytes = sum(resolve(platform, constraints, *names).values()) / 1e6
    assert set_up.SIZES[key][0] == pytest.approx(megabytes, rel=0.15)


@pytest.mark.slow
def test_the_announced_download_of_a_jetson_is_that_of_both_environments(resolve):
    sides = resolve((JETPACK_6, "3.10"), "jetson", "jetson"), resolve((JETPACK_6, "3.11"), "common", "analysis")
    assert set_up.SIZES["jetson"][0] == pytest.approx(sum(sum(side.values()) for side in sides) / 1e6, rel=0.15)


R38 = "# R38 (release), REVISION: 2.2, GCID: 42205042, BOARD: generic, EABI: aarch64\n"
R35 = "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64\n"
BOARDS = {
    "Pi 5": (boards.PI_5, "pi"),
    "Pi 4": (boards.PI_4, "pi"),
    "Pi 4 of 1 GB": (Board("Raspberry Pi 4 Model B Rev 1.1", memory_kb=945512), "no-torch"),
    "Pi 4 of 2 GB": (Board("Raspberry Pi 4 Model B Rev 1.2", memory_kb=1892860), "pi"),
    "Pi 3": (Board("Raspberry Pi 3 Model B Plus Rev 1.3", memory_kb=930056), "no-torch"),
    "Zero 2 W": (boards.PI_ZERO_2, "no-torch"),
    "another board": (Board("Radxa ROCK 5B", memory_kb=7900000), "pi"),
    "JetPack 7": (boards.orin(release=R38), "jetson"),
    "JetPack 6": (boards.orin(), "jetson"),
    "JetPack 5": (boards.orin(release=R35), "jetson"),
    "JetPack 4": (boards.NANO, "jetson"),
    "Jetson without its release file": (Board("NVIDIA Jetson Orin Nano Developer Kit"), "jetson"),
    "Tegra without a name": (Board(files=(("etc/nv_tegra_release", boards.R36),)), "jetson"),
    "ARM server": (Board(memory_kb=260000000, files=(("proc/driver/nvidia/version", "580.65"),)), "laptop"),
    "ARM machine that shows no memory": (Board(), "pi"),
}


@pytest.mark.parametrize("name", BOARDS)
def test_the_kind_of_device_is_detected(name, tmp_path):
    board, kind = BOARDS[name]
    assert set_up.detect(board.write(tmp_path), "aarch64", "Linux") == kind


def test_a_pc_and_a_mac_are_laptops_and_a_mac_for_which_there_are_no_packages_is_one_line(tmp_path):
    assert set_up.detect(boards.PC.write(tmp_path), "x86_64", "Linux") == "laptop"
    assert set_up.detect(tmp_path / "none", "arm64", "Darwin") == "laptop"
    with pytest.raises(SystemExit, match=r"^there are no packages .* Intel processor: .*install\.md#macos\)$"):
        set_up.detect(tmp_path / "none", "x86_64", "Darwin")


@pytest.mark.parametrize("machine", ["armv7l", "armv6l", "riscv64", "i686"])
def test_a_processor_without_packages_is_one_line(tmp_path, machine):
    with pytest.raises(SystemExit) as stop:
        set_up.detect(Board("Raspberry Pi Zero W Rev 1.1").write(tmp_path), machine, "Linux")
    assert "64-bit Raspberry Pi OS" in str(stop.value)
    assert "\n" not in str(stop.value)
    assert len(str(stop.value)) <= 300


def test_too_little_space_is_said_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    usage = shutil.disk_usage(tmp_path)._replace(free=3 * 10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SystemExit, match=r"needs 12\.\d GB .* has 3\.0 GB: make room, or .* make all TORCH=cpu"):
        set_up._set_up(Path(".venv"), "laptop", False, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_environment_that_was_begun_is_not_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fail(*_: object) -> None:
        assert (tmp_path / ".venv" / "bin" / "python").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(pip_install, "run", fail)
    with pytest.raises(KeyboardInterrupt):
        set_up._set_up(Path(".venv"), "no-torch", False, [])
    assert not (tmp_path / ".venv").exists()


@pytest.mark.slow
def test_a_jetsons_measuring_side_goes_beside_the_systems_packages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(set_up, "_SYSTEM_PYTHON", sys.executable)
    installed = []
    monkeypatch.setattr(pip_install, "run", lambda *arguments: installed.append(arguments))
    set_up._set_up(Path(".venv"), "jetson", False, ["runtimes", "fleet"])
    (analysis, first), (measuring, second) = installed
    assert (analysis, measuring) == (Path(".venv/bin/python"), Path(".venv/measuring/bin/python"))
    assert [Path(word).name for word in first if word.endswith(".txt")] == ["common.txt", "analysis.txt", "fleet.txt"]
    assert [Path(word).name for word in second if word.endswith(".txt")] == ["jetson.txt", "jetson.txt", "runtimes.txt"]
    assert "include-system-site-packages = true" in Path(".venv/measuring/pyvenv.cfg").read_text()
    assert Path(".venv/ready").exists()


@pytest.mark.parametrize(("script", "version"), [("echo 3.8 False", "3.8"), ("exit 1", "missing")])
def test_a_jetpack_that_is_too_old_is_one_line_before_anything_is_installed(script, version, tmp_path, monkeypatch):
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(set_up, "_SYSTEM_PYTHON", str(python))
    monkeypatch.setattr(set_up, "_make_venv", lambda *_: pytest.fail("it began"))
    with pytest.raises(
        SystemExit, match=rf"Python 3\.10 or newer, .* here it is {version}: take DEVICE=pi, .*install\.md"
    ):
        set_up._set_up(Path(".venv"), "jetson", False, [])


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (
            "Error: [Errno 13] Permission denied: '/opt/x'",
            r"environment /opt/x: Error: .* Permission denied: '/opt/x'$",
        ),
        (
            "because ensurepip is not available. On Debian/Ubuntu",
            r"sudo apt install python3-venv, or python3\.\d+-venv$",
        ),
        ("/usr/bin/python3: No module named venv", "sudo apt install python3-venv"),
    ],
)
def test_an_environment_that_cannot_be_made_is_one_line_with_its_reason(printed, words, tmp_path):
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\necho "{printed}"\nexit 1\n')
    python.chmod(0o755)
    with pytest.raises(SystemExit, match=words) as stop:
        set_up._make_venv(python, Path("/opt/x"))
    assert "\n" not in str(stop.value)


def test_pip_keeps_its_temporary_files_in_the_project_and_its_cache_too_where_the_home_is_read_only(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/proc")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "ERROR: $TMPDIR and $PIP_CACHE_DIR"\nexit 1\n')
    python.chmod(0o755)
    with pytest.raises(SystemExit) as stop:
        pip_install.run(python, [])
    assert f"{tmp_path}/.cache/tmp and {tmp_path}/.cache/pip" in str(stop.value)
    assert not (tmp_path / ".cache" / "tmp").exists()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "Downloading torch-2.14.1-cp311-cp311-manylinux_2_28_x86_64.whl (454.0 MB)",
            "downloading torch 2.14.1, 454 MB",
        ),
        (
            "  Using cached scipy-1.17.1-cp311-cp311-manylinux_2_28_x86_64.whl (35.3 MB)",
            "from the cache: scipy 1.17.1, 35 MB",
        ),
        ("Downloading tqdm-4.70.1-py3-none-any.whl (78 kB)", ""),
        ("Installing collected packages: a, b, c", "installing 3 packages"),
        ("Collecting torch==2.14.1", ""),
    ],
)
def test_what_takes_long_is_shown(line, shown):
    assert pip_install._worth_showing(line.strip()) == shown


def test_a_silent_pip_gives_a_sign_of_life(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pip_install, "_SILENCE_S", 0.0)
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nsleep 1.5\n")
    python.chmod(0o755)
    pip_install.run(python, [])
    assert re.search(r"^  … \d+ s, \d+ MB so far$", capsys.readouterr().out, re.MULTILINE)
