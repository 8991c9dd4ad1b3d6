"""Whether a file's tests can run here, without importing a library: each worker reads every file and runs the tests of some."""

from importlib.util import find_spec

import pytest


def require(*libraries: str) -> None:
    """Skip all tests of the file that calls this where one of these libraries is missing."""
    for library in libraries:
        if find_spec(library) is None:
            pytest.skip(f"needs {library}", allow_module_level=True)
