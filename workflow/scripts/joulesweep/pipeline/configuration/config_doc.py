"""Renders docs/configuration.md from the schema of the configuration, the axes and the meters' settings.

Run by hand as `python -m joulesweep.pipeline.configuration.config_doc > docs/configuration.md`, with workflow/scripts on PYTHONPATH.
"""

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from joulesweep import axes, plugins
from joulesweep.pipeline.configuration import config_schema
from joulesweep.pipeline.configuration.config_schema import resolved, schema

_INTRODUCTION = """\
# The configuration

Rendered from `workflow/schemas/config.schema.yaml`; a test keeps both the same.

`config.yaml` says what is measured. The smallest one names a model:

```yaml
models:
  resnet18:
    source: torchvision:resnet18
    input: {shape: [3, 224, 224]}
    runtimes: [eager, onnxruntime]
```

Another file is named after the target: `snakemake --cores 1 all --configfile FILE`. A key or value that is not
understood is answered by one line that says what was expected, before anything is measured.

The file is YAML in UTF-8. A name that is a number, or `yes`, `no`, `on`, `off`, `true`, `false`, `null`, needs quotes.
Anchors, aliases and merge keys (`<<: *other`) work.

## Top level
"""

_AXES = """\
## Axes and sweeps

`sweeps: {size: [160, 224], batch: [1, 2, 4]}` measures a model at other values of an axis. Each axis is varied separately,
starting from the base point: batch 1, the shape that is written, the configured threads.
"""

_SHAPES = """\
A name in a shape makes that length an axis: `[3, height: 48, width: 64]`, `[sequence: 128]`. `[sequence]` uses the length
again, in the same shape or in that of another input. The lengths of `size` may differ: in `[3, size: 48, size: 64]` the size
is 48, the smallest. At size 24 the other length is 32; it keeps its ratio and is rounded to a whole number.

If the shape of `input:` names no axis, it has these:

| shape | axes |
| --- | --- |
| `[3, 224, 224]`, `[3, 48, 64]` | the last two lengths of three are an image: `size` |
| `[3, 8, 112, 112]` | the last two lengths of four likewise; the frames have to be named to be swept: `[3, frames: 8, size: 112, size]` |
| `[80, 3000]` | the last length of two: `sequence` |
| `[128]` with a whole `dtype` | `sequence` |
| any other | none but the batch |

If a model's own `sweeps` names an axis that its input lacks, that is an error. If the general `sweeps` does, the model is not
swept along that axis, and a warning says so.
"""


_DATA = """\
## `data` and `metric`

```yaml
    data: digits
```

names a data set without settings. With settings, and with a metric:

```yaml
    data: {set: images, folder: data/flowers, resize: 256, crop: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
    metric: top-5
```

Accuracy is measured in each runtime, one example per pass. Labels are names of classes, whole numbers from 0, or real numbers. Names
are sorted; if the model has its classes in another order, or a class has no example, `classes` names a text file with one
class per line. Paths start at the project's folder. If a file of the data changes, accuracy is measured again, and nothing else.

`onnxruntime-int8` is calibrated with the training part of the data (`train`), or with random inputs where there is none. If that part
changes, the int8 file is exported again.

| metric | what it is | unit | better | labels | 95 % interval |
| --- | --- | --- | --- | --- | --- |
"""

_DATA_SETS = """\

The output is the model's first one. `word-accuracy` decodes it greedily as CTC, without a language model.

Every data set takes `examples: 1000`, a random choice of at most so many examples, the same on every device.
"""


def render() -> str:
    """The text of docs/configuration.md."""
    definitions = schema()["$defs"]
    parts = [
        _INTRODUCTION,
        _keys(schema()),
        "## `models.NAME`\n",
        _keys(definitions["model"]),
        "## `input`, and each of `inputs`\n",
        _keys(definitions["input"]),
        _DATA + _metrics() + _DATA_SETS,
        *map(_data_set, plugins.names("datasets")),
        _AXES,
        _axes(),
        _SHAPES,
        "## `hypotheses`\n",
        "A hypothesis covers one case per device and runtime, or per variant. Each case is *supported*, *refuted*, *undecided* (neither "
        "rule holds) or *not judged* (something is missing that no measuring replaces). The hypothesis is supported if every judged "
        "case is, refuted if at least one is, and otherwise undecided. If no run could decide a hypothesis, a warning says so.\n",
        *map(_kind, config_schema.kinds()),
        "## `choose`\n",
        _explained(definitions["choose"], {"choose": definitions["choose"]["examples"][0]}),
        "## `devices.NAME`\n",
        _keys(definitions["of_a_device"]),
        "## `latency`\n",
        _keys(definitions["latency"]),
        "## `energy`\n",
        _keys(definitions["energy"]),
        "## `lab`\n",
        _keys(definitions["lab"]),
        "## `meters.NAME`\n",
        "Each meter is described in [meters.md](meters.md). A meter may also have a `python` of its own, the interpreter "
        "that has its library.\n",
        _settings(),
    ]
    return "\n".join(parts)


def _keys(part: Mapping[str, Any]) -> str:
    """A table of the keys of an object."""
    rows = []
    for name, entry in part["properties"].items():
        entry = resolved(entry)
        required = "**required**" if name in part.get("required", ()) else ""
        default = f"`{json.dumps(entry['default'])}`" if not isinstance(entry.get("default", {}), dict) else ""
        rows.append((f"`{name}`", _type(entry), default.replace('"', "") or required, entry.get("description", "")))
    return _table(("key", "type", "default", "meaning"), rows)


def _type(entry: Mapping[str, Any]) -> str:
    """What a value is, in words."""
    if "expected" in entry:
        return entry["expected"].replace("'", "`")
    if "enum" in entry or "const" in entry:
        return ", ".join(f"`{value}`" for value in entry.get("enum", [entry.get("const")]))
    if entry["type"] == "array":
        return f"list of {_plural(resolved(entry['items']))}"
    if entry["type"] == "object":
        return "keys, see below"
    number = {"integer": "whole number", "number": "number"}
    words = next((number[name] for name in number if name in entry["type"]), None)
    if words is None:
        return {"string": "text", "boolean": "`true` or `false`"}[entry["type"]]
    limits = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    return ", ".join([words, *(f"{limits[key]} {entry[key]}" for key in limits if key in entry)])


def _plural(entry: Mapping[str, Any]) -> str:
    if "expected" in entry:
        return "lengths"
    return "hypotheses" if "oneOf" in entry else {"string": "texts", "integer": "whole numbers"}[entry["type"]]


def _axes() -> str:
    rows = [
        (f"`{axis.name}`", ", ".join(f"`{name}`" for name in axis.aliases), axis.meaning) for axis in axes.ALL.values()
    ]
    return _table(("axis", "also called", "meaning"), rows)


def _kind(name: str) -> str:
    """One kind of hypothesis with its keys and examples."""
    kind = config_schema.kind_schema(name)
    return f"### {name.replace('_', ' ')}\n\n{_explained(kind, {'hypotheses': kind['examples']})}"


def _explained(part: Mapping[str, Any], example: Mapping[str, Any]) -> str:
    """The description of an object, an example of it, and its keys."""
    written = yaml.safe_dump(example, sort_keys=False, width=100)
    return f"{part['description']}\n\n```yaml\n{written}```\n\n{_keys(part)}"


def _metrics() -> str:
    """The rows of a table of the metrics."""
    rows = []
    for name in plugins.names("metrics"):
        words, unit, higher, labels, interval = (
            plugins.declared("metrics", name, attribute)
            for attribute in ("words", "unit", "higher_is_better", "labels", "interval")
        )
        rows.append((f"`{name}`", words, unit or "none", "higher" if higher else "lower", labels, interval))
    return _rows(rows)


def _data_set(name: str) -> str:
    """One data set with its settings."""
    text = ast.get_docstring(ast.parse(plugins.file("datasets", name).read_text(encoding="utf-8"))) or ""
    known = plugins.declared("datasets", name, "SETTINGS")
    keys = _keys(config_schema.object_of(known)) if known else "It has no settings.\n"
    return f"### `{name}`\n\n{text}\n\n{keys}"


def _settings() -> str:
    rows = [
        (f"`{name}`", f"`{setting}`", meaning)
        for kind in ("meters", "power_logs")
        for name in plugins.names(kind)
        for setting, meaning in plugins.declared(kind, name, "SETTINGS").items()
    ]
    return _table(("meter", "setting", "meaning"), rows)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table and an empty line."""
    return _rows((header, ("---",) * len(header), *rows))


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n" for cells in rows)


if __name__ == "__main__":
    print(render(), end="")
