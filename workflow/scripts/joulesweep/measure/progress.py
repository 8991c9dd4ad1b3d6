"""Progress for a person: on a terminal a bar, elsewhere a line every ten seconds, with n of m and the time left."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

log = logging.getLogger("joulesweep")

_EVERY_S = 10.0


@contextmanager
def progress(what: str, launches: int) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """Progress over so many launches: what to call with the point that is measured next, and what when it has been."""
    if sys.stderr.isatty() and launches:
        with tqdm(total=launches, desc=what, unit="launch") as bar:
            yield bar.set_postfix_str, bar.update
    else:
        lines = _Lines(what, launches)
        yield lines.begin, lines.done


class _Lines:
    """Progress as lines of the log."""

    def __init__(self, what: str, launches: int) -> None:
        self._what, self._launches, self._done = what, launches, 0
        self._start = self._said = time.monotonic()
        self._point = ""

    def begin(self, point: str) -> None:
        """A launch at this point begins."""
        self._point = point

    def done(self) -> None:
        """It ended."""
        self._done += 1
        now = time.monotonic()
        if now - self._said >= _EVERY_S and self._done < self._launches:
            left = (now - self._start) / self._done * (self._launches - self._done)
            log.info("%s: %d of %d, %.0f s left; %s", self._what, self._done, self._launches, left, self._point)
            self._said = now
