"""Everything that a module keeps, wherever it keeps it: the tensors that `parameters()` and `buffers()` miss too.

A layer in a plain list, a tensor that is a plain attribute, one in a dictionary, a dataclass, another object, a closure, a
class attribute or a global variable of the user's file: the pass uses them, and no method of `torch.nn.Module` names them.
"""

import functools
import inspect
import sys
import types
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

REGISTRIES = ("_parameters", "_buffers", "_modules")
_SEQUENCES = (list, tuple, set, frozenset, deque)
_NEVER = (str, bytes, int, float, complex, type, types.ModuleType, torch.dtype, torch.device, torch.Size)
_LIBRARIES = {"torch", "numpy", "torchvision", "timm", "transformers"}
_OF_TORCH = ("torch.nn", "torch.distributions", "torch.ao")


def walk(root: nn.Module) -> Iterator[tuple[str, Any]]:
    """Every object that a module reaches, once, with the path to it; what is registered comes first."""
    seen = set()
    kept = []  # objects that are made while walking must not give their identity to others
    waiting: deque[tuple[str, Any]] = deque([("", root)])
    while waiting:
        path, value = waiting.popleft()
        if id(value) in seen or isinstance(value, _NEVER):
            continue
        seen.add(id(value))
        kept.append(value)
        yield path, value
        parts = list(_parts(path, value))
        waiting.extendleft(part for is_registered, part in reversed(parts) if is_registered)
        waiting.extend(part for is_registered, part in parts if not is_registered)


def unregistered(root: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors that a module keeps and that are neither parameters nor buffers of it, by their path.

    A view of a parameter or a buffer is none, and neither is what was computed from a parameter.
    """
    registered = {storage(part) for tensor in (*root.parameters(), *root.buffers()) for part in stored(tensor)}
    tensors = {}
    for path, value in walk(root):
        is_kept = isinstance(value, torch.Tensor) and value.grad_fn is None
        if is_kept and registered.isdisjoint(map(storage, stored(value))):
            tensors[path] = value
    return tensors


def stored(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """The plain tensors in which a tensor is kept: itself, or those of a sparse one, or of one that wraps several."""
    if is_traceable_wrapper_subclass(tensor):
        for name in tensor.__tensor_flatten__()[0]:
            yield from stored(getattr(tensor, name))
    elif tensor.layout is torch.sparse_coo:
        yield from (tensor._values(), tensor._indices())
    elif tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        yield from (tensor.values(), tensor.crow_indices(), tensor.col_indices())
    elif tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        yield from (tensor.values(), tensor.ccol_indices(), tensor.row_indices())
    elif tensor.layout is torch.strided:
        yield tensor


def storage(tensor: torch.Tensor) -> int:
    """What tells the storage of a plain tensor from others; on the meta device every data pointer is 0."""
    return tensor.untyped_storage()._cdata


def _parts(path: str, value: Any) -> Iterator[tuple[bool, tuple[str, Any]]]:
    """What an object holds directly, with paths, and whether it is registered in a module."""
    if isinstance(value, torch.Tensor):
        return
    if isinstance(value, Mapping):
        yield from ((False, (f"{path}[{key!r}]", item)) for key, item in list(value.items()))
    elif isinstance(value, _SEQUENCES):
        yield from ((False, (f"{path}[{place}]", item)) for place, item in enumerate(value))
    elif isinstance(value, functools.partial):
        yield from ((False, (path, part)) for part in (value.func, value.args, value.keywords))
    elif isinstance(value, types.MethodType):
        yield from ((False, (path, part)) for part in (value.__self__, value.__func__))
    elif isinstance(value, types.FunctionType):
        yield from ((False, part) for part in _of_function(value))
    elif isinstance(value, nn.Module) or _is_of_the_user(value):
        for name, item in _attributes(value).items():
            if name in REGISTRIES and isinstance(value, nn.Module):
                yield from ((True, (_join(path, key), part)) for key, part in item.items() if part is not None)
            else:
                yield False, (_join(path, name), item)
        if _is_of_the_user(value):
            yield from ((False, part) for part in _of_class(type(value)))


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes that an object itself holds."""
    slots = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if hasattr(value, name)}
    return dict(getattr(value, "__dict__", {})) | {
        name: getattr(value, name) for name in slots - {"__dict__", "__weakref__"}
    }


def _of_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """What a function closes over, its defaults, and the global variables of the user's file that it names."""
    name = function.__qualname__
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"{variable} in {name}", cell.cell_contents
        except ValueError:  # a variable that has no value yet
            continue
    yield f"defaults of {name}", function.__defaults__ or ()
    if _is_library(function.__module__):
        return
    for variable in function.__code__.co_names:
        value = function.__globals__.get(variable)
        if isinstance(value, torch.Tensor | nn.Module | list | tuple | dict | types.FunctionType):
            yield f"{variable} of {function.__module__}", value


def _of_class(kind: type) -> Iterator[tuple[str, Any]]:
    """What the user's classes behind an object hold: their attributes and their methods."""
    for base in kind.__mro__:
        if not _is_library(base.__module__):
            for name, value in vars(base).items():
                value = value.__func__ if isinstance(value, staticmethod | classmethod) else value
                if inspect.isfunction(value) or isinstance(value, torch.Tensor | nn.Module | list | tuple | dict):
                    yield f"{base.__name__}.{name}", value


def _is_of_the_user(value: Any) -> bool:
    """Whether an object is worth looking into: it is of the user's code, or of a part of torch that keeps tensors."""
    module = type(value).__module__ or ""
    return module.startswith(_OF_TORCH) or module == "types" or not _is_library(module)


@functools.cache
def _is_library(module: str | None) -> bool:
    root = (module or "builtins").partition(".")[0]
    return root in _LIBRARIES or (root in sys.stdlib_module_names and root != "__main__")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
