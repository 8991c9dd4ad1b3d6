"""The accuracy of one model in each of its runtimes, on the test part of its labelled data."""

import logging
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.errors import Unsupported, one_line
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.measure.device.threads import number
from joulesweep.measure.lock import device_lock
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest

log = logging.getLogger("joulesweep")

_BATCH = 50
_Z_975 = 1.959964  # the normal distribution's, two-sided 95 %


def evaluate(job: Mapping[str, Any], manifest_path: Path, out: Path) -> None:
    """Write the table of accuracy, one row for each runtime; a runtime that fails gets a row that says why.

    Raises:
        UserError: there is no manifest, or the library that brings the data is missing.
    """
    manifest = Manifest.read(manifest_path)
    spec = job["model"]
    examples = plugins.load("datasets", spec["data"])().load()
    threads = number(job["threads"])
    rows = []
    with device_lock(job["device"]):
        for runtime in spec["runtimes"]:
            row = {
                "device": job["device"],
                "model": manifest.model,
                "runtime": runtime,
                "dataset": spec["data"],
                "metric": "top-1 accuracy",
                "model_digest": manifest.model_digest,
                "input_digest": manifest.input_digest,
                "code_digest": job["code_digest"][runtime],
                "versions": columns.listed(job["versions"][runtime]),
            }
            try:
                row |= _of_runtime(runtime, manifest, examples.test_inputs, examples.test_labels, threads)
                log.info("evaluate %s@%s: %.1f %%", manifest.model, runtime, 100 * float(row["value"]))
            except Exception as error:
                status = "unsupported" if isinstance(error, Unsupported) else "error"
                row |= {"status": status, "message": one_line(error)}
                log.info("evaluate %s@%s: %s", manifest.model, runtime, row["message"])
            rows.append(row | {"measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds")})
    write_table(out, columns.ACCURACY, rows)


def _of_runtime(name: str, manifest: Manifest, images: np.ndarray, labels: np.ndarray, threads: int) -> dict[str, Any]:
    """Columns of one runtime: the share of examples whose largest output is their label's, with its interval."""
    runtime = plugins.load("runtimes", name)()
    base = inputs.base_point(manifest.spec)
    takes = {name: list(shape[1:]) for name, shape in inputs.shapes(manifest.spec, base).items()}
    if list(takes.values()) != [list(images.shape[1:])]:
        raise Unsupported(f"the model takes inputs of shape {takes}, the examples have {list(images.shape[1:])}")
    (name_of_input,) = takes
    artefact = manifest.artefact(runtime.format, base)
    forward = runtime.load(artefact, threads)
    right = 0
    for start in range(0, len(labels), _BATCH):
        batch = images[start : start + _BATCH]
        scores = runtime.arrays(forward(runtime.prepare({name_of_input: batch})))[0]
        if not np.isfinite(scores).all():
            raise ArithmeticError("an output is not finite")
        right += int((scores.argmax(axis=1) == labels[start : start + _BATCH]).sum())
    low, high = wilson(right, len(labels))
    return {
        "status": "ok",
        "message": "",
        "value": right / len(labels),
        "ci_low": low,
        "ci_high": high,
        "examples": len(labels),
        "artefact_digest": artefact.digest,
    }


def wilson(right: int, examples: int) -> tuple[float, float]:
    """Ends of the 95 % interval of a share (Wilson, Probable Inference, 1927), which stays within 0 and 1."""
    share, z2 = right / examples, _Z_975**2
    centre = (share + z2 / (2 * examples)) / (1 + z2 / examples)
    half = _Z_975 / (1 + z2 / examples) * math.sqrt(share * (1 - share) / examples + z2 / (4 * examples**2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding aside, these hold
