"""Merges two copies of a journal by line, so that no launch is lost whichever copy is older."""

import json
from difflib import SequenceMatcher


def merged(ours: bytes, theirs: bytes) -> bytes:
    """The lines of both in their order, each once where both have it; lines of `theirs` that are torn are left out.

    Where the copies have grown apart, our lines come before theirs, and a launch that both have in another order stays
    where we have it. A copy whose lines are all in the other adds nothing.
    """
    right = _whole_lines(theirs)
    left = [line for line in _lines(ours) if _is_whole(line) or not any(whole.startswith(line) for whole in right)]
    if _is_within(right, left):
        return ours if left == _lines(ours) else _joined(left)
    if _is_within(left, right):
        return _joined(right)
    present = set(left)
    lines: list[bytes] = []
    for tag, start, end, other, last in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        lines += left[start:end]
        if tag != "equal":
            lines += [line for line in right[other:last] if line not in present or not _is_launch(line)]
    return _joined(lines)


def adds(ours: bytes, theirs: bytes) -> bool:
    """Whether the other copy has lines that ours has not."""
    return not set(_lines(ours)).issuperset(_whole_lines(theirs))


def missing_launches(ours: bytes, theirs: bytes) -> bytes:
    """The launches that only the other copy has, to append; what it superseded is left out, for it would apply to ours."""
    present = set(_lines(ours))
    missing = _joined([line for line in _whole_lines(theirs) if line not in present and _is_launch(line)])
    is_torn = bool(ours) and not ours.endswith(b"\n")
    return b"\n" + missing if missing and is_torn else missing


def _is_within(part: list[bytes], whole: list[bytes]) -> bool:
    """Whether all lines of one copy are in the other, in their order."""
    rest = iter(whole)
    return all(line in rest for line in part)


def _lines(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line.strip()]


def _whole_lines(data: bytes) -> list[bytes]:
    return [line for line in _lines(data) if _is_whole(line)]


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _is_launch(line: bytes) -> bool:
    return b'"key"' in line


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
