"""Models of timm, by the name that `timm.create_model` knows: `timm:mobilenetv4_conv_small`."""

from collections.abc import Mapping
from typing import Any

from joulesweep.errors import UserError, nearest
from joulesweep.model import source
from joulesweep.sources import base


class Source(base.Source):
    """Builds what timm's `create_model` knows."""

    libraries = ("torch", "timm")
    preload = ("timm",)
    argument_is = "name"
    default_weights = "random"
    count_from = "module"
    random_fills_are_weights = True

    def build(self, spec: Mapping[str, Any]) -> Any:
        """The model as a module in eval mode, its weights not yet filled in.

        Raises:
            UserError: timm is missing, or has no model of that name.
        """
        return _model(spec, pretrained=False)

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same with timm's default weights, which it downloads once.

        Raises:
            UserError: timm is missing, has no such model or weights, or they cannot be downloaded.
        """
        return base.downloaded("timm", spec, lambda: _model(spec, pretrained=True))


def _model(spec: Mapping[str, Any], pretrained: bool) -> Any:
    timm = base.library("timm", spec["name"])
    name = source.place(spec)
    if not timm.is_model(name):
        hint = nearest(name, timm.list_models())
        raise UserError(f"models.{spec['name']}.source: timm has no model {name!r}{hint}")
    return timm.create_model(name, pretrained=pretrained).eval()
