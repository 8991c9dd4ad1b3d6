"""Markdown as code hosts show it."""

import re
from collections.abc import Iterable, Sequence

# Within a line: markup of Markdown and of code hosts (mathematics, strike-through). An underscore inside a word is none.
_MARKS = re.compile(r"[\\`*\[\]|~$#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# At the start of a line: a list with or without numbers, or the line below a heading.
_LISTS = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[-+=](?:\s|[-=]|$)))")
MOST_LISTED = 60
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def text(words: str) -> str:
    """Words from a table or a person in one line, so that nothing in them is taken for markup."""
    line = _MARKS.sub(r"\\\g<0>", " ".join(words.split()).translate(_HTML))
    return _LISTS.sub(r"\1\\", line)


def verbatim(words: str) -> str:
    """Words from a table or a person in one line, as they may stand in a fenced block."""
    return " ".join(words.split()).replace("`", "'")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table; its last `numbers` columns are aligned to the right. Cells are Markdown already."""
    marks = ["---"] * (len(header) - numbers) + ["--:"] * numbers
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, marks, *rows))


def shortened(shown: str, most: int, file: str) -> str:
    """A table without the rows behind the first `most`, which are in `file`; what stands below the table is kept."""
    lines = shown.splitlines()
    rows = [place for place, line in enumerate(lines) if line.startswith("| ")][2:]
    if len(rows) <= most:
        return shown
    rest = f"The first {most} of {len(rows)} rows, in the order of the configuration; `{file}` has all of them."
    return "\n".join([*lines[: rows[most]], "", rest, *lines[rows[-1] + 1 :]])


def image(name: str, words: str) -> str:
    """A figure, linked relative to the report, with words for those who do not see it."""
    return f"![{words}](figures/{name}.png)"


def listing(lines: Iterable[str], most: int = MOST_LISTED) -> str:
    """A list with one entry per line, at most so many; the last entry says how many others there are."""
    lines = list(lines)
    more = [f"and {len(lines) - most} more like these"] if len(lines) > most else []
    return "\n".join(f"- {line}" for line in [*lines[:most], *more])


def folded(summary: str, body: str) -> str:
    """A part that is closed until a reader opens it."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
