"""The user's own weights: read from the files that training scripts write, and fitted to a module.

Scripts wrap the weights in a dictionary beside the epoch and the optimiser's state, and libraries put a prefix before every
name. What fits the module only after such a wrapper or prefix is taken off is used, and the sentence that `read` returns says so.
"""

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from joulesweep.errors import UserError, one_line, shortened
from joulesweep.model.weights import copy_into

_ENTRIES = ("state_dict", "model_state_dict", "model", "net", "network", "module", "weights")
_PREFIXES = {"module", "_orig_mod", "model", "net", "network"}
_WRAPPERS = ((), ("_orig_mod.",), ("module.",), ("_orig_mod.", "module."))  # of parts of a model, inside a name
_AVERAGES = ("ema", "average", "swa")  # parts of the name of an entry or prefix with averaged weights
_DEPTH = 4

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class _Reading:
    """One way to take a module's weights from a file."""

    entry: str
    prefix: str
    tensors: Tensors
    left_out: tuple[str, ...]

    @property
    def rank(self) -> tuple[bool, bool]:
        """Lower is better: the trained weights before their average, usual names before others."""
        words = [word for word in (*self.entry.split("."), *self.prefix.split(".")) if word]
        averaged = any(average in word.lower() for word in words for average in _AVERAGES)
        return averaged, not _PREFIXES.union(_ENTRIES).issuperset(words)

    def holds_the_same_as(self, other: "_Reading") -> bool:
        """Whether two ways lead to the same tensors."""
        return {name: id(tensor) for name, tensor in self.tensors.items()} == {
            name: id(tensor) for name, tensor in other.tensors.items()
        }

    @property
    def name(self) -> str:
        """Entry and prefix as a person reads them."""
        return " ".join(
            filter(None, (self.entry and f"entry {self.entry!r}", self.prefix and f"prefix {self.prefix!r}"))
        )


def read(module: nn.Module, file: Path) -> str:
    """Copy the user's weights into a module, without running code that the file may hold.

    Returns which entry and prefix were taken, as a sentence; empty where the file holds the module's own names only.

    Raises:
        UserError: the file cannot be read, or its tensors are not those of the module.
    """
    content = _content(file)
    readings = [way for entry, tensors in _tensor_dictionaries(content) for way in _readings(module, entry, tensors)]
    if not readings:
        held = f"has the keys {_listed(content)}" if isinstance(content, Mapping) else f"is a {type(content).__name__}"
        raise UserError(shortened(f"weights: {file}: holds no named tensors, it {held}; save model.state_dict()"))
    fitting = sorted((way for way in readings if not any(_problems(module, way.tensors))), key=lambda way: way.rank)
    if not fitting:
        raise UserError(shortened(f"weights: {file}: {_difference(module, readings)}"))
    best = fitting[0]
    others = sorted({way.name for way in fitting if not way.holds_the_same_as(best)})
    if best.rank[1] and any(way.rank == best.rank and way.name in others for way in fitting):
        raise UserError(
            f"weights: {file}: holds the weights more than once ({_listed([best.name, *others])}); save only one"
        )
    own = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    for name, tensor in best.tensors.items():
        copy_into(own[name], tensor)
    said = [f"{best.name} was taken"] if best.name else []
    said += [f"left out: {_listed(best.left_out)}"] if best.left_out else []
    said += [f"not taken: {_listed(others)}"] if others and best.name else []
    return f"weights: {file}: {'; '.join(said)}" if said else ""


def _content(file: Path) -> Any:
    """What a file holds, read so that no code in it runs."""
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        if _is_script(file):
            raise UserError(
                f"weights: {file}: is a TorchScript program, not weights; use source: torchscript:{file}, "
                "or save its state_dict() with torch.save"
            )
        return torch.load(file, map_location="cpu", weights_only=True)
    except UserError:
        raise
    except Exception as error:
        text = str(error)
        if "weights_only" in text or "WeightsUnpickler" in text:
            kind = text.partition("GLOBAL ")[2].split(" ")[0].strip("`'") or "Python objects"
            raise UserError(
                f"weights: {file}: cannot be read: holds {kind}, code that is never run; "
                "load it where you trust it, and save model.state_dict() alone with torch.save"
            ) from error
        raise UserError(f"weights: {file}: cannot be read: {one_line(error, 200)}") from error


def _is_script(file: Path) -> bool:
    """Whether `torch.jit.save` wrote a file: the archive then holds code."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any("/code/" in f"/{name}" for name in archive.namelist())


def _tensor_dictionaries(content: Any, entry: str = "", depth: int = 0) -> Iterator[tuple[str, Tensors]]:
    """Every dictionary in a file that names tensors, with the entries that lead to it; the usual names first."""
    if not isinstance(content, Mapping) or depth > _DEPTH:
        return
    named = {name: value for name, value in content.items() if isinstance(name, str)}
    if tensors := {name: value for name, value in named.items() if isinstance(value, torch.Tensor)}:
        yield entry, tensors
    usual = [name for name in _ENTRIES if name in named]
    for name in dict.fromkeys([*usual, *named]):
        yield from _tensor_dictionaries(named[name], f"{entry}.{name}" if entry else name, depth + 1)


def _readings(module: nn.Module, entry: str, tensors: Tensors) -> Iterator[_Reading]:
    """The ways to take a module's weights from one dictionary: with a prefix, and with wrappers inside the names, taken off."""
    own = set(module.state_dict())
    for wrappers in _WRAPPERS:
        plain = {_without(name, wrappers): name for name in tensors}
        if wrappers and list(plain) == list(plain.values()):
            continue
        heads = Counter(
            name[: -len(tail)]
            for name in plain
            for tail in (name.split(".", cut)[-1] for cut in range(name.count(".") + 1))
            if tail in own
        )
        for head in dict.fromkeys(["", *(head for head, _ in heads.most_common(4))]):
            taken = {name[len(head) :]: tensors[plain[name]] for name in plain if name.startswith(head)}
            left_out = tuple(plain[name] for name in plain if not name.startswith(head))
            yield _Reading(entry, "".join(wrappers) + head, taken, left_out)


def _without(name: str, wrappers: Iterable[str]) -> str:
    for wrapper in wrappers:
        name = name.replace(wrapper, "")
    return name


def _problems(module: nn.Module, found: Tensors) -> tuple[list[str], list[str], list[str]]:
    """Names that are missing, that the module does not have, and whose tensors have another shape or type."""
    wanted = module.state_dict()
    tied = {name for names in _tied(module) if any(name in found for name in names) for name in names}
    missing = [name for name in wanted if name not in found and name not in tied]
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    unknown = [name for name in found if name not in wanted]
    wrong = [
        name
        for name in found
        if name in wanted
        and (found[name].shape != wanted[name].shape or found[name].is_complex() > wanted[name].is_complex())
    ]
    return missing, unknown, wrong


def _difference(module: nn.Module, readings: list[_Reading]) -> str:
    """What keeps the nearest way of reading a file from fitting, and the names that the file holds."""
    nearest = min(readings, key=lambda way: sum(map(len, _problems(module, way.tensors))))
    problems = zip(("lacks", "has besides", "has another shape of"), _problems(module, nearest.tensors), strict=True)
    said = "; ".join(f"{words} {_listed(names)}" for words, names in problems if names)
    return f"{said}; it holds {_listed([*nearest.tensors, *nearest.left_out])}{nearest.name and f' ({nearest.name})'}"


def _listed(names: Iterable[Any]) -> str:
    names = [str(name) for name in names]
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} others' if len(names) > 3 else ''}"


def _tied(module: nn.Module) -> list[list[str]]:
    """Names of parameters that are one tensor."""
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [group for group in names.values() if len(group) > 1]
