"""Where files come from and go to: only plain files below folders, written under other names and renamed together."""

import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulesweep.errors import UserError, shortened


@dataclass(frozen=True)
class File:
    """A file to write: its content, or the file to copy, which may be larger than memory; and what is appended instead."""

    target: Path
    content: bytes | Path = b""
    appended: bytes = b""


def folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted; hidden ones are passed over, and none is where it is not there."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def files(folder: Path) -> list[Path]:
    """All files below a folder, sorted; hidden ones, as a copying program leaves them, are passed over."""
    paths = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in paths if not path.name.startswith("."))


def content(place: Path) -> bytes | None:
    """What is in a place; nothing of what is no file, which `check_target` refuses."""
    return place.read_bytes() if place.is_file() and not place.is_symlink() else None


def check_plain(root: Path, folder: Path) -> None:
    """Check that all below a folder is a file or a folder; no link is followed, and messages name paths from `root`.

    Raises:
        UserError: the first thing that is neither, or whose name cannot be printed.
    """
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        mode = entry.stat(follow_symlinks=False).st_mode
        name = shortened(repr(str(Path(entry.path).relative_to(root))), 120)
        if not entry.name.isprintable():
            raise UserError(f"refused: {name} has a name that cannot be printed; rename it there")
        if stat.S_ISDIR(mode):
            check_plain(root, Path(entry.path))
        elif not stat.S_ISREG(mode):
            raise UserError(f"refused: {name} is neither a file nor a folder; only those come in")


def check_target(results: Path, target: Path) -> None:
    """Check that the way from `results` to a file leads through folders, and to a file or to nothing.

    Raises:
        UserError: something else is in the way, such as a link.
    """
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


def write(changes: Sequence[File]) -> None:
    """Write all under other names, then rename them: a disk that is full changes nothing.

    Journals come last, so that after an interruption they still say which copy is newer.

    Raises:
        UserError: a file cannot be written; nothing that was there before has changed then, unless a rename failed.
    """
    written: list[tuple[Path, Path]] = []
    target = Path()
    try:
        for file in sorted(changes, key=lambda file: file.target.suffix == ".jsonl"):
            target = file.target
            if not file.appended:
                target.parent.mkdir(parents=True, exist_ok=True)
                written.append((target.with_name(f".{target.name}.{os.getpid()}"), target))
                _fill(written[-1][0], file.content)
        for temporary, target in written:
            temporary.replace(target)
        for file in changes:
            if file.appended:
                target = file.target
                with target.open("ab") as journal:
                    journal.write(file.appended)
    except OSError as error:
        raise UserError(f"{shortened(str(target), 150)}: cannot be written: {error.strerror}") from error
    finally:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)


def _fill(place: Path, content: bytes | Path) -> None:
    if isinstance(content, bytes):
        place.write_bytes(content)
    else:
        shutil.copyfile(content, place)
