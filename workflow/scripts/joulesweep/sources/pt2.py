"""A program that `torch.export.save` wrote: `pt2:FILE.pt2`. It brings its graph and its weights.

Its parameters keep their names; its graph is one module, so that parts by module are those of parameters alone. It runs at
the batches and sizes that it was exported for.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from joulesweep.errors import UserError, one_line
from joulesweep.sources import base


class Source(base.Source):
    """Loads a program that `torch.export` saved."""

    libraries = ("torch",)
    preload = ("torch",)
    argument_is = "file"
    default_weights = "pretrained"
    count_from = "module"
    random_fills_are_weights = False

    def build(self, spec: Mapping[str, Any]) -> Any:
        """The program as a module; it was exported in the mode in which it runs.

        Raises:
            UserError: torch or the file is missing, or the file holds no exported program.
        """
        torch = base.library("torch", spec["name"])
        file = base.file(spec)
        try:
            with torch.device("cpu"):
                module = torch.export.load(str(file)).module()
        except Exception as error:  # a file that is something else fails in many ways
            raise UserError(
                f"models.{spec['name']}.source: {file} holds no exported program ({one_line(error, 150)})"
            ) from error
        module.__signature__ = _signature(module)
        return module.to("meta") if torch.get_default_device().type == "meta" else module

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same: the file's own weights are kept."""
        return self.build(spec)


def _signature(module: Any) -> inspect.Signature:
    """How the program was called when it was exported: it insists on the same inputs by position and by keyword."""
    names = list(inspect.signature(module.forward).parameters)
    positional = module._in_spec.child(0).num_children
    kinds = [inspect.Parameter.POSITIONAL_OR_KEYWORD if place < positional else inspect.Parameter.KEYWORD_ONLY
             for place in range(len(names))]  # fmt: skip
    return inspect.Signature([inspect.Parameter(name, kind) for name, kind in zip(names, kinds, strict=True)])
