"""Whether each device of a cluster is one node, and that node is up: asked before the first job.

Slurm refuses a job with an unknown feature without naming the device, and says nothing of a job that waits for a node that is down.
"""

import re
import subprocess
from collections.abc import Mapping
from typing import Any

from joulesweep.errors import UserError, shortened

_COMMAND = ("sinfo", "--noheader", "--Node", "--format=%N|%f|%t|%E")  # name, features, state in short, why it is not up
_PATIENCE_S = 60
_PLAIN = re.compile(r"[\w.-]+")  # one feature; others are expressions that only Slurm understands
_OUT = re.compile(r"down|drain|drng|fail|maint|unk|inval|.*\*")  # an asterisk: the node does not respond


def ask() -> str:
    """The nodes of the cluster, a line per node and partition.

    Raises:
        UserError: Slurm does not answer here.
    """
    try:
        done = subprocess.run(_COMMAND, capture_output=True, text=True, timeout=_PATIENCE_S, check=True)
    except FileNotFoundError:
        raise UserError("sinfo is missing: start this on a machine from which jobs are submitted to Slurm") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"sinfo did not answer within {_PATIENCE_S} s; is slurmctld running?") from None
    except subprocess.CalledProcessError as error:
        line = (error.stderr.strip().splitlines() or [f"status {error.returncode}"])[-1]
        raise UserError(shortened(f"Slurm does not answer: {line}")) from None
    return done.stdout


def warnings(devices: Mapping[str, Mapping[str, Any]], listing: str) -> list[str]:
    """A line for each device whose node is not up; `listing` is the answer of `ask`.

    Raises:
        UserError: a device is no node, or several.
    """
    nodes = {line.partition("|")[0]: line.split("|", 3)[1:] for line in listing.splitlines() if line.count("|") >= 3}
    features = {name: features.split(",") for name, (features, _, _) in nodes.items()}
    lines = []
    for device, own in devices.items():
        constraint = own["constraint"]
        if not _PLAIN.fullmatch(constraint):
            continue
        named = [node for node in features if constraint in features[node]]
        if not named:
            known = sorted({feature for names in features.values() for feature in names} - {"(null)"})
            raise UserError(
                shortened(
                    f"devices.{device}: no node has the feature {constraint!r} (constraint); known are {', '.join(known) or 'none'}"
                )
            )
        if len(named) > 1:
            raise UserError(
                shortened(
                    f"devices.{device}: {', '.join(named)} all have the feature {constraint!r} (constraint); a device is one "
                    "node, so give it a feature of its own in slurm.conf"
                )
            )
        _, state, why = nodes[named[0]]
        if _OUT.fullmatch(state):
            lines.append(
                f"{device}: its node {named[0]} is {state} ({why}): its job waits for the node until its deadline, and the others are measured"
            )
    return lines
