"""Text in merged tables: what a spreadsheet would run as a formula is written with an apostrophe before it."""

import re

_FORMULA = re.compile(r"'*[=+\-@]")


def without_formulas(value: object) -> object:
    """A cell's value as it is written: text from another device must not run when a spreadsheet opens the table."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def with_formulas(text: str) -> str:
    """The text that `without_formulas` made safe."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
