"""Keeps what libraries print off the console: thousands of lines where an export fails."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("joulesweep")


@contextmanager
def in_the_log() -> Iterator[None]:
    """Inside, what this process writes to its standard output and error, from whatever language, goes to the log file."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as printed:
        for number in (1, 2):
            os.dup2(printed.fileno(), number)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, before in zip((1, 2), saved, strict=True):
                os.dup2(before, number)
                os.close(before)
            printed.seek(0)
            if text := printed.read().decode(errors="replace").strip():
                log.debug("%s", text)
