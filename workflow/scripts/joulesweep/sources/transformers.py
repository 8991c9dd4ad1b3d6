"""Models of transformers: `transformers:CLASS` or `transformers:FOLDER`, or `transformers:OWNER/NAME` of the model hub.

A class, such as `BertForMaskedLM`, is built from its default configuration and needs no download. A local folder holds a
config.json, and weights where `pretrained` is asked for. What a hub knows is fetched by the library, once.

A model that keeps keys and values from one pass to the next is told not to: every pass here is a whole one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError, nearest, one_line
from joulesweep.model import source
from joulesweep.sources import base


class Source(base.Source):
    """Builds a class or a described folder of transformers."""

    libraries = ("torch", "transformers")
    preload = ("transformers",)
    argument_is = "folder"
    default_weights = "random"
    count_from = "module"
    random_fills_are_weights = True

    def build(self, spec: Mapping[str, Any]) -> Any:
        """The model as a module in eval mode, its weights not yet filled in.

        Raises:
            UserError: transformers is missing, has no such class, or the folder or hub has no configuration.
        """
        architecture, configuration = _described(spec)
        return architecture(configuration).eval()

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same with the weights of the folder, or of the hub, in single precision as `build` makes them.

        Raises:
            UserError: the source is a class, or there are no weights, or no network.
        """
        where = source.place(spec)
        architecture, configuration = _described(spec)
        if not _is_named(where):
            raise UserError(
                f"models.{spec['name']}.weights: the class {where} has no weights of its own; "
                "name a folder or OWNER/NAME as the source, or use random or a file"
            )
        return base.downloaded(
            "transformers",
            spec,
            lambda: architecture.from_pretrained(where, config=configuration, dtype="float32").eval(),
        )


def _described(spec: Mapping[str, Any]) -> tuple[Any, Any]:
    """The class to build and its configuration."""
    transformers = base.library("transformers", spec["name"])
    where = source.place(spec)
    if _is_named(where):
        configuration = _configuration(transformers, spec, where)
        name = (configuration.architectures or ["(none)"])[0]
    else:
        name = where
    architecture: Any = getattr(transformers, name, None)
    if getattr(architecture, "config_class", None) is None:
        models = [known for known in dir(transformers) if "Model" in known or "For" in known]
        raise UserError(
            f"models.{spec['name']}.source: transformers has no model class {name!r}{nearest(name, models)}"
        )
    if not _is_named(where):
        configuration = architecture.config_class()
    configuration.use_cache = False
    return architecture, configuration


def _configuration(transformers: Any, spec: Mapping[str, Any], where: str) -> Any:
    try:
        return transformers.AutoConfig.from_pretrained(where)
    except Exception as error:  # as many kinds as ways to fail
        raise UserError(
            f"models.{spec['name']}.source: {where} has no configuration here ({one_line(error, 150)})"
        ) from error


def _is_named(where: str) -> bool:
    """Whether a folder or a model of the hub is meant, not a class."""
    return "/" in where or Path(where).is_dir()
