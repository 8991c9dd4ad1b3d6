"""Merges two copies of a journal by line, so that no launch is lost whichever copy is older."""

import json
from difflib import SequenceMatcher


def merged(ours: bytes, theirs: bytes) -> bytes:
    """The lines of both in their order, each once where both have it; lines of `theirs` that are torn are left out.

    Where the copies have grown apart, our lines come before theirs. A copy whose lines are all in the other adds nothing.
    """
    left, right = _lines(ours), [line for line in _lines(theirs) if _is_whole(line)]
    if _is_within(right, left):
        return ours
    if _is_within(left, right):
        return _joined(right)
    lines: list[bytes] = []
    for tag, start, end, other, last in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        lines += left[start:end]
        lines += right[other:last] if tag != "equal" else []
    return _joined(lines)


def missing_launches(ours: bytes, theirs: bytes) -> bytes:
    """The launches that only the other copy has, to append; what it superseded is left out, for it would apply to ours."""
    present = set(_lines(ours))
    return _joined([line for line in _lines(theirs) if line not in present and b'"key"' in line and _is_whole(line)])


def _is_within(part: list[bytes], whole: list[bytes]) -> bool:
    """Whether all lines of one copy are in the other, in their order."""
    rest = iter(whole)
    return all(line in rest for line in part)


def _lines(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line.strip()]


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
