"""The setting `choose`: a device that can be named, and limits that some run of this configuration can judge."""

from collections.abc import Iterator, Mapping
from typing import Any

from joulesweep import plugins
from joulesweep.pipeline.configuration.config_schema import listed
from joulesweep.pipeline.configuration.hypothesis_specs import check_device


def check(choose: Mapping[str, Any]) -> None:
    """Check that the device is a name.

    Raises:
        UserError: it is `auto`.
    """
    check_device("choose", choose.get("device", ""))


def warnings(choose: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]], meter: str) -> Iterator[str]:
    """One line per limit that no variant can be judged by, whatever is measured."""
    metrics = list(dict.fromkeys(spec["metric"] for spec in models.values() if spec["metric"]))
    if "min_accuracy" in choose and not metrics:
        yield "choose.min_accuracy: no accuracy is measured, because no model has 'data'"
    elif "min_accuracy" in choose and not any(
        plugins.declared("metrics", name, "higher_is_better") for name in metrics
    ):
        words = listed(plugins.declared("metrics", name, "words") for name in metrics)
        yield f"choose.min_accuracy: less {words} is better, so a least value judges no variant; leave min_accuracy out"
    if "max_energy_mJ" in choose and meter == "none":
        yield "choose.max_energy_mJ: energy is not measured, because of 'meter: none'"
