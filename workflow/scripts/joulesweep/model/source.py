"""The parts of a model's `source:`, written SCHEME:PLACE."""

from collections.abc import Mapping
from typing import Any


def scheme(spec: Mapping[str, Any]) -> str:
    """Name of the plug-in that knows the source: torchvision, python, onnx, …"""
    return spec["source"].partition(":")[0]


def place(spec: Mapping[str, Any]) -> str:
    """What follows the scheme: a name, a file, a folder, or FILE.py:FUNCTION."""
    return spec["source"].partition(":")[2]
