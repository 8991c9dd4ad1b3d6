"""Where a report comes from: the commit of the code, the date and the versions of what was measured."""

import subprocess
from pathlib import Path

import pandas as pd

from joulesweep.merged.load import Merged


def commit() -> str:
    """Commit of Joulesweep, marked where files differ from it; `unknown` without git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def newest(merged: Merged) -> str:
    """When the newest row was measured, UTC; `never` where there is none."""
    times = [time for frame in _measured(merged) for time in frame["measured_at"] if time]
    return max(times, default="never")


def versions(merged: Merged) -> list[str]:
    """One line for each device, runtime and set of library versions that its rows were made with."""
    rows = pd.concat([frame[["device", "runtime", "versions"]] for frame in _measured(merged)])
    rows = rows[rows["versions"] != ""].drop_duplicates().sort_values(["device", "runtime", "versions"])
    return [f"{runtime} on {device}: {found}" for device, runtime, found in rows.itertuples(index=False)]


def _measured(merged: Merged) -> list[pd.DataFrame]:
    return [merged.latency, merged.energy, merged.accuracy]
