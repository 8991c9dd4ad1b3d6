"""Markdown as code hosts show it."""

from collections.abc import Iterable, Sequence


def text(words: str) -> str:
    """Words from a table or a person, so that nothing in them is taken for markup."""
    for mark in "\\`*<>[]|":
        words = words.replace(mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark])
    return " ".join(words.split())


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table; its last `numbers` columns are aligned to the right. Cells are Markdown already."""
    marks = ["---"] * (len(header) - numbers) + ["--:"] * numbers
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, marks, *rows))


def image(name: str, what: str) -> str:
    """A figure, linked relative to the report, with words for those who do not see it."""
    return f"![{what}](figures/{name}.png)"


def listing(lines: Iterable[str]) -> str:
    """A list with one entry a line."""
    return "\n".join(f"- {line}" for line in lines)


def folded(summary: str, body: str) -> str:
    """A part that is closed until a reader opens it."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
