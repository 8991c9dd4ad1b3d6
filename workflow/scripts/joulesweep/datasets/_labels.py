"""Labels as the user's files have them, made into what metrics compare outputs with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from joulesweep.errors import UserError, nearest

Labels = tuple[np.ndarray, tuple[str, ...]]  # [examples], and the names of the classes where labels are names


def of_cells(cells: Sequence[str], classes: str | None, where: str) -> Labels:
    """Labels of a table: names if there is a file of `classes`, else whole numbers, else real numbers, else names.

    Raises:
        UserError: a name is not in the file.
    """
    if classes is None:
        for type_ in (np.int64, np.float64):
            try:
                numbers = np.array([type_(cell) for cell in cells])
            except (ValueError, OverflowError):
                continue
            if np.isfinite(numbers).all():
                return numbers, ()
    return of_names(cells, classes, where)


def of_names(names: Sequence[str], classes: str | None, where: str) -> Labels:
    """The place of each name among the classes: the lines of the file `classes`, or the names themselves, sorted.

    Raises:
        UserError: a name is not in the file.
    """
    known = lines(classes) if classes else tuple(sorted(set(names)))
    places = {name: place for place, name in enumerate(known)}
    for name in names:
        if name not in places:
            raise UserError(f"data: {where}: the class {name!r} is not in {classes}{nearest(name, known)}")
    return np.array([places[name] for name in names], np.int64), known


def lines(file: str) -> tuple[str, ...]:
    """The lines of a text file that are not empty, each once.

    Raises:
        UserError: it is no text in UTF-8, is empty, or has a line twice.
    """
    try:
        written = [line.strip() for line in Path(file).read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"data: {file} cannot be read as text in UTF-8: {error}") from error
    names = [line for line in written if line]
    if not names:
        raise UserError(f"data: {file} is empty; expected one name per line")
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise UserError(f"data: {file}: {twice[0]!r} is there twice; expected every name once")
    return tuple(names)
