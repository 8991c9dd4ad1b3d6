"""What may come in from another machine, and what becomes of what is there already.

Everything is checked before anything is written. Only files of the kinds that make pack packs come in. Journals are merged
by line. Of this device's own folder nothing is replaced. Of another device the files of the newer copy stay, as a whole; a
torn table never replaces a whole one. A model's files stay as they are. Whatever differs and does not come in is named.
"""

import csv
import fcntl
import filecmp
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from joulesweep.errors import UserError, shortened
from joulesweep.launches.table_file import CHECK
from joulesweep.pipeline.transfer import age, identity, journals
from joulesweep.pipeline.transfer.archive import ARTEFACTS, PATTERNS
from joulesweep.pipeline.transfer.places import File, check_plain, check_target, content, files, folders, write

log = logging.getLogger("joulesweep")

_LONGEST_LIST = 150  # characters
_UNDECIDED = "neither is newer: to take theirs, delete ours and repeat"
# What the counts of one model may differ in between devices: where they come from.
_PROVENANCE = {"artefact_digest", "code_digest", "versions", CHECK}


class Admission(NamedTuple):
    """What has come in, as a line per device and for the models, and why a device has not, as one line each."""

    lines: list[str]
    refusals: list[str]


class _Changes(NamedTuple):
    """Files to write, and the names of those that differ and stay as they are here, with what keeps them."""

    files: list[File]
    staying: list[str]
    reason: str = ""


def bring_in(fetch: Callable[[Path], object], results: Path, own: str) -> None:
    """Bring in what `fetch` copies into the empty folder that it gets, and print what has come in.

    `own` is the name of this device.

    Raises:
        UserError: as `admit`; or a device was refused, after the others have come in.
    """
    with _staging(results) as staged:
        fetch(staged)
        with _lock(results):
            admitted = admit(staged, results, own)
    for line in admitted.lines:
        print(line)
    for refusal in admitted.refusals[:-1]:
        log.error("joulesweep: %s", refusal)
    if admitted.refusals:
        raise UserError(admitted.refusals[-1])


@contextmanager
def _staging(results: Path) -> Iterator[Path]:
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


@contextmanager
def _lock(results: Path) -> Iterator[None]:
    """Only one process checks and moves in at a time: a fleet brings in many devices at once, which share models."""
    folder = os.open(results.absolute().parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems of a network lock no folder
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def admit(staged: Path, results: Path, own: str) -> Admission:
    """Move in what may come in from a folder like `results`.

    A device of the name of another machine is refused, and the others come in. `own` is the name of this device.

    Raises:
        UserError: there is a link or the like, or a file cannot be written; nothing that was there before has changed then.
    """
    check_plain(staged, staged)
    expected = {path for pattern in (*PATTERNS, ARTEFACTS) for path in staged.glob(pattern) if path.is_file()}
    arriving = folders(staged / "devices")
    present = {own, *(folder.name for folder in [*arriving, *folders(results / "devices")])}
    changed: list[File] = []
    lines, refusals = [], []
    for folder in arriving:
        target = results / "devices" / folder.name
        refusal = identity.refusal(folder, target, own, present)
        if refusal:
            refusals.append(refusal)
            continue
        changes = _device(folder, target, folder.name == own, expected)
        changed += changes.files
        lines.append(f"{folder.name}: {_summary(changes)}")
    models = [_model(folder, results / "models" / folder.name, expected) for folder in folders(staged / "models")]
    changes = _Changes(
        [file for model in models for file in model.files],
        [name for model in models for name in model.staying],
        "of another export there",
    )
    changed += changes.files
    lines += [f"models: {_summary(changes)}"] if changes.files or changes.staying else []
    others = sorted({_shown(path.relative_to(staged)) for path in files(staged) if path not in expected})
    lines += [f"left out, for no report here is made from it: {shortened(', '.join(others), 200)}"] if others else []
    if not changed and not arriving:
        raise UserError("there are no results of any device in it: make all measures on the other machine first")
    for file in changed:
        check_target(results, file.target)
    write(changed)
    return Admission(lines, refusals)


def _shown(path: Path) -> str:
    """How a line names a file that does not come in: what lies elsewhere by its folder only."""
    return path.as_posix() if path.parts[0] in ("devices", "models") else path.parts[0]


def _device(folder: Path, target: Path, is_own: bool, expected: Collection[Path]) -> _Changes:
    """What changes in a device's folder."""
    theirs_at, ours_at = age.moment(folder), age.moment(target)
    is_newer = not is_own and (theirs_at > ours_at or age.continues(folder, target))
    changes: list[File] = []
    staying: list[str] = []
    for path in [path for path in files(folder) if path in expected]:
        name = path.relative_to(folder)
        place = target / name
        theirs, ours = path.read_bytes(), content(place)
        if ours is None:
            changes.append(File(place, theirs))
        elif path.suffix == ".jsonl" and is_own:
            missing = journals.missing_launches(ours, theirs)
            changes += [File(place, appended=missing)] if missing else []
        elif path.suffix == ".jsonl":
            both = journals.merged(ours, theirs)
            changes += [File(place, both)] if both != ours else []
        elif theirs != ours and not is_own and _replaces(name, theirs, ours, is_newer):
            changes.append(File(place, theirs))
        elif theirs != ours:
            staying.append(name.as_posix())
    if is_newer:
        return _Changes(changes, staying, "torn there: run make all there, then repeat")
    if is_own:
        return _Changes(changes, staying, "this is that device")
    return _Changes(changes, staying, "newer here" if ours_at > theirs_at else _UNDECIDED)


def _model(folder: Path, target: Path, expected: Collection[Path]) -> _Changes:
    """Files of a model that is not here; of one that is, the tables that are missing.

    Artefacts of two exports are never mixed: where a manifest is, its files are.
    """
    exported = target.is_dir() and any(target.glob("manifest-*.json"))
    changes: list[File] = []
    staying: list[str] = []
    # The manifest last: it says that the others are there.
    arriving = [path for path in files(folder) if path in expected]
    for path in sorted(arriving, key=lambda path: path.name.startswith("manifest-")):
        place = target / path.relative_to(folder)
        if not os.path.lexists(place) and (path.suffix == ".csv" or not exported):
            changes.append(File(place, path))
        elif not _say_the_same(path, place):
            staying.append(path.relative_to(folder.parent).as_posix())
    return _Changes(changes, staying)


def _say_the_same(theirs: Path, ours: Path) -> bool:
    """Whether two files of a model have the same content; tables may come from other libraries."""
    if ours.is_symlink() or not ours.is_file():
        return False
    if filecmp.cmp(theirs, ours, shallow=False):
        return True
    return theirs.suffix == ".csv" and _figures(theirs.read_bytes()) == _figures(ours.read_bytes())


def _figures(table: bytes) -> object:
    """The header and the rows of a table without their provenance; its content where it is no table."""
    try:
        reader = csv.DictReader(io.StringIO(table.decode(), newline=""), strict=True)
        rows = [{name: value for name, value in row.items() if name not in _PROVENANCE} for row in reader]
    except (UnicodeDecodeError, csv.Error):
        return table
    return reader.fieldnames, rows


def _replaces(name: Path, theirs: bytes, ours: bytes, is_newer: bool) -> bool:
    """Whether another device's file takes the place of ours: a whole table that of a torn one, otherwise the newer one."""
    if _is_whole(name, theirs) != _is_whole(name, ours):
        return _is_whole(name, theirs)
    return is_newer


def _is_whole(name: Path, data: bytes) -> bool:
    """Whether a table ends with its last line; of other files it is not known."""
    return name.suffix != ".csv" or data.endswith(b"\n")


def _summary(changes: _Changes) -> str:
    """How many files are new and how many have changed, and which differ and stay."""
    new = sum(not os.path.lexists(file.target) for file in changes.files)
    counted = f"files: {new} new, {len(changes.files) - new} changed" if changes.files else "nothing is new"
    if not changes.staying:
        return counted
    names = shortened(", ".join(changes.staying), _LONGEST_LIST)
    return f"{counted}; differs and stays as it is here ({changes.reason}): {names}"
