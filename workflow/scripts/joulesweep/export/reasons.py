"""Why something could not be made, in one line."""


def reason(error: BaseException) -> str:
    """An exception in one line of bounded length; a missing library with the command that installs it."""
    if isinstance(error, ImportError):
        return f"{error.name or error} is missing; pip install -r workflow/envs/laptop.txt"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
