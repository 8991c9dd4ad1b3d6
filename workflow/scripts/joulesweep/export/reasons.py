"""Why something could not be made, in one line."""

import re

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def reason(error: BaseException) -> str:
    """An exception's first cause in one line of bounded length; a missing library with the command that installs it."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, ImportError):
        return f"{error.name or error} is missing; pip install -r workflow/envs/laptop.txt"
    return f"{type(error).__name__}: {' '.join(_COLOUR.sub('', str(error)).split())}"[:300]
