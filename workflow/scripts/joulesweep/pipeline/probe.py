"""Asks the measuring interpreter what it has installed and which meter this device offers: its answer is part of the jobs."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.errors import UserError, shortened
from joulesweep.model.manifest import Manifest
from joulesweep.pipeline.configuration.config import Config

_TIMEOUT_S = 60
_CURE = "name the interpreter of the measuring side, or auto"
# What measuring needs, whatever the configuration.
ALWAYS = ("numpy", "psutil", "threadpoolctl", "tqdm")


def interpreter(config: Config) -> str:
    """The interpreter of the measuring side; on a Jetson, set-up makes an environment for it inside Snakemake's."""
    python = config.values["python"]
    if python != "auto":
        return python
    measuring = Path(sys.prefix) / "measuring" / "bin" / "python"
    return str(measuring) if measuring.exists() else sys.executable


def ask(config: Config, scripts: Path, results: Path) -> dict[str, Any]:
    """The answer: `versions` of what is installed, and the `meter`.

    Raises:
        UserError: the interpreter cannot be started, or it says in one line what is wrong.
    """
    python = interpreter(config)
    job = json.dumps(question(config, [*_known(scripts / "joulesweep"), *_missed(results)]))
    try:
        answer = subprocess.run(
            [python, str(scripts / "probe.py"), "--job", job],
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT_S,
        )
    except OSError as error:
        raise UserError(f"python: {python!r} cannot be started: {error.strerror}; {_CURE}") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"python: {python!r} did not say within {_TIMEOUT_S} s what is installed; run it again"
        ) from error
    except subprocess.CalledProcessError as error:
        raise UserError(shortened(_complaint(python, error))) from error
    try:
        return json.loads(answer.stdout)
    except ValueError as error:
        raise UserError(f"python: {python!r} is no Python: it printed {answer.stdout[:80]!r}; {_CURE}") from error


def _complaint(python: str, error: subprocess.CalledProcessError) -> str:
    """What an interpreter says that has no answer; what is not Joulesweep's own line needs a cure."""
    line = (error.stderr.strip().splitlines() or [f"it ends with status {error.returncode}"])[-1]
    own = line.removeprefix("joulesweep: ")
    return f"python: {python!r}: {own if own != line else f'{line.strip()}; {_CURE}'}"


def question(config: Config, distributions: Sequence[str]) -> dict[str, Any]:
    """The job of the probe: whether these distributions are there, and which meter."""
    values = config.values
    return {
        "device": config.device,
        "distributions": list(distributions),
        "meter": values["meter"],
        "meters": values["meters"],
    }


def _missed(results: Path) -> list[str]:
    """The distributions for want of which models could not be made."""
    names = set()
    for path in results.glob("models/*/manifest-*.json"):
        try:
            names.add(Manifest.read(path).missing)
        except UserError:
            continue  # the export that replaces it says so
    return sorted(names - {""})


def _known(package: Path) -> list[str]:
    """Every distribution that some configuration may use: what a device has does not depend on what it is asked."""
    names = {*ALWAYS}
    for kind in ("formats", "sources", "runtimes", "datasets", "counters"):
        for name in plugins.names(kind, package):
            names.update(plugins.declared(kind, name, "libraries", package))
    return sorted(names)
