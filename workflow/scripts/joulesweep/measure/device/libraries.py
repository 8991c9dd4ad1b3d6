"""Which versions of libraries this interpreter has, found without importing them."""

from collections.abc import Iterable
from importlib import metadata


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Version by name; what is not installed is absent."""
    return {name: found for name in sorted({*distributions}) if (found := _version(name))}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
