"""Reads a YAML file that a person wrote: plain data, or one line that says what is wrong in which line.

YAML lets a short text stand for gigabytes (an alias repeats a part, and the repeated part may hold aliases), replaces an
entry by a second one of the same name in silence, and reads the names `no` and `1` as something else than text. A
configuration needs none of these, so they are refused here before any value is made. Dates stay text.
"""

import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from joulesweep.errors import UserError

_MOST_BYTES = 200_000
_MOST_VALUES = 10_000  # with every alias replaced by what it stands for
_DEEPEST = 30
_ANOTHER = "name another configuration as in `snakemake --cores 1 all --configfile FILE`"

_READ_AS = {
    "bool": "a truth value",
    "int": "a number",
    "float": "a number",
    "null": "an empty value",
}
# Control characters and halves of a character: no table, log or report can hold them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_OTHER_ENCODINGS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00", "UTF-16 or UTF-32"))


def read(path: Path) -> Any:
    """The value that the only document of a file holds.

    Raises:
        UserError: the file cannot be read, is no YAML, or holds what no configuration needs.
    """
    text = _text(path)
    try:
        _check_depth(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _Check(loader).size_and_depth(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise UserError(f"{where}not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise UserError(f"not YAML: {error}") from error


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"is no file; {_ANOTHER}")
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{reason}; {_ANOTHER}") from error
    if len(content) > _MOST_BYTES:
        raise UserError(f"is longer than {_MOST_BYTES // 1000} kB; a configuration is a short text")
    for mark, name in _OTHER_ENCODINGS:
        if mark in content[:4]:
            raise UserError(f"is {name} text; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"line {line}: not UTF-8 text; save the file as UTF-8") from error


def _check_depth(text: str) -> None:
    """Refuse deep nesting while it is read: what follows calls itself at every level."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _at(event, f"nested more than {_DEEPEST} levels deep; a configuration needs fewer than ten")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, to which a date is text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Check:
    """Checks a tree of nodes, in which an alias is a node that occurs several times."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def size_and_depth(self, node: yaml.Node) -> tuple[int, int]:
        """How many values a node stands for and how deep they are nested, with every alias written out.

        Raises:
            UserError: a name or value in it cannot be used, it holds itself, or it is too large.
        """
        if id(node) in self._open:
            raise _at(node, "an alias stands for a part of the file that it lies in")
        if id(node) not in self._known:
            self._open.add(id(node))
            self._known[id(node)] = self._checked(node)
            self._open.remove(id(node))
        return self._known[id(node)]

    def _checked(self, node: yaml.Node) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            self._check_scalar(node)
            return 1, 0
        if isinstance(node, yaml.MappingNode):
            _check_keys(node)
            parts = [part for pair in node.value for part in pair if part.tag != "tag:yaml.org,2002:merge"]
        else:
            parts = node.value
        below = [self.size_and_depth(part) for part in parts]
        size, depth = 1 + sum(size for size, _ in below), 1 + max((depth for _, depth in below), default=0)
        if size > _MOST_VALUES or depth > _DEEPEST:
            raise _at(
                node, f"stands for more than {_MOST_VALUES} values or {_DEEPEST} levels with its aliases written out"
            )
        return size, depth

    def _check_scalar(self, node: yaml.ScalarNode) -> None:
        if _UNPRINTABLE.search(node.value):
            raise _at(node, "a control character; a text needs printable ones")
        try:
            self._loader.construct_object(node)
        except ValueError as error:  # a number of thousands of digits
            raise _at(
                node, f"{_short(node.value)} is no {node.tag.rpartition(':')[2]}; write a text in quotes"
            ) from error


def _check_keys(node: yaml.MappingNode) -> None:
    names = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _at(key, "a list or mapping is used as a name; is a colon or a quote missing?")
        name, type_ = key.value, key.tag.rpartition(":")[2]
        if type_ not in ("str", "merge"):
            what = _READ_AS.get(type_, "something else than text")
            raise _at(key, f"YAML reads the name {_short(name)} as {what}; write it in quotes: '{_short(name)}'")
        if name in names:
            raise _at(key, f"the key {_short(name)!r} is there twice")
        names.add(name)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _at(place: yaml.Node | yaml.Event, text: str) -> UserError:
    return UserError(f"line {place.start_mark.line + 1}: {text}")
