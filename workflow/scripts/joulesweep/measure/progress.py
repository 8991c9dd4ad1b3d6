"""Progress for a person: a bar a sweep, with the point in work, its running interval and the time left; on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress(what: str, launches: int) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """A bar over so many launches: what to call with the point that is measured next, and what when it has been."""
    with tqdm(total=launches, desc=what, unit="launch", disable=not sys.stderr.isatty() or not launches) as bar:
        yield bar.set_postfix_str, bar.update
