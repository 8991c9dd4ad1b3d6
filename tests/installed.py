"""What is installed here: libraries, found without importing them, since each worker reads every file and runs the tests of some; and
other Pythons.
"""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest


def require(*libraries: str) -> None:
    """Skip all tests of the file that calls this where one of these libraries is missing."""
    for library in libraries:
        if find_spec(library) is None:
            pytest.skip(f"needs {library}", allow_module_level=True)


def pythons(*versions: str) -> list[str]:
    """Interpreters of these versions that start: those on the PATH, and those that pyenv keeps."""
    found = [shutil.which(f"python{version}") for version in versions]
    found += [str(path) for version in versions for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    return [path for path in found if path and not subprocess.run([path, "-c", ""], capture_output=True).returncode]
