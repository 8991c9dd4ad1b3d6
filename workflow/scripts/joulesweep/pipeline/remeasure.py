"""Has a model measured anew on this device. Nothing of another device is touched."""

from pathlib import Path

from joulesweep.errors import UserError, nearest
from joulesweep.launches.journal import Journal
from joulesweep.pipeline.configuration.config import Config
from joulesweep.system.working_folder import directory_option

STAGES = ("latency", "energy", "time_shares")


def supersede(config: Config, results: Path, model: str, runtime: str | None = None) -> None:
    """Supersede a model's launches on this device, or those of one runtime, and remove the tables made of them.

    Raises:
        UserError: the model or runtime is not configured, or was not measured on this device.
    """
    if model not in config.models:
        raise UserError(
            f"remeasure: the configuration has no model {model!r}{nearest(model, config.models)}; "
            f"it has {', '.join(config.models)}"
        )
    runtimes = config.models[model]["runtimes"]
    if runtime is not None and runtime not in runtimes:
        raise UserError(
            f"remeasure: {model} has no runtime {runtime!r}{nearest(runtime, runtimes)}; it has {', '.join(runtimes)}"
        )
    folder = results / "devices" / config.device
    journals = [path for stage in STAGES if (path := folder / stage / f"{model}.jsonl").is_file()]
    if not journals:
        raise UserError(
            f"remeasure: {model} was not measured on {config.device} yet: make all{directory_option()} measures it"
        )
    for path in journals:
        Journal(path).supersede(runtime)
        path.with_suffix(".csv").unlink(missing_ok=True)
