"""A program that `torch.export.save` wrote: `pt2:FILE.pt2`. It brings its graph and its weights.

Its parameters keep their names; its graph is one module, so that parts by module are those of parameters alone. It runs at
the batches and sizes that it was exported for.

An archive with pickled entries is refused. The graph itself is read by torch, which evaluates expressions in it: a file is
to be trusted like code.
"""

import inspect
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
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
            if entry := _pickled(file):
                raise UserError(
                    f"models.{spec['name']}.source: {file}: its entry {entry} is pickled, which may run code when it is "
                    "loaded; save the program with tensors only"
                )
            with torch.device("cpu"), _tensors_only(torch):
                module = torch.export.load(str(file)).module()
        except UserError:
            raise
        except Exception as error:  # a file that is something else fails in many ways
            raise UserError(
                f"models.{spec['name']}.source: {file} holds no exported program ({one_line(error, 150)})"
            ) from error
        module.__signature__ = _signature(module)
        return module.to("meta") if torch.get_default_device().type == "meta" else module

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same: the file's own weights are kept."""
        return self.build(spec)


def _pickled(file: Path) -> str:
    """The entry of an archive that is kept as a pickle; empty where there is none."""
    if not zipfile.is_zipfile(file):
        return ""
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            folder, _, leaf = name.rpartition("/")
            if folder.endswith("data/constants") and leaf.startswith(("custom_obj", "opaque_obj")):
                return leaf
            if folder.endswith(("data/weights", "data/constants")) and leaf.endswith(".json"):
                entries = json.loads(archive.read(name)).get("config", {})
                pickled = [entry for entry, about in entries.items() if about.get("use_pickle")]
                if pickled:
                    return pickled[0]
    return ""


@contextmanager
def _tensors_only(torch: Any) -> Iterator[None]:
    """Inside, `torch.load` reads tensors only: the reader of such archives would fall back to pickles that run code."""
    load = torch.load
    torch.load = lambda *arguments, **options: load(*arguments, **{**options, "weights_only": True})
    try:
        yield
    finally:
        torch.load = load


def _signature(module: Any) -> inspect.Signature:
    """How the program was called when it was exported: it insists on the same inputs by position and by keyword."""
    names = list(inspect.signature(module.forward).parameters)
    positional = module._in_spec.child(0).num_children
    kinds = [inspect.Parameter.POSITIONAL_OR_KEYWORD if place < positional else inspect.Parameter.KEYWORD_ONLY
             for place in range(len(names))]  # fmt: skip
    return inspect.Signature([inspect.Parameter(name, kind) for name, kind in zip(names, kinds, strict=True)])
