"""Progress for a person: a bar a stage, shown on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress(what: str, launches: int) -> Iterator[Callable[[str], None]]:
    """A bar over so many launches; call what it gives with the point that has just been measured."""
    with tqdm(total=launches, desc=what, unit="launch", disable=not sys.stderr.isatty() or not launches) as bar:

        def advance(point: str) -> None:
            bar.set_postfix_str(point)
            bar.update()

        yield advance
