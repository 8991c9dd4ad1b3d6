"""The schema of the configuration: its defaults, and its complaints as a person would word them."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from jsonschema import ValidationError

from joulesweep.errors import UserError, nearest, shortened

FILE = Path(__file__).parents[4] / "schemas" / "config.schema.yaml"

_SHOWN = 80  # characters of a value in a message
_MISREAD = {bool: "a truth value", int: "a number", float: "a number", type(None): "an empty value"}
_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "nothing",
}


@cache
def schema() -> dict[str, Any]:
    """The schema as its file has it."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def resolved(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part of the schema with what it refers to; its own words come first."""
    if "$ref" not in part:
        return dict(part)
    target = schema()["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return resolved(target) | {key: value for key, value in part.items() if key != "$ref"}


def with_defaults(written: Mapping[str, Any], part: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What was written, completed with the defaults of the schema, also within parts of fixed keys.

    `part` is the object of the schema that describes `written`; without it, the whole schema.
    """
    values = dict(written)
    for name, entry in resolved(part or schema())["properties"].items():
        entry = resolved(entry)
        if "default" in entry:
            values.setdefault(name, entry["default"])
        if name in values and "properties" in entry and isinstance(entry.get("default"), dict):
            values[name] = with_defaults(values[name], entry)
    return values


def check(written: Any) -> None:
    """Check a configuration against the schema.

    Raises:
        UserError: the first complaint: the key, the value, what was expected.
    """
    error = _most_relevant(_validator().iter_errors(written))
    if error is not None:
        raise UserError(_sentence(error))


def check_part(where: str, written: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> None:
    """Check keys that a plug-in declares: a part of a schema for each, which must be there unless it has a `default`.

    Raises:
        UserError: the first complaint: the key, the value, what was expected.
    """
    error = _most_relevant(_validator_of(object_of(known)).iter_errors(written))
    if error is not None:
        raise UserError(_sentence(error, where))


def object_of(known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of a schema that describes an object with these keys; one without a `default` is required."""
    required = [name for name, entry in known.items() if "default" not in entry]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": dict(known)}


def shown(value: Any) -> str:
    """A value as a message shows it, in at most 80 characters."""
    return shortened(json.dumps(value, ensure_ascii=False, default=str), _SHOWN)


def quoted(name: Any) -> str:
    """A name as a message quotes it."""
    return repr(shortened(str(name), _SHOWN))


def listed(names: Any) -> str:
    """The known names as a message lists them, in at most 120 characters."""
    return shortened(", ".join(map(str, names)), 120)


def check_known(where: str, name: str, known: Any) -> None:
    """Check a name against those that there are.

    Raises:
        UserError: it is unknown; the nearest known name is suggested.
    """
    if name not in known:
        raise UserError(f"{where}: unknown {quoted(name)}{nearest(name, known)}; expected one of {listed(known)}")


def kinds() -> list[str]:
    """The kinds of hypotheses: each is named after the key that tells it apart."""
    return [branch["$ref"].removeprefix("#/$defs/") for branch in schema()["$defs"]["hypothesis"]["oneOf"]]


def kind_of(hypothesis: Mapping[str, Any]) -> str:
    """The kind of a hypothesis that the schema accepts."""
    return next(kind for kind in kinds() if kind in hypothesis)


def kind_schema(kind: str) -> dict[str, Any]:
    """The part of the schema that describes one kind of hypothesis."""
    return schema()["$defs"][kind]


def hypothesis_name(number: int, hypothesis: Any) -> str:
    """A hypothesis as a person finds it: counted from one, with its claim in short."""
    claim = ""
    if isinstance(hypothesis, Mapping):
        words = ("metric", "of", *kinds(), "with")
        said = [(word.replace("_", " "), str(hypothesis[word])) for word in words if word in hypothesis]
        claim = " ".join(value if word == "metric" else f"{word} {value}" for word, value in said)
    return f"hypothesis {number + 1} ({shortened(claim, 80)})" if claim else f"hypothesis {number + 1}"


def _is_number(_: Any, value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_whole(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _each_once(_: Any, wanted: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    """`uniqueItems` in linear time; jsonschema's own compares values that it cannot sort in pairs."""
    if wanted and isinstance(instance, list):
        texts = [json.dumps(item, sort_keys=True, default=str) for item in instance]
        if len(set(texts)) < len(texts):
            twice = next(item for item, text in zip(instance, texts, strict=True) if texts.count(text) > 1)
            yield ValidationError(f"{shown(twice)} is there twice; expected every value once")


@cache
def _validator() -> Any:
    return _validator_of(schema())


def _validator_of(part: Mapping[str, Any]) -> Any:
    base = jsonschema.Draft202012Validator
    # In YAML 2.0 is no whole number, and neither .inf nor .nan is a number to measure with.
    types = base.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_whole})
    return jsonschema.validators.extend(base, {"uniqueItems": _each_once}, type_checker=types)(part)


def _most_relevant(errors: Iterable[ValidationError]) -> ValidationError | None:
    """The complaint to word; where a hypothesis fits no kind, the complaint of the kind that was meant."""
    error = max(errors, key=jsonschema.exceptions.relevance, default=None)
    if error is None or error.validator != "oneOf" or not isinstance(error.instance, Mapping):
        return error
    meant = [number for number, kind in enumerate(kinds()) if kind in error.instance]
    if len(meant) != 1:
        return error
    return _most_relevant(inner for inner in error.context if inner.schema_path[0] == meant[0])


def _sentence(error: ValidationError, within: str = "") -> str:
    """One complaint of the schema: the key (`within` another one), the value, what was expected."""
    where, value = _where(error, within), shown(error.instance)
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        return f"{where}: unknown key {quoted(unknown)}{nearest(unknown, known)}; known are {listed(known)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{where}: the key {missing!r} is missing"
    if error.validator == "uniqueItems":
        return f"{where}: {error.message}"
    if "propertyNames" in error.schema_path:
        where = f"{where}: the name"
    if error.validator == "maxLength":
        value = f"{value} has {len(error.instance)} characters"
    return f"{where}: {value}: expected {error.schema.get('expected') or _expected(error)}{_cure(error)}"


def _where(error: ValidationError, within: str) -> str:
    """The key that a complaint is about, as in models.net.source or hypothesis 2 (latency tracks params): of."""
    path = [str(part) for part in error.absolute_path]
    if path[:1] != ["hypotheses"] or len(path) == 1:
        parts = (f" (value {part + 1})" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        return shortened("".join([within, *parts]).removeprefix("."), 100) or "the top level"
    whole = error
    while whole.parent is not None:
        whole = whole.parent
    hypothesis = whole.instance if len(whole.absolute_path) == 2 else None
    return ": ".join([hypothesis_name(int(path[1]), hypothesis), *path[2:]])


def _expected(error: ValidationError) -> str:
    limit = error.validator_value
    if error.validator == "type":
        types = [limit] if isinstance(limit, str) else [name for name in limit if name != "null"]
        return " or ".join(_TYPES[name] for name in types)
    if error.validator == "enum":
        return f"one of {listed(limit)}{nearest(str(error.instance), map(str, limit))}"
    if error.validator == "oneOf":
        return f"one of {listed(kinds())}, as in {shown(kind_schema(kinds()[0])['examples'][0])}"
    return {
        "const": str(limit),
        "minimum": f"at least {limit}",
        "maximum": f"at most {limit}",
        "exclusiveMinimum": f"more than {limit}",
        "minItems": f"at least {limit} item{'s' * (limit != 1)}" if isinstance(limit, int) else "",
        "maxItems": f"at most {limit} items",
        "minLength": "a text that is not empty",
        "maxLength": f"at most {limit} characters",
        "minProperties": "at least one entry",
        "maxProperties": "only one entry",
    }[str(error.validator)]


def _cure(error: ValidationError) -> str:
    """Where YAML made something else of a text, how to keep it one."""
    if error.validator == "type" and error.validator_value == "string":
        for type_, words in _MISREAD.items():
            if type(error.instance) is type_:
                return f"; YAML reads this as {words}, so write it in quotes"
    return ""
