"""A module that `torch.jit.save` wrote: `torchscript:FILE.pt`. It brings its code and its weights.

It cannot be exported, so it runs in eager mode only. Its code is TorchScript, which is no Python but may read and write
files: a file is to be trusted like code.
"""

import warnings
from collections.abc import Mapping
from typing import Any

from joulesweep.errors import UserError, one_line
from joulesweep.sources import base


class Source(base.Source):
    """Loads a program that `torch.jit` saved."""

    libraries = ("torch",)
    preload = ("torch",)
    argument_is = "file"
    default_weights = "pretrained"
    count_from = "module"
    random_fills_are_weights = False

    def build(self, spec: Mapping[str, Any]) -> Any:
        """The script module in eval mode.

        Raises:
            UserError: torch or the file is missing, or the file holds no script module.
        """
        torch = base.library("torch", spec["name"])
        file = base.file(spec)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it is deprecated concerns who writes such files
                return torch.jit.load(str(file), map_location=torch.get_default_device().type).eval()
        except RuntimeError as error:
            raise UserError(
                f"models.{spec['name']}.source: {file} holds no script module ({one_line(error, 150)})"
            ) from error

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same: the file's own weights are kept."""
        return self.build(spec)
