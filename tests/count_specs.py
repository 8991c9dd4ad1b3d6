"""Completed specifications of models that are only counted."""

from typing import Any


def image(source: str, size: int = 224, **more: Any) -> dict[str, Any]:
    """A model of colour images."""
    one = {"name": "input", "shape": [3, "size", "size"], "dtype": "float32", "low": 0, "high": 1}
    return _spec(source, [one], {"size": size}, more)


def tokens(source: str, sequence: int = 128, name: str = "input_ids", **more: Any) -> dict[str, Any]:
    """A model of token ids."""
    one = {"name": name, "shape": ["sequence"], "dtype": "int64", "low": 0, "high": 100}
    return _spec(source, [one], {"sequence": sequence}, more)


def _spec(source: str, inputs: list[dict[str, Any]], axes: dict[str, int], more: dict[str, Any]) -> dict[str, Any]:
    return {"name": "m", "source": source, "inputs": inputs, "axes": axes, "weights": "random", "content": {}, **more}
