"""The setting `choose`: a device that can be named, and limits that some run of this configuration can judge."""

from collections.abc import Iterator, Mapping
from typing import Any

from joulesweep.pipeline.configuration.hypothesis_specs import check_device


def check(choose: Mapping[str, Any]) -> None:
    """Check that the device is a name.

    Raises:
        UserError: it is `auto`.
    """
    check_device("choose", choose.get("device", ""))


def warnings(choose: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]], meter: str) -> Iterator[str]:
    """One line per limit that no variant can be judged by, whatever is measured."""
    if "min_accuracy" in choose and not any(spec["data"] for spec in models.values()):
        yield "choose.min_accuracy: no accuracy is measured, because no model has 'data'"
    if "max_energy_mJ" in choose and meter == "none":
        yield "choose.max_energy_mJ: energy is not measured, because of 'meter: none'"
