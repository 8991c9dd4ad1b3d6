"""What may come in from another machine, and what becomes of what is there already.

Everything is checked before anything is written. Journals are merged by line. Of this device's own folder nothing is
replaced. Of another device the files of the newer copy stay, as a whole. A model's files stay as they are.
"""

import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError, shortened
from joulesweep.pipeline.transfer import journals
from joulesweep.system.machine import machine_id

# What tells machines apart where a copy is too old to hold a machine id.
_IDENTITY = ("machine", "cpu", "architecture")
_MOMENT = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True)
class _File:
    """A file to write: its content, and whether it is appended."""

    target: Path
    content: bytes
    append: bool = False


@contextmanager
def staging(results: Path) -> Iterator[Path]:
    """An empty folder beside the results, which is removed at the end.

    Raises:
        UserError: it cannot be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=".incoming-", dir=results.absolute().parent))
    except OSError as error:
        raise UserError(f"{results.absolute().parent}: cannot be written: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def admit(staged: Path, results: Path, own: str) -> list[str]:
    """Move in what may come in from a folder like `results`; returns a line per device and per group of models.

    `own` is the name of this device.

    Raises:
        UserError: there is a link or the like, two machines have one name, or a file cannot be written; nothing that was
            there before has changed then, except by a disk that is full.
    """
    _check_plain(staged, staged)
    files: list[_File] = []
    lines = []
    for folder in _folders(staged / "devices"):
        target = results / "devices" / folder.name
        _check_case(
            folder.name, {own, *(other.name for place in (results, staged) for other in _folders(place / "devices"))}
        )
        _check_machine(folder, target, folder.name == own)
        arrived = _device(folder, target, folder.name == own)
        files += arrived
        lines.append(f"{folder.name}: {_counted(arrived)}")
    models = [
        file for folder in _folders(staged / "models") for file in _model(folder, results / "models" / folder.name)
    ]
    lines += [f"models: {_counted(models)}"] if models else []
    others = [path.name for path in sorted(staged.iterdir()) if path.name not in ("devices", "models")]
    lines += [f"left out, for it is made here: {shortened(', '.join(others), 200)}"] if others else []
    if not files and not models and not _folders(staged / "devices"):
        raise UserError("there are no results of any device in it: make all measures on the other machine first")
    for file in [*files, *models]:
        _check_target(results, file.target)
    for file in [*files, *models]:
        _write(file)
    return lines


def _check_case(device: str, present: set[str]) -> None:
    for other in sorted(present - {device}):
        if other.casefold() == device.casefold():
            raise UserError(
                f"refused: the devices {device} and {other} differ only in case, so they share a folder on some machines; "
                "give one of them another name: device: in its config.yaml"
            )


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _files(folder: Path) -> list[Path]:
    paths = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in paths if not path.name.startswith("."))


def _check_plain(root: Path, folder: Path) -> None:
    """Refuse whatever is neither a file nor a folder; no link is followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        mode = entry.stat(follow_symlinks=False).st_mode
        name = shortened(repr(str(Path(entry.path).relative_to(root))), 120)
        if not entry.name.isprintable():
            raise UserError(f"refused: {name} has a name that cannot be printed; rename it there")
        if stat.S_ISDIR(mode):
            _check_plain(root, Path(entry.path))
        elif not stat.S_ISREG(mode):
            raise UserError(f"refused: {name} is neither a file nor a folder; only those come in")


def _check_target(results: Path, target: Path) -> None:
    """Refuse a way that leads through a link, or to what is no file."""
    path = results
    for part in target.relative_to(results).parts:
        path /= part
        expected = stat.S_ISREG if path == target else stat.S_ISDIR
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise UserError(f"{shortened(str(path), 150)}: {error.strerror}") from error
        if not expected(mode):
            what = "file" if path == target else "folder"
            raise UserError(
                f"refused: {shortened(str(path), 150)} is in the way: it is no {what}; remove it, then repeat"
            )


def _check_machine(folder: Path, target: Path, is_own: bool) -> None:
    """Refuse results of another machine under the name of one whose results are here."""
    theirs, ours = _description(folder), _description(target)
    if is_own and not ours.get("machine_id"):
        ours["machine_id"] = machine_id()
    keys = ("machine_id",) if theirs.get("machine_id") and ours.get("machine_id") else _IDENTITY
    if any(theirs.get(key) and ours.get(key) and theirs[key] != ours[key] for key in keys):
        raise UserError(
            f"two machines are called {shortened(folder.name, 60)!r}, so nothing was brought in. On one of them set 'device: "
            f"NEW-NAME' in config.yaml, rename its folder results/devices/{shortened(folder.name, 60)} to that, and run make all"
        )


def _description(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / "device.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _device(folder: Path, target: Path, is_own: bool) -> list[_File]:
    """What changes in a device's folder."""
    is_newer = not is_own and _moment(folder) > _moment(target)
    changes = []
    for path in _files(folder):
        place = target / path.relative_to(folder)
        theirs, ours = path.read_bytes(), _content(place)
        if ours is None:
            changes.append(_File(place, theirs))
        elif path.suffix == ".jsonl" and is_own:
            missing = journals.missing_launches(ours, theirs)
            changes += [_File(place, missing, append=True)] if missing else []
        elif path.suffix == ".jsonl":
            both = journals.merged(ours, theirs)
            changes += [_File(place, both)] if both != ours else []
        elif is_newer and theirs != ours:
            changes.append(_File(place, theirs))
    return changes


def _model(folder: Path, target: Path) -> list[_File]:
    """Files of a model that is not here; of one that is, the tables that are missing.

    Artefacts of two exports are never mixed: where a manifest is, its files are.
    """
    exported = target.is_dir() and any(target.glob("manifest-*.json"))
    paths = [path for path in _files(folder) if path.suffix == ".csv" or not exported]
    places = [(path, target / path.relative_to(folder)) for path in paths]
    # The manifest last: it says that the others are there.
    places.sort(key=lambda pair: pair[0].name.startswith("manifest-"))
    return [_File(place, path.read_bytes()) for path, place in places if not os.path.lexists(place)]


def _content(place: Path) -> bytes | None:
    """What is in a place; nothing of what is no file, which `_check_target` refuses."""
    return place.read_bytes() if place.is_file() and not place.is_symlink() else None


def _moment(folder: Path) -> bytes:
    """The latest time that a device's files name, so that the newer of two copies is known without time stamps."""
    if not folder.is_dir() or folder.is_symlink():
        return b""
    return max((moment for path in _files(folder) for moment in _MOMENT.findall(_content(path) or b"")), default=b"")


def _write(file: _File) -> None:
    """Append, or write under another name and rename.

    Raises:
        UserError: the file cannot be written.
    """
    temporary = file.target.with_name(f".{file.target.name}.{os.getpid()}")
    try:
        file.target.parent.mkdir(parents=True, exist_ok=True)
        if file.append:
            with file.target.open("ab") as journal:
                journal.write(file.content)
            return
        try:
            temporary.write_bytes(file.content)
            temporary.replace(file.target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{shortened(str(file.target), 150)}: cannot be written: {error.strerror}") from error


def _counted(files: list[_File]) -> str:
    """How many files are new and how many have changed."""
    new = sum(not os.path.lexists(file.target) for file in files)
    return f"files: {new} new, {len(files) - new} changed" if files else "nothing is new"
