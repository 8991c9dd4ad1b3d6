"""Where a report comes from: the commit of the code, the date and the versions of what was measured."""

import subprocess
from datetime import datetime, timezone
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
    """When the newest row was measured, as `2026-11-20 10:00 UTC`; `never` where there is none."""
    times = [_time(cell) for frame in _measured(merged) for cell in frame["measured_at"]]
    latest = max((time for time in times if time), default=None)
    return f"{latest:%Y-%m-%d %H:%M} UTC" if latest else "never"


def _time(cell: str) -> datetime | None:
    """The time of a cell in ISO 8601; None where it holds none."""
    try:
        time = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)


def versions(merged: Merged) -> list[str]:
    """One line per device, runtime and set of library versions of its rows."""
    rows = pd.concat([frame[["device", "runtime", "versions"]] for frame in _measured(merged)])
    rows = rows[rows["versions"] != ""].drop_duplicates().sort_values(["device", "runtime", "versions"])
    return [f"{runtime} on {device}: {found}" for device, runtime, found in rows.itertuples(index=False)]


def _measured(merged: Merged) -> list[pd.DataFrame]:
    return [merged.latency, merged.energy, merged.accuracy]
