"""The inputs of a model as the user writes them in config.yaml."""

from pathlib import Path

import pytest
import yaml
from joulesweep.analysis.report.tables import benchmarked
from joulesweep.errors import UserError
from joulesweep.model import inputs
from joulesweep.pipeline.configuration import config


def completed(folder: Path, model: str, **more: object) -> dict:
    """The completed specification of the only model of a configuration."""
    given = {"source": "torchvision:resnet18", "runtimes": ["eager"], **more, **yaml.safe_load(model)}
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"models": {"m": given}}, sort_keys=False))
    return config.load(file).models["m"]


@pytest.mark.parametrize(
    ("short", "shape", "axes"),
    [
        ("{shape: [3, 224, 224]}", [3, "size", "size"], {"size": 224}),
        ("{shape: [3, 48, 64]}", [3, "size", {"size": 64}], {"size": 48}),
        ("{shape: [3, 64, 48]}", [3, {"size": 64}, "size"], {"size": 48}),
        ("{shape: [3, 8, 32, 32]}", [3, 8, "size", "size"], {"size": 32}),
        ("{shape: [3, frames: 8, 32, 32]}", [3, "frames", 32, 32], {"frames": 8}),
        ("{shape: [3, depth: 8, size: 24, size: 32]}", [3, "frames", "size", {"size": 32}], {"frames": 8, "size": 24}),
        ("{shape: [3, height: 48, width: 64]}", [3, "height", "width"], {"height": 48, "width": 64}),
        ("{shape: [1, 2, 3, 4, 5]}", [1, 2, 3, 4, 5], {}),
        ("{shape: [128], dtype: int64}", ["sequence"], {"sequence": 128}),
        ("{shape: [80, 3000]}", [80, "sequence"], {"sequence": 3000}),
        ("{shape: [64]}", [64], {}),
        ("{shape: [time: 16000]}", ["sequence"], {"sequence": 16000}),
        ("{shape: [3, size: 32, size]}", [3, "size", "size"], {"size": 32}),
    ],
)
def test_the_axes_of_a_single_input_are_named_or_inferred(tmp_path, short, shape, axes):
    spec = completed(tmp_path, f"input: {short}")
    assert [one["name"] for one in spec["inputs"]] == ["input"]
    assert (spec["inputs"][0]["shape"], spec["axes"]) == (shape, axes)


def test_several_inputs_keep_their_order_and_share_their_axes(tmp_path):
    spec = completed(
        tmp_path,
        """
        inputs:
          tokens: {shape: [sequence: 128], dtype: int64, high: 1000}
          mask: {shape: [sequence], dtype: bool, low: 1}
          image: {shape: [3, size: 32, size]}
        """,
    )
    assert [one["name"] for one in spec["inputs"]] == ["tokens", "mask", "image"]
    assert spec["inputs"][1] == {"name": "mask", "shape": ["sequence"], "dtype": "bool", "low": 1, "high": 2}
    assert spec["axes"] == {"sequence": 128, "size": 32}


def test_a_waveform_s_time_is_the_axis_sequence_of_points_too(tmp_path):
    file = tmp_path / "config.yaml"
    model = {"source": "torchvision:resnet18", "runtimes": ["eager"], "input": {"shape": [1, {"time": 800}]}}
    file.write_text(yaml.safe_dump({"models": {"m": {**model, "sweeps": {"time": [400, 800]}}}}))
    points = config.load(file).count_points("m")
    assert [point["sequence"] for point in points] == [800, 400]


@pytest.mark.parametrize(
    ("model", "shapes"),
    [
        ("{input: {shape: [3, 48, 64]}, sweeps: {size: [32, 64]}}", [(3, 48, 64), (3, 32, 43), (3, 64, 85)]),
        ("{input: {shape: [3, 8, 32, 32]}, sweeps: {size: [16]}}", [(3, 8, 32, 32), (3, 8, 16, 16)]),
        ("{input: {shape: [3, frames: 8, 9, 9]}, sweeps: {depth: [4]}}", [(3, 8, 9, 9), (3, 4, 9, 9)]),
        ("{input: {shape: [3, height: 4, width: 6]}, sweeps: {width: [5]}}", [(3, 4, 6), (3, 4, 5)]),
    ],
)
def test_inputs_that_are_not_square_are_swept_along_their_axes(tmp_path, model, shapes):
    file = tmp_path / "config.yaml"
    written = {"source": "torchvision:resnet18", "runtimes": ["eager"], **yaml.safe_load(model)}
    file.write_text(yaml.safe_dump({"models": {"m": written}}))
    loaded = config.load(file)
    spec = loaded.models["m"]
    assert [inputs.shapes(spec, point)["input"] for point in loaded.count_points("m")] == [
        (1, *shape) for shape in shapes
    ]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("why: none", "expected one of the keys 'input' .* and 'inputs'"),
        ("{input: {shape: [1]}, inputs: {a: {shape: [1]}}}", "expected one of the keys"),
        ("inputs: {a: {shape: [sequence]}}", r"a: the axis sequence has no length; write \[sequence: 128\]"),
        ("inputs: {a: {shape: [sequence: 4]}, b: {shape: [time: 5]}}", "b: the axis sequence is 4 elsewhere, here 5"),
        ("input: {shape: [3], low: 1}", "low 1 is not below high 1"),
        (
            "input: {shape: [wide]}",
            r'input.shape \(value 1\): "wide": expected a length from 1 to 1000000000, the name of an axis',
        ),
        ("input: {shape: [width]}", r"input: the axis width has no length; write \[width: 128\]"),
        ("input: {shape: [batch, batch]}", "the shape names the batch twice"),
        ("input: {shape: [batch, 3], batched: false}", "or although 'batched' is false"),
        ("input: {shape: [3], dtype: uint8, high: 300}", "high: 300: expected a whole number from 0 to 256 for uint8"),
        ("input: {shape: [3], dtype: int64, low: 0.5}", "low: 0.5: expected a whole number"),
        ("input: {shape: [3], dtype: bool, high: 3}", "expected a whole number from 0 to 2 for bool"),
        ("input: {shape: [3], dtype: float16, high: 70000}", "high: 70000: expected a number from -65504 to 65504"),
        (
            "{input: {shape: [3, 8, 32, 32]}, sweeps: {frames: [4]}}",
            r"no axis frames, only batch, size, threads; name it in the shape, as in \[frames: LENGTH\]",
        ),
        (
            "{input: {shape: [3, 48, 64]}, sweeps: {width: [4]}}",
            "no axis width, .*, or sweep size, which keeps the ratio",
        ),
        (
            "{input: {shape: [3, height: 8, width: 9]}, sweeps: {size: [4]}}",
            "no axis size, only batch, height, width, threads",
        ),
        ("{input: {shape: [3], batched: false}, sweeps: {batch: [4]}}", "no axis batch, only threads"),
        ("input: {shape: [1], dtype: complex64}", "input.dtype: .* expected one of float32"),
        ("{input: {shape: [9, time: 2]}, sweeps: {time: [1], sequence: [2]}}", "are the same axis; keep one"),
    ],
)
def test_what_is_wrong_with_an_input_is_one_line(tmp_path, model, words):
    with pytest.raises(UserError, match=words) as raised:
        completed(tmp_path, model)
    assert "\n" not in str(raised.value)


def test_a_file_that_brings_its_weights_keeps_them_unless_told_otherwise(tmp_path):
    (tmp_path / "m.pt2").write_bytes(b"1")
    source = f"source: 'pt2:{tmp_path}/m.pt2'"
    spec = completed(tmp_path, f"{{{source}, input: {{shape: [1]}}}}")
    assert spec["weights"] == "pretrained"
    assert completed(tmp_path, f"{{{source}, input: {{shape: [1]}}, weights: random}}")["weights"] == "random"
    (tmp_path / "m.pt2").write_bytes(b"2")
    assert completed(tmp_path, f"{{{source}, input: {{shape: [1]}}}}")["content"] != spec["content"]


def test_a_folder_of_a_model_is_known_by_its_configuration_and_by_the_weights_it_is_asked_for(tmp_path):
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"1")
    model = f"{{source: 'transformers:{folder}', input: {{shape: [1]}}}}"
    assert [Path(file).name for file in completed(tmp_path, model)["content"]] == ["config.json"]
    kept = completed(tmp_path, model, weights="pretrained")["content"]
    assert [Path(file).name for file in kept] == ["config.json", "model.safetensors"]


def test_the_report_shows_the_lengths_that_were_written(tmp_path):
    spec = completed(tmp_path, "input: {shape: [3, size: 48, size: 64]}")
    assert "| 3 × 48 × 64 |" in benchmarked({"m": spec})
