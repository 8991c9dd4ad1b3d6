"""A variant as a person names it: MODEL or MODEL @ RUNTIME, and `on DEVICE` behind either where a device is meant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WRITTEN = re.compile(r"([^@\s]+)(?:\s*@\s*([^@\s]+))?(?:\s+on\s+(\S+))?")


@dataclass(frozen=True)
class Variant:
    """What a text names; `runtime` and `device` are empty where it names none."""

    model: str
    runtime: str = ""
    device: str = ""

    @classmethod
    def of(cls, text: str) -> "Variant":
        """The variant that a text names.

        Raises:
            ValueError: it names none.
        """
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r}: expected MODEL, MODEL @ RUNTIME, or either with 'on DEVICE'")
        return cls(*(part or "" for part in match.groups()))

    def __str__(self) -> str:
        runtime = f" @ {self.runtime}" if self.runtime else ""
        return f"{self.model}{runtime}{f' on {self.device}' if self.device else ''}"


def pairs(named: str, other: str, names: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
    """Which runtimes (or devices) of two variants are compared: those that they name, otherwise each that both have.

    One that only one of them names is meant for both.
    """
    if named and other:
        return [(named, other)]
    meant = named or other
    return [(name, name) for name in names if name in others and name == (meant or name)]
