"""What a person writes into a page that a program makes: it is kept when the page is made again.

The page has places for it, each between two comments. What stands outside them belongs to the program; where a person
changed it nevertheless, the page is kept under another name before it is replaced.
"""

import re
from pathlib import Path

from joulesweep import digest
from joulesweep.errors import UserError
from joulesweep.system.files import replace_text

_PLACE = re.compile(r"<!-- your words: (?P<name>[a-z ]+) -->(?P<words>.*?)<!-- end of your words -->", re.DOTALL)
_MARK = re.compile(r"<!-- (your words: [a-z ]+|end of your words) -->")
_SIGNED = re.compile(r"\n<!-- made by Joulesweep: (?P<digest>[0-9a-f]+)\. .*? -->\n$")
_SIGNATURE = "\n<!-- made by Joulesweep: {}. Write between the comments only; the rest is replaced when this page is made again. -->\n"
_LEFT = "*(your words)*"


def place(name: str, words: str = _LEFT) -> str:
    """A place with words in it; as a template has it, they ask for some. Its name is made of small letters and spaces."""
    return f"<!-- your words: {name} -->\n{words}\n<!-- end of your words -->"


def replace(path: Path, page: str) -> Path | None:
    """Write a page with the words that a person wrote into the one that is there.

    Returns the file to which the old page was copied, where more than the places was changed or a place is gone; None
    where nothing else was.

    Raises:
        UserError: a comment that begins or ends a place is missing in the old page.
    """
    old = _read(path)
    words = _words(old, path)
    kept = None
    if old and (_edited(old) or not words.keys() <= {match["name"] for match in _PLACE.finditer(page)}):
        kept = _beside(path)
        replace_text(kept, old)
    filled = _PLACE.sub(lambda match: place(match["name"], words.get(match["name"], _LEFT)), page)
    replace_text(path, filled + _SIGNATURE.format(_digest(page)))
    return kept


def _words(page: str, path: Path) -> dict[str, str]:
    """What stands in each place, unless nothing was written there."""
    marks = list(_MARK.finditer(page))
    for number, mark in enumerate(marks):
        begins = mark[1] != "end of your words"
        follows = marks[number + 1][1] if number + 1 < len(marks) else ""
        if begins == (number % 2 == 1) or (begins and follows != "end of your words"):
            line = page.count("\n", 0, mark.start()) + 1
            raise UserError(
                f"{path}, line {line}: {mark[0]}: each place for your words needs the comment before it and the comment "
                "'<!-- end of your words -->' behind it; put the missing one back"
            )
    written = {match["name"]: match["words"].strip("\n") for match in _PLACE.finditer(page)}
    return {name: words for name, words in written.items() if words.strip() not in ("", _LEFT)}


def _read(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: is no text in UTF-8, byte {error.start}; save it as UTF-8, or move it away"
        ) from error


def _edited(page: str) -> bool:
    """Whether a person changed what stands outside the places."""
    signed = _SIGNED.search(page)
    return signed is None or _digest(page[: signed.start()]) != signed["digest"]


def _digest(page: str) -> str:
    """Identity of a page without what stands in its places."""
    return digest.of_text(_PLACE.sub(lambda match: match["name"], page))


def _beside(path: Path) -> Path:
    """A name that no file has."""
    number = 1
    while (name := path.with_name(f"{path.stem}_before_{number}{path.suffix}")).exists():
        number += 1
    return name
