"""Completed specifications of models that are only counted."""

from pathlib import Path
from typing import Any


def image(source: str, size: int = 224, **more: Any) -> dict[str, Any]:
    """A model of colour images."""
    one = {"name": "input", "shape": [3, "size", "size"], "dtype": "float32", "low": 0, "high": 1}
    return _spec(source, [one], {"size": size}, more)


def tokens(source: str, sequence: int = 128, name: str = "input_ids", **more: Any) -> dict[str, Any]:
    """A model of token ids."""
    one = {"name": name, "shape": ["sequence"], "dtype": "int64", "low": 0, "high": 100}
    return _spec(source, [one], {"sequence": sequence}, more)


def shallow(folder: Path, architecture: str, sequence: int) -> dict[str, Any]:
    """A transformer of the default width with two layers, described in a folder: all its layers are alike."""
    import transformers

    configuration = getattr(transformers, architecture).config_class(num_hidden_layers=2)
    configuration.architectures = [architecture]
    configuration.save_pretrained(folder / architecture)
    return tokens(f"transformers:{folder / architecture}", sequence)


def _spec(source: str, inputs: list[dict[str, Any]], axes: dict[str, int], more: dict[str, Any]) -> dict[str, Any]:
    return {"name": "m", "source": source, "inputs": inputs, "axes": axes, "weights": "random", "content": {}, **more}
