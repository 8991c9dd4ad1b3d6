"""Models of torchvision, by the name that `torchvision.models.get_model` knows: `torchvision:resnet18`."""

import inspect
from collections.abc import Mapping
from typing import Any

from joulesweep.errors import UserError, nearest
from joulesweep.model import source
from joulesweep.sources import base


class Source(base.Source):
    """Builds what torchvision's `get_model` knows."""

    libraries = ("torch", "torchvision")
    preload = ("torchvision",)
    argument_is = "name"
    default_weights = "random"
    count_from = "module"
    random_fills_are_weights = True

    def build(self, spec: Mapping[str, Any]) -> Any:
        """The model as a module in eval mode, its weights not yet filled in.

        Raises:
            UserError: torchvision is missing, or has no model of that name.
        """
        return _model(spec, None)

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same with torchvision's best weights, which it downloads once.

        Raises:
            UserError: torchvision is missing, has no such model or weights, or they cannot be downloaded.
        """
        return base.downloaded("torchvision", spec, lambda: _model(spec, "DEFAULT"))


def _model(spec: Mapping[str, Any], weights: str | None) -> Any:
    models = base.library("torchvision", spec["name"]).models
    name = source.place(spec)
    if name not in models.list_models():
        hint = nearest(name, models.list_models())
        raise UserError(f"models.{spec['name']}.source: torchvision has no model {name!r}{hint}")
    # Segmentation and detection models fetch weights for their backbone unless told not to.
    backbone = "weights_backbone" in inspect.signature(models.get_model_builder(name)).parameters
    return models.get_model(name, weights=weights, **({"weights_backbone": None} if backbone else {})).eval()
