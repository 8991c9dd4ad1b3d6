"""Why a module does not run on an input, as a person needs it: the line of the user's own code, the error, and the cure."""

import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from joulesweep.errors import one_line

_LIBRARIES = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")] + [Path(__file__).parents[2]]
_MOST_EMBEDDINGS = 4


def reason(error: Exception, module: nn.Module, spec: Mapping[str, Any]) -> str:
    """The line in a file that no library brought, what was raised there, and what to change in the input's declaration."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame.filename)]
    place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
    cure = _cure(str(error), module, spec)
    return f"{place}{one_line(error, 80 if cure else 200)}{cure}"


def _is_users(file: str) -> bool:
    path = Path(file)
    return path.is_file() and not any(folder in path.parents for folder in _LIBRARIES)


def _cure(text: str, module: nn.Module, spec: Mapping[str, Any]) -> str:
    rows = {
        name: part.num_embeddings
        for name, part in module.named_modules()
        if isinstance(part, nn.Embedding | nn.EmbeddingBag)
    }
    named = ", ".join(f"{name} {count}" for name, count in list(rows.items())[:_MOST_EMBEDDINGS])
    if "index out of range" in text and rows:
        declared = ", ".join(
            f"{each['name']} high: {each['high']}" for each in spec["inputs"] if each["dtype"].startswith("int")
        )
        return f"; rows of the embeddings: {named}; declared: {declared}; set high: to the rows that it indexes"
    if "scalar types: Long, Int" in text and rows:
        return f"; an embedding takes whole numbers: set dtype: int64 and high: {min(rows.values())}"
    return ""
