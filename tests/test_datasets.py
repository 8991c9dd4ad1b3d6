"""Data sets: what is in the user's files is what the model gets, and what cannot be used is one line that names the file."""

import builtins
import gzip
import struct
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep import plugins
from joulesweep.datasets import _labels
from joulesweep.datasets.fashion_mnist import read_idx
from joulesweep.errors import Unsupported, UserError
from joulesweep.model.example_inputs import binding

from tests.installed import require

require("sklearn", "PIL", "tokenizers")


def _data(name: str, **settings: Any) -> Any:
    """A data set under these settings and the defaults of the others."""
    known = plugins.declared("datasets", name, "SETTINGS")
    return plugins.load("datasets", name)(
        {key: settings.get(key, entry.get("default")) for key, entry in known.items()}
    )


def test_every_setting_has_a_meaning_and_a_type():
    for name in plugins.names("datasets"):
        for setting, entry in plugins.declared("datasets", name, "SETTINGS").items():
            assert entry["description"].endswith("."), (name, setting)
            assert "type" in entry or "enum" in entry, (name, setting)


# Digits


def test_the_digits_are_split_into_parts_that_share_no_example():
    digits = _data("digits")
    test, train = digits.test(), digits.train()
    images = [part.read(place)["image"] for part in (test, train) for place in range(len(part))]
    assert (len(test), len(train)) == (500, 1297)
    assert images[0].shape == (1, 8, 8)
    assert 0 == min(image.min() for image in images) < max(image.max() for image in images) == 1
    assert np.bincount(test.labels).min() > 30
    assert len({image.tobytes() for image in images}) > 1790  # a few images of the data set are equal


def test_the_split_is_the_one_that_the_shipped_weights_were_trained_with():
    assert _data("digits").test().labels[:8].tolist() == [6, 4, 2, 3, 6, 9, 7, 0]


@pytest.mark.parametrize(("module", "package"), [("sklearn", "scikit-learn"), ("scipy", "scipy")])
def test_the_package_that_the_digits_lack_is_the_one_that_is_named(monkeypatch, module, package):
    """scikit-learn may be there and something that it imports not."""
    real = builtins.__import__

    def fail(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("sklearn"):
            raise ModuleNotFoundError(f"No module named '{module}'", name=module)
        return real(name, *arguments, **more)

    data_set = _data("digits")
    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(UserError, match=f"pip install {package}$"):
        data_set.test()


def test_a_choice_of_examples_is_the_same_each_time_and_keeps_labels_with_their_images():
    test = _data("digits").test()
    chosen, again = test.at_most(40), _data("digits").test().at_most(40)
    assert len(chosen) == 40
    assert chosen.digest == again.digest != test.digest
    label_of = {test.read(place)["image"].tobytes(): test.labels[place] for place in range(len(test))}
    for place in range(40):
        assert label_of[chosen.read(place)["image"].tobytes()] == chosen.labels[place]
    assert test.at_most(10_000) is test.at_most(None) is test


# Images


def _image(path: Path, size: tuple[int, int] = (8, 6), colour: Any = (255, 0, 0)) -> None:
    """An image of (width, height) in one colour."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Two classes: red roses, black tulips; one image in a folder below."""
    _image(tmp_path / "flowers" / "tulip" / "b.png", colour=(0, 0, 0))
    _image(tmp_path / "flowers" / "rose" / "a.jpg", (16, 8))
    _image(tmp_path / "flowers" / "rose" / "more" / "c.png", (8, 16))
    (tmp_path / "flowers" / "LICENSE.txt").write_text("free")
    (tmp_path / "flowers" / "rose" / ".DS_Store").write_text("")
    return tmp_path / "flowers"


def test_images_are_labelled_by_their_folders_in_the_order_of_names_or_of_the_file(flowers, tmp_path):
    test = _data("images", folder=str(flowers)).test()
    assert test.classes == ("rose", "tulip")
    assert test.labels.tolist() == [0, 0, 1]
    (tmp_path / "classes.txt").write_text("tulip\ndaisy\nrose\n")
    test = _data("images", folder=str(flowers), classes=str(tmp_path / "classes.txt")).test()
    assert test.classes == ("tulip", "daisy", "rose")
    assert test.labels.tolist() == [2, 2, 0]


def test_an_image_is_resized_by_its_smaller_side_cropped_in_the_middle_and_normalised(flowers):
    data = _data("images", folder=str(flowers), resize=4, crop=4, mean=[0.5, 0.5, 0.25], std=[0.5, 0.25, 0.25])
    image = data.test().read(0)["image"]
    assert image.shape == (3, 4, 4)
    assert image.dtype == np.float32
    assert np.allclose(image[:, 2, 2], [1, -2, -1], atol=0.02)  # red, by a JPEG
    assert data.preprocessing == (
        "smaller side resized to 4 pixels (bilinear), middle of 4 × 4 pixels cut out, values from 0 to 1, less the mean "
        "(0.5, 0.5, 0.25), divided by the standard deviation (0.5, 0.25, 0.25)"
    )


def test_resizing_and_cropping_are_those_of_torchvision(tmp_path):
    """On a gradient, where a shift by a pixel would show."""
    transforms = pytest.importorskip("torchvision.transforms")
    from PIL import Image

    (tmp_path / "a").mkdir()
    gradient = np.add.outer(np.arange(61) * 2, np.arange(97))[..., None].repeat(3, axis=2).astype(np.uint8)
    Image.fromarray(gradient).save(tmp_path / "a" / "gradient.png")
    wanted = transforms.Compose([transforms.Resize(37), transforms.CenterCrop(32), transforms.ToTensor()])(
        Image.open(tmp_path / "a" / "gradient.png")
    ).numpy()
    found = _data("images", folder=str(tmp_path), resize=37, crop=32).test().read(0)["image"]
    np.testing.assert_array_equal(found, wanted)


def test_shades_of_grey_have_one_channel_and_a_crop_may_have_two_sides(flowers):
    data = _data("images", folder=str(flowers), channels=1, crop=[6, 4])
    assert data.test().read(2)["image"].shape == (1, 6, 4)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"crop": 7}, r"b.png has 6 x 8 pixels, fewer than crop takes \(7 x 7\); resize it first"),
        ({"mean": [0.5]}, "mean has 1 numbers; expected 3"),
        ({"std": [1, 0, 1]}, "std holds 0"),
    ],
)
def test_preprocessing_that_cannot_be_is_one_line(flowers, settings, words):
    with pytest.raises(UserError, match=words):
        _data("images", folder=str(flowers), **settings).test().read(2)


def test_a_file_that_is_no_image_and_a_folder_without_classes_are_named(flowers, tmp_path):
    (flowers / "rose" / "notes.txt").write_text("")
    with pytest.raises(UserError, match=r"notes.txt is none of .jpg, .*; move it out of the folder of its class"):
        _data("images", folder=str(flowers)).test()
    with pytest.raises(UserError, match="expected one folder per class"):
        _data("images", folder=str(tmp_path / "flowers" / "tulip")).test()


def test_the_identity_of_images_is_their_content_and_not_their_place(flowers, tmp_path):
    before = _data("images", folder=str(flowers)).test().digest
    flowers.rename(tmp_path / "moved")
    assert _data("images", folder=str(tmp_path / "moved")).test().digest == before
    _image(tmp_path / "moved" / "tulip" / "b.png", colour=(1, 0, 0))
    assert _data("images", folder=str(tmp_path / "moved")).test().digest != before


def test_a_training_part_is_there_only_where_it_is_named(flowers):
    assert _data("images", folder=str(flowers)).train() is None
    assert len(_data("images", folder="nowhere", train=str(flowers)).train()) == 3


# CSV


def _csv(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_numbers_of_a_csv_are_features_in_the_order_of_the_settings(tmp_path):
    file = _csv(tmp_path / "a.csv", "\ufeffrooms,price,area\n3, 100.5,70\n\n4,200,90\n")
    data = _data("csv", file=file, features=["area", "rooms"], label="price", mean=[50, 1], std=[10, 2])
    test = data.test()
    assert test.labels.tolist() == [100.5, 200]
    assert test.read(1)["features"].tolist() == [4, 1.5]
    assert data.preprocessing == "less the mean (50, 1), divided by the standard deviation (10, 2)"


@pytest.mark.parametrize(
    ("cells", "labels", "classes"),
    [
        (["2", "0"], [2, 0], ()),
        (["2.5", "1"], [2.5, 1], ()),
        (["b", "a", "b"], [1, 0, 1], ("a", "b")),
        (["1", "x"], [0, 1], ("1", "x")),
    ],
)
def test_labels_are_whole_numbers_real_numbers_or_names(cells, labels, classes):
    found, names = _labels.of_cells(cells, None, "a.csv")
    assert found.tolist() == labels
    assert names == classes


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=20))
def test_any_cells_are_labels(cells):
    found, names = _labels.of_cells(cells, None, "a.csv")
    assert len(found) == len(cells)
    if names:
        assert [names[place] for place in found] == cells


def test_a_class_that_is_not_in_the_file_is_named_with_the_nearest(tmp_path):
    file = _csv(tmp_path / "classes.txt", "rose\ntulip\n")
    with pytest.raises(UserError, match=r"the class 'tulp' is not in .*classes.txt \(did you mean 'tulip'\?\)"):
        _labels.of_names(["tulp"], file, "flowers")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n", "has no row below its header"),
        ("a,c\n1,2\n", r"has no column 'b'.*; its first line names a, c"),
        ("a;b\n1;2\n", "its first line names a;b"),
        ("a,b\n1\n", "line 2: 1 cells; the header has 2"),
        ("a,b\n1,\n", "line 2: 'b' is empty"),
        ('a,b\n"1,2\n', "cannot be read as CSV"),
        ("", "its first line names none"),
    ],
)
def test_a_csv_that_cannot_be_used_is_one_line_with_its_place(tmp_path, text, words):
    file = _csv(tmp_path / "a.csv", text)
    with pytest.raises(UserError, match=words) as complaint:
        _data("csv", file=file, features=["a"], label="b").test()
    assert len(str(complaint.value).splitlines()) == 1


def test_a_feature_that_is_no_number_is_named(tmp_path):
    file = _csv(tmp_path / "a.csv", "a,b\nmany,1\n")
    with pytest.raises(UserError, match=r"a feature is no number: .*many"):
        _data("csv", file=file, features=["a"], label="b").test().read(0)


# Texts


@pytest.fixture
def tokenizer(tmp_path: Path) -> str:
    """A tokenizer of whole words, with [CLS] in front and no settings for padding."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["[UNK]", "good", "bad", "film", "[PAD]", "[CLS]"]
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 5)])
    made.save(str(tmp_path / "tokenizer.json"))
    return str(tmp_path / "tokenizer.json")


def test_a_text_is_tokens_with_a_mask_cut_or_padded_to_the_length(tmp_path, tokenizer):
    file = _csv(tmp_path / "a.csv", "text,label\ngood film,yes\nbad bad bad bad film,no\n")
    data = _data("texts", file=file, tokenizer=tokenizer, length=4)
    test = data.test()
    assert test.classes == ("no", "yes")
    assert {name: array.tolist() for name, array in test.read(0).items()} == {
        "input_ids": [5, 1, 3, 4],
        "attention_mask": [1, 1, 1, 0],
        "token_type_ids": [0, 0, 0, 0],
    }
    assert test.read(1)["input_ids"].tolist() == [5, 2, 2, 2]
    assert data.preprocessing == "split into tokens, cut or padded to 4"


def test_a_file_that_is_no_tokenizer_is_named(tmp_path):
    file = _csv(tmp_path / "a.csv", "text,label\ngood,1\n")
    other = _csv(tmp_path / "other.json", "{}")
    with pytest.raises(UserError, match=r"other.json is no tokenizer.json"):
        _data("texts", file=file, tokenizer=other, length=4).test()


# Arrays


def test_arrays_are_inputs_by_name_and_labels_numbers_or_names(tmp_path):
    arrays = {"ids": np.arange(6).reshape(3, 2), "mask": np.ones((3, 2), bool)}
    np.savez(tmp_path / "a.npz", labels=np.array(["b", "a", "b"]), **arrays)
    test = _data("npz", file=str(tmp_path / "a.npz")).test()
    assert test.labels.tolist() == [1, 0, 1]
    assert test.classes == ("a", "b")
    assert {name: array.tolist() for name, array in test.read(1).items()} == {"ids": [2, 3], "mask": [True, True]}
    np.savez(tmp_path / "b.npz", labels=np.array([0.5, 1, 2]), **arrays)
    assert _data("npz", file=str(tmp_path / "b.npz")).test().labels.tolist() == [0.5, 1, 2]


def test_texts_stay_texts_where_there_are_symbols(tmp_path):
    np.savez(tmp_path / "a.npz", labels=np.array(["a b", "b"]), features=np.zeros((2, 5)))
    symbols = _csv(tmp_path / "symbols.txt", "<pad>\n|\na\nb\n")
    test = _data("npz", file=str(tmp_path / "a.npz"), symbols=symbols).test()
    assert test.labels.tolist() == ["a b", "b"]
    assert test.symbols == ("<pad>", "|", "a", "b")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros(3)}, "holds x; expected 'labels' and the model's inputs"),
        ({"labels": np.zeros(3)}, "holds labels; expected"),
        ({"labels": np.zeros(3), "x": np.zeros((2, 4))}, r"'x' has the shape \(2, 4\), but there are 3 labels"),
        ({"labels": np.zeros((3, 2)), "x": np.zeros((3, 4))}, "expected one number or text per example"),
    ],
)
def test_arrays_that_do_not_fit_are_named(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UserError, match=words):
        _data("npz", file=str(tmp_path / "a.npz")).test()


@pytest.mark.parametrize("content", [b"", b"no arrays", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_a_file_without_arrays_is_one_line(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"is no file of numpy\.savez"):
        _data("npz", file=str(tmp_path / "a.npz")).test()


# Sounds


def _sound(path: Path, samples: Any, rate: int = 8000, channels: int = 1, width: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        file.writeframes(np.asarray(samples, {1: "u1", 2: "<i2", 4: "<i4"}[width]).tobytes())


def test_a_sound_is_samples_from_minus_one_to_one_followed_by_silence(tmp_path):
    _sound(tmp_path / "yes" / "a.wav", [-32768, 0, 16384])
    _sound(tmp_path / "no" / "b.wav", [1] * 8)
    test = _data("wavs", folder=str(tmp_path), rate=8000, seconds=0.001).test()
    assert test.classes == ("no", "yes")
    assert test.read(1)["samples"].tolist() == [-1, 0, 0.5, 0, 0, 0, 0, 0]
    assert test.read(0)["samples"].dtype == np.float32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": 16000}, "has 16000 samples per second, 1 channel.* expected 8000, 1 and 16"),
        ({"channels": 2}, "2 channel"),
        ({"width": 1}, "and 8 bits"),
        ({"samples": [0] * 16}, "lasts 0.00 s, longer than seconds: 0.001; cut it"),
    ],
)
def test_a_sound_of_another_form_is_an_error_and_never_resampled(tmp_path, change, words):
    _sound(tmp_path / "yes" / "a.wav", **{"samples": [0] * 4, **change})
    with pytest.raises(UserError, match=words):
        _data("wavs", folder=str(tmp_path), rate=8000, seconds=0.001).test().read(0)


def test_a_file_that_is_no_sound_is_named(tmp_path):
    (tmp_path / "yes").mkdir()
    (tmp_path / "yes" / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"a.wav is no WAV file of plain samples"):
        _data("wavs", folder=str(tmp_path), rate=8000, seconds=1).test().read(0)


def test_transcripts_name_files_and_what_is_said_in_them(tmp_path):
    _sound(tmp_path / "sounds" / "a.wav", [0] * 4)
    listing = _csv(tmp_path / "list.csv", "file,text\na.wav,good morning\n")
    symbols = _csv(tmp_path / "symbols.txt", "<pad>\n|\nG\n")
    settings = {
        "folder": str(tmp_path / "sounds"),
        "rate": 8000,
        "seconds": 1,
        "transcripts": listing,
        "symbols": symbols,
    }
    test = _data("wavs", **settings).test()
    assert test.labels.tolist() == ["good morning"]
    assert test.symbols == ("<pad>", "|", "G")
    _csv(tmp_path / "list.csv", "file,text\nb.wav,good morning\n")
    with pytest.raises(UserError, match=r"list.csv names .*b.wav, which is no file"):
        _data("wavs", **settings).test()


# Fashion-MNIST


def _idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes())


def write_fashion_mnist(folder: Path, test: int = 20, train: int = 40) -> Path:
    """Four files as Debian's package has them, with few made-up images."""
    folder.mkdir(parents=True)
    for name, count in (("t10k", test), ("train", train)):
        images = np.random.default_rng(count).integers(0, 256, (count, 28, 28))
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(_idx(images))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(_idx(np.arange(count) % 10))
    return folder


def test_fashion_mnist_is_read_from_its_four_files(tmp_path):
    data = _data("fashion-mnist", folder=str(write_fashion_mnist(tmp_path / "fashion")))
    test, train = data.test(), data.train()
    assert (len(test), len(train)) == (20, 40)
    image = test.read(3)["image"]
    assert image.shape == (1, 28, 28)
    assert image.dtype == np.float32
    assert 0 <= image.min() < 0.1
    assert 0.9 < image.max() <= 1
    assert test.classes[int(test.labels[9])] == "ankle boot"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no IDX file of bytes"),
        (b"\0\0\x0d\x01" + bytes(4), "is no IDX file of bytes"),
        (b"\0\0\x08\x03\0\0", "ends within its header"),
        (b"\0\0\x08\x01\0\0\0\x05abc", "holds 3 bytes; its header says 5"),
    ],
)
def test_a_damaged_idx_file_is_one_line(tmp_path, content, words):
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    with pytest.raises(UserError, match=words):
        read_idx(tmp_path / "a.gz")


def test_an_idx_file_that_is_not_compressed_or_was_cut_is_one_line(tmp_path):
    for content in (b"not compressed", gzip.compress(b"abc")[:-9]):
        (tmp_path / "a.gz").write_bytes(content)
        with pytest.raises(UserError, match="cannot be read"):
            read_idx(tmp_path / "a.gz")


@given(st.binary(max_size=40))
def test_any_bytes_are_an_idx_file_or_an_error_of_ours(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("idx") / "a.gz"
    file.write_bytes(gzip.compress(content))
    with suppress(UserError):
        assert read_idx(file).size <= len(content)


# Examples as inputs


def _spec(**shapes: Any) -> dict[str, Any]:
    entries = [{"name": name, "dtype": "float32", "low": 0, "high": 1, **entry} for name, entry in shapes.items()]
    return {"inputs": entries, "axes": {}}


def test_the_only_input_takes_the_first_array_and_several_take_theirs_by_name():
    example = {"input_ids": np.arange(4), "attention_mask": np.ones(4, np.int64)}
    one = binding(_spec(x={"shape": [4], "dtype": "int32"}))([example, example])
    assert one["x"].tolist() == [[0, 1, 2, 3]] * 2
    assert one["x"].dtype == np.int32
    both = binding(_spec(attention_mask={"shape": [4], "dtype": "bool"}, input_ids={"shape": [4], "dtype": "int64"}))
    assert {name: array.shape for name, array in both([example]).items()} == {
        "attention_mask": (1, 4),
        "input_ids": (1, 4),
    }
    assert both([example])["attention_mask"].dtype == np.bool_


def test_lengths_of_one_may_be_missing_and_the_batch_may_lie_elsewhere():
    example = {"samples": np.arange(6, dtype=np.float32)}
    assert binding(_spec(x={"shape": [1, 6]}))([example])["x"].shape == (1, 1, 6)
    assert binding(_spec(x={"shape": [6, "batch"]}))([example] * 3)["x"].shape == (6, 3)
    assert binding(_spec(x={"shape": [6], "batched": False}))([example])["x"].shape == (6,)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (_spec(x={"shape": [3, 2]}), r"takes 'x' of shape \[1, 3, 2\], batch included; the examples have \[2, 3\]"),
        (_spec(x={"shape": [2, 3], "dtype": "int64"}), "takes 'x' as int64, the examples are float32"),
        (_spec(x={"shape": [2, 3]}, y={"shape": [1]}), "takes an input 'x'; the examples have image"),
    ],
)
def test_examples_that_do_not_fit_the_model_are_said_in_words(spec, words):
    with pytest.raises(Unsupported, match=words):
        binding(spec)([{"image": np.zeros((2, 3), np.float32)}])
